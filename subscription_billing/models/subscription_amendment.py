from odoo import api, fields, models

AMENDMENT_KINDS = [
    ("activate", "Activation"),
    ("change", "Change"),
    ("close", "Closing"),
]


class SubscriptionAmendment(models.Model):
    """What one verb did to a contract: which rows it closed and which it opened."""

    _name = "subscription.amendment"
    _description = "Contract amendment"
    _order = "contract_id, number desc"
    _check_company_auto = True

    contract_id = fields.Many2one("subscription.contract", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True)
    number = fields.Integer(required=True, readonly=True)
    kind = fields.Selection(AMENDMENT_KINDS, required=True, readonly=True)
    date_effective = fields.Date("Effective on", required=True, readonly=True)
    author_id = fields.Many2one(
        "res.partner", required=True, readonly=True, default=lambda self: self.env.user.partner_id
    )
    reason = fields.Char(readonly=True)
    opened_line_ids = fields.One2many("subscription.line", "opened_by_id", "Opened lines", readonly=True)
    closed_line_ids = fields.One2many("subscription.line", "closed_by_id", "Closed lines", readonly=True)
    released_period_ids = fields.One2many("subscription.period", "released_by_id", "Released periods", readonly=True)

    _number_unique = models.UniqueIndex("(contract_id, number)")

    @api.depends("contract_id.name", "number")
    def _compute_display_name(self):
        for amendment in self:
            amendment.display_name = f"{amendment.contract_id.name} / {amendment.number}"
