import json

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import format_date

from .subscription_line import LARGEST

REQUIRED = ("contract", "date", "quantity", "external_id")
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
    chain_id = fields.Many2one(related="line_id.chain_id", store=True, index=True)
    line_id = fields.Many2one(
        "subscription.line",
        "Contract line",
        required=True,
        ondelete="restrict",
        domain="[('contract_id', '=', contract_id), ('kind', '=', 'usage')]",
        index=True,
    )
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True)
    product_id = fields.Many2one(related="line_id.product_id", store=True)
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
        if set(PAYLOAD) & vals.keys() and self.period_id:
            raise UserError(self.env._("This usage is billed: record a correction instead."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        if self.period_id:
            raise UserError(self.env._("This usage is billed: record a correction instead."))

    @api.model
    def record(self, events: list[dict]) -> list[int]:
        """Record usage from another application; a repeated event is a no-op.

        :param events: dicts with ``contract`` (number or external reference),
            ``product`` (internal reference; optional when the contract meters one
            product only), ``date``, ``quantity`` and ``external_id``.
        :returns: ids of the events, in the order given.
        :raises UserError: nothing is recorded when one event is wrong; the message
            names it. Another payload under the same ``external_id`` is refused.
        """
        ids = []
        for position, event in enumerate(events, start=1):
            try:
                ids.append(self._record_one(event).id)
            except AccessError:
                raise
            except (UserError, KeyError, ValueError, TypeError) as error:
                raise UserError(
                    self.env._(
                        "Event %(position)s (%(event)s): %(error)s",
                        position=position,
                        event=json.dumps(event, default=str),
                        error=error,
                    )
                ) from error
        return ids

    def _record_one(self, event):
        values = self._event_values(event)
        known = self.search(
            [("contract_id", "=", values["contract_id"]), ("external_id", "=", event["external_id"])], limit=1
        )
        if not known:
            return self.create(values)
        stored = known._convert_to_write({name: known[name] for name in PAYLOAD})
        values["quantity"] = self._fields["quantity"].convert_to_cache(values["quantity"], known)
        if any(stored[name] != values[name] for name in PAYLOAD):
            raise UserError(self.env._("this reference was recorded with other values."))
        return known

    def _event_values(self, event) -> dict:
        if not isinstance(event, dict):
            raise UserError(self.env._("an event has the keys %s.", ", ".join(REQUIRED)))
        if missing := [name for name in REQUIRED if event.get(name) in (None, "")]:
            raise UserError(self.env._("%s is missing.", ", ".join(missing)))
        contract = self.env["subscription.contract"].search(
            ["|", ("name", "=", event["contract"]), ("external_id", "=", event["contract"])], limit=1
        )
        if not contract:
            raise UserError(self.env._("no contract %s.", event["contract"]))
        day = fields.Date.to_date(event["date"])
        lines = contract.line_ids.filtered(lambda line: line.kind == "usage" and line._is_in_force(day))
        if code := event.get("product"):
            lines = lines.filtered(lambda line: line.product_id.default_code == code)
        if len(lines) != 1:
            raise UserError(
                self.env._(
                    "%(contract)s meters %(count)s lines that match on %(day)s.",
                    contract=contract.name,
                    count=len(lines),
                    day=day,
                )
            )
        return {
            "contract_id": contract.id,
            "line_id": lines.chain_id.id,
            "date": day,
            "quantity": float(event["quantity"]),
            "external_id": event["external_id"],
            "note": event.get("note"),
        }
