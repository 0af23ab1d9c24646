from odoo import fields, models


class SubscriptionArmed(models.AbstractModel):
    """A record whose screen says that this database is not armed, and lets a manager arm it."""

    _name = "subscription.armed"
    _description = "Says whether the database is armed"

    is_armed = fields.Boolean(compute="_compute_is_armed", help="Whether this database bills, sends and charges.")

    def _compute_is_armed(self):
        self.is_armed = self.env["subscription.engine"]._is_armed()

    def action_arm_billing(self):
        """Let this database, and no copy of it, bill."""
        return self.env["subscription.contract"].action_arm_billing()
