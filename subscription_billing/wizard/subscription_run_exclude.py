from datetime import timedelta

from odoo import fields, models


class SubscriptionRunExclude(models.TransientModel):
    """Until when, and why, something proposed is not billed."""

    _name = "subscription.run.exclude"
    _description = "Exclude from billing"

    proposal_ids = fields.Many2many("subscription.run.proposal", required=True)
    until_date = fields.Date(
        "Not billed before",
        required=True,
        default=lambda self: self.env.company._subscription_today() + timedelta(days=30),
        help="The hourly billing takes the contract again from this day on.",
    )
    reason = fields.Char(required=True, help="Posted on the contracts.")

    def action_exclude(self):
        self.ensure_one()
        self.proposal_ids._exclude(self.until_date, self.reason)
        return {"type": "ir.actions.act_window_close"}
