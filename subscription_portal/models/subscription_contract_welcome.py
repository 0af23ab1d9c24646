from odoo import models


class SubscriptionContractWelcome(models.Model):
    """The first mail of a contract: what is paid, when next, how to change or end it."""

    _inherit = "subscription.contract"

    def _activate(self):
        """A contract that was billed elsewhere before is no news to its customer."""
        result = super()._activate()
        if self.plan_id.customer_welcome and self.partner_id.email and not self.billed_until:
            self.env["subscription.outbox"]._queue_letter("welcome", self)
        return result

    def _letter(self) -> tuple:
        """Template, language, and what else ``message_post`` is told."""
        template, customer = self.env.ref("subscription_portal.mail_template_welcome"), self.partner_id
        return template, customer.lang, {"partner_ids": customer.ids}

    def _customer_upcoming(self):
        """The next invoice: see ``subscription.engine._upcoming``."""
        return self.env["subscription.engine"]._upcoming(self)[self]

    def _customer_link(self) -> str:
        """The secure link, for mails."""
        return self.get_base_url() + self.get_portal_url() if self.state != "draft" else super()._customer_link()
