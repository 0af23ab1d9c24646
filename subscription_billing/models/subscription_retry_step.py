from odoo import fields, models


class SubscriptionRetryStep(models.Model):
    """What follows an invoice that could not be charged, one row after the other."""

    _name = "subscription.retry.step"
    _description = "Step after a failed payment"
    _order = "plan_id, days, sequence, id"

    plan_id = fields.Many2one("subscription.plan", required=True, index=True, ondelete="cascade")
    sequence = fields.Integer(default=10)
    days = fields.Integer("Days after", required=True, default=3, help="Days after the first failure.")
    action = fields.Selection(
        [
            ("retry", "Charge again"),
            ("remind", "Remind by mail"),
            ("suspend", "Suspend the contract"),
            ("close", "Close the contract"),
        ],
        required=True,
        default="retry",
    )

    _days_bounded = models.Constraint("CHECK(days BETWEEN 0 AND 365)", "A step follows within a year.")

    def _action_text(self) -> str:
        return dict(self._fields["action"]._description_selection(self.env))[self.action]
