from odoo import models

from .subscription_contract_wish import ENDING_KINDS


class SubscriptionRequestLetter(models.Model):
    """What is written to the customer about a request."""

    _inherit = "subscription.request"

    def action_approve(self):
        result = super().action_approve()
        self._answer()
        return result

    def action_refuse(self):
        result = super().action_refuse()
        self._answer()
        return result

    def _answer(self):
        """Tell the customer what a person decided; a question is answered in its conversation."""
        for request in self.sudo().filtered(lambda request: request.kind != "question"):
            request._queue_letter()

    def _queue_letter(self):
        self.env["subscription.outbox"]._queue_letter("answer", self, self.state)

    def _letter(self) -> tuple:
        """Template, language, and what else ``message_post`` is told: with the receipt where there is one."""
        is_receipt = self.kind in ENDING_KINDS and self.state != "refused"
        template = self.env.ref(f"subscription_portal.mail_template_{'receipt' if is_receipt else 'answer'}")
        values = {
            "partner_ids": self.partner_id.ids,
            "outgoing_email_to": not self.partner_id and self.declared_email,
            "attachment_ids": self.receipt_id.ids if is_receipt else [],
        }
        return template, self._customer_lang(), values
