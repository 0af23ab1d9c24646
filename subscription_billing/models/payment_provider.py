from odoo import models


class PaymentProvider(models.Model):
    """A provider that contracts are charged through."""

    _inherit = "payment.provider"

    def _subscription_obstacle(self) -> str:
        """Hook: why none of its cards may be charged by itself at present; empty when they may."""
        if self.state == "disabled":
            return self.env._("%s is disabled.", self.name)
        if self.code == "stripe" and not self.stripe_webhook_secret:
            return self.env._("%s has no webhook secret: anybody could say that an invoice is paid.", self.name)
        return ""
