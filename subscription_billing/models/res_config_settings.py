from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    subscription_tz = fields.Selection(related="company_id.subscription_tz", readonly=False)
    subscription_contract_is_armed = fields.Boolean(
        "Billing is armed", compute="_compute_subscription_contract_is_armed"
    )

    def _compute_subscription_contract_is_armed(self):
        self.subscription_contract_is_armed = self.env["subscription.engine"]._is_armed()

    def action_arm_billing(self):
        """Let this database, and no copy of it, bill."""
        return self.env["subscription.contract"].action_arm_billing()
