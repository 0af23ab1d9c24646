from odoo import fields, models

RECORDS = (
    "account.move",
    "res.company",
    "subscription.charge.attempt",
    "subscription.contract",
    "subscription.line",
    "subscription.outbox",
    "subscription.period",
    "subscription.usage",
)


class SubscriptionCheckDifference(models.Model):
    """One record that is not as an invariant says, on the day of the check."""

    _name = "subscription.check.difference"
    _description = "Difference found by a check"
    _order = "check_id desc, id"

    check_id = fields.Many2one("subscription.check", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="check_id.company_id", store=True, index=True)
    invariant = fields.Selection(
        lambda self: self.env["subscription.invariant"]._sentences(), "What must be true", required=True, readonly=True
    )
    record_ref = fields.Reference(
        lambda self: [(model, self.env[model]._description) for model in RECORDS], "Where it is not", readonly=True
    )
    details = fields.Char(readonly=True)

    def action_open(self):
        self.ensure_one()
        return self.record_ref._get_records_action()
