from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

from .subscription_line import LARGEST

PAYLOAD = ("contract_id", "line_id", "date", "quantity")


class SubscriptionUsage(models.Model):
    """One metered event, billed once with the period that contains its day."""

    _name = "subscription.usage"
    _description = "Usage event"
    _inherit = ["subscription.input"]
    _order = "date desc, id desc"
    _check_company_auto = True

    contract_id = fields.Many2one(
        "subscription.contract", required=True, ondelete="restrict", index=True, check_company=True
    )
    chain_id = fields.Many2one(related="line_id.chain_id", store=True, precompute=True, index=True)
    line_id = fields.Many2one(
        "subscription.line",
        "Contract line",
        required=True,
        ondelete="restrict",
        domain="[('contract_id', '=', contract_id), ('kind', '=', 'usage')]",
        index=True,
    )
    company_id = fields.Many2one(related="contract_id.company_id", store=True, precompute=True, index=True)
    product_id = fields.Many2one(related="line_id.product_id", store=True, precompute=True)
    product_uom_id = fields.Many2one(related="line_id.product_uom_id")
    date = fields.Date(required=True, default=lambda self: self.env.company._subscription_today(), index=True)
    quantity = fields.Float(digits="Product Unit", required=True)
    external_id = fields.Char("Event reference", copy=False, help="Sent twice, an event counts once.")
    note = fields.Char()
    period_id = fields.Many2one(
        "subscription.period", "Billed with", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )

    _input_bounds = {"quantity": (-LARGEST, LARGEST)}

    _external_id_unique = models.UniqueIndex(
        "(contract_id, external_id) WHERE external_id IS NOT NULL", "This usage event is recorded already."
    )
    _unbilled_idx = models.Index("(chain_id, date) WHERE period_id IS NULL")

    @api.depends("product_id", "date")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for usage in self:
            usage.display_name = f"{usage.product_id.display_name} {format_date(self.env, usage.date)}"

    @api.constrains("date", "quantity", "line_id", "contract_id")
    def _check_event(self):
        for usage in self:
            contract = usage.contract_id
            if usage.line_id.contract_id != contract or usage.line_id.kind != "usage":
                raise ValidationError(
                    self.env._(
                        "%(contract)s meters no %(line)s.",
                        contract=contract.display_name,
                        line=usage.line_id.display_name,
                    )
                )
            rows = contract.line_ids.filtered(lambda line, usage=usage: line.chain_id == usage.chain_id)
            if not any(line._is_in_force(usage.date) for line in rows):
                raise ValidationError(
                    self.env._(
                        "%(contract)s does not serve %(product)s on %(day)s: correct the date of this usage.",
                        contract=contract.display_name,
                        product=usage.product_id.display_name,
                        day=usage.date,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        usages = super().create(vals_list)
        self.env["subscription.engine"]._refresh(
            usages.contract_id.filtered(lambda contract: contract.state != "draft")
        )
        return usages

    def write(self, vals):
        if self.period_id and set(PAYLOAD) & self._changing(vals).keys():
            raise UserError(self.env._("This usage is billed: record a correction instead."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        if self.period_id:
            raise UserError(self.env._("This usage is billed: record a correction instead."))
