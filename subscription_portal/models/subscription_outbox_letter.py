from odoo import Command, api, fields, models

from odoo.addons.subscription_billing.models.subscription_outbox_work import NEXT, Outcome


class SubscriptionOutboxLetter(models.Model):
    """Mails to customers about their contracts leave as invoices do."""

    _inherit = "subscription.outbox"

    kind = fields.Selection(
        selection_add=[("welcome", "Welcome the customer"), ("answer", "Answer the customer")],
        ondelete={"welcome": "cascade", "answer": "cascade"},
    )
    request_id = fields.Many2one(
        "subscription.request", "Customer request", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    welcome_id = fields.Many2one(
        "subscription.contract", "New contract", readonly=True, index="btree_not_null", ondelete="cascade"
    )

    @api.model
    def _queue_letter(self, kind, document, step=""):
        """Have the letter of a contract or of a request leave once; an earlier one that did not leave is not sent."""
        outbox, key = self.sudo(), ":".join(filter(None, (kind, str(document.id), step)))
        field = "request_id" if kind == "answer" else "welcome_id"
        asked = outbox.search([("kind", "=", kind), (field, "=", document.id)])
        asked.filtered(lambda effect: effect.state == "waiting" and not effect.message_id)._end("cancelled")
        if known := asked.filtered(lambda effect: effect.key == key):
            return known.filtered(lambda effect: effect.state == "cancelled")._ask_again()
        contracts = document if kind == "welcome" else document.contract_id
        values = {"kind": kind, "key": key, field: document.id, "contract_ids": [Command.set(contracts.ids)]}
        return outbox.create(values)._wake()

    def _document(self):
        return self.request_id or self.welcome_id or super()._document()

    def _run_welcome(self, memo) -> Outcome:
        return self._run_letter(self.welcome_id, memo)

    def _run_answer(self, memo) -> Outcome:
        return self._run_letter(self.request_id, memo)

    def _run_letter(self, document, memo) -> Outcome:
        if self.message_id:
            return self._deliver(memo)
        self.message_id = self._write_letter(document)
        self._hold_mails(self.message_id)
        return NEXT

    @api.model
    def _write_letter(self, document):
        """The message as the customer receives it, posted on what it is about; no mail leaves yet."""
        template, lang, values = document._letter()
        written = template._generate_template(document.ids, ("subject", "body_html", "email_from"))[document.id]
        return document.with_context(lang=lang, mail_notify_force_send=False).message_post(
            body=written["body_html"],
            subject=written["subject"],
            email_from=written["email_from"],
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            email_layout_xmlid="mail.mail_notification_light",
            **values,
        )

    def _notifications(self):
        """An address that nobody is known to have is written to as well."""
        unknown = self.message_id.sudo().notification_ids.filtered("mail_email_address")
        return super()._notifications() | unknown
