from odoo import api, models


class SubscriptionEngine(models.AbstractModel):
    _inherit = "subscription.engine"

    @api.model
    def _cron_health(self, *args, **kwargs):
        """A flag that turned red is acted upon at once."""
        result = super()._cron_health(*args, **kwargs)
        self.env.ref("base_automation.ir_cron_data_base_automation_check")._trigger()
        return result
