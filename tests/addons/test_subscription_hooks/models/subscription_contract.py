from odoo import models


class SubscriptionContract(models.Model):
    _inherit = "subscription.contract"

    def _on_lines_changed(self, amendment):
        super()._on_lines_changed(amendment)
        if self.external_id == "hooked":
            self.message_post(body=f"Through _on_lines_changed: {amendment.kind}")
