from odoo import Command, models
from odoo.exceptions import UserError

from .subscription_outbox_work import DONE, NEXT, Outcome


class SubscriptionOutboxSend(models.Model):
    """Invoices leave through Odoo's ``account.move.send``; sent means that a mail server accepted them.

    First the document and its message are written, in a transaction of their own;
    then each recipient's mail is handed to the server, one per transaction, so that
    a failure never repeats the mail of somebody else. Odoo's own mail queue never
    sees these mails: they are its failed ones until the worker sends them.
    """

    _inherit = "subscription.outbox"

    def _run_send(self, memo) -> Outcome:
        if self.move_id.state != "posted":
            return Outcome("cancelled", self.env._("The invoice is not posted any more."))
        return self._deliver(memo) if self.message_id else self._compose()

    def _compose(self) -> Outcome:
        """Write the message with its documents; no mail leaves yet."""
        move = self.move_id.with_company(self.company_id).with_context(mail_notify_force_send=False)
        if not move.try_lock_for_update(allow_referencing=True):
            raise UserError(self.env._("%s is being changed by somebody else.", move.display_name))
        message = self._sent_meanwhile(move)
        if not message:
            known, sending = move.message_ids, self.env["account.move.send"]
            sending._generate_and_send_invoices(move)
            message = (move.message_ids - known).filtered(lambda new: new.partner_ids and new.notification_ids)[:1]
            if not message and "email" in sending._get_default_sending_methods(move):
                raise UserError(self.env._("%s has no e-mail address.", move.partner_id.display_name))
            self._hold_mails(message)
        self.message_id = message
        return NEXT if message else DONE

    def _sent_meanwhile(self, move):
        """The message by which a person, or Sales, sent the invoice since this was asked."""
        return move.message_ids.filtered(
            lambda message: (
                message.create_date >= self.since
                and message.message_type == "comment"
                and message.attachment_ids
                and message.partner_ids.commercial_partner_id & move.commercial_partner_id
            )
        )[:1]

    def _mails(self, message):
        return self.env["mail.mail"].sudo().search([("mail_message_id", "=", message.id)], order="id")

    def _hold_mails(self, message):
        """One mail for each recipient, kept until all have arrived."""
        for mail in self._mails(message) if message else ():
            for partner in mail.recipient_ids[1:]:
                alone = mail.copy(
                    {
                        "headers": mail.headers,
                        "mail_message_id": message.id,
                        "recipient_ids": [Command.set(partner.ids)],
                    }
                )
                message.notification_ids.sudo().filtered(
                    lambda notification, partner=partner: notification.res_partner_id == partner
                ).mail_mail_id = alone
            mail.recipient_ids = mail.recipient_ids[:1]
        self._mails(message).write(
            {
                "state": "exception",
                "auto_delete": False,
                "failure_reason": self.env._("It waits in the outbox of subscriptions."),
            }
        )

    def _withdraw_mails(self):
        """What has not left stays here."""
        self._mails(self.message_id).filtered(lambda mail: mail.state == "exception").cancel()

    def _deliver(self, memo) -> Outcome:
        """Hand the next mail to the mail server, until all were tried once."""
        for mail in self._mails(self.message_id):
            if mail.state == "exception" and mail.id not in memo:
                memo.add(mail.id)
                arrived = self._notifications().filtered(
                    lambda notification, mail=mail: (
                        notification.mail_mail_id == mail and notification.notification_status == "sent"
                    )
                )
                mail.write({"state": "outgoing", "recipient_ids": mail.recipient_ids - arrived.res_partner_id})
                mail.send()
                return NEXT
        return self._delivery()

    def _notifications(self):
        """Odoo's own account of the mails, one row for each customer."""
        return self.message_id.sudo().notification_ids.filtered(
            lambda notification: (
                notification.notification_type == "email"
                and notification.res_partner_id in self.message_id.sudo().partner_ids
            )
        )

    def _delivery(self) -> Outcome:
        """What became of the mails, by what the mail server answered."""
        by_status = self._notifications().grouped("notification_status")
        if refused := [note for status in ("ready", "process", "exception") for note in by_status.get(status, ())]:
            return Outcome("error", "\n".join(map(self._answer, refused)))
        if "bounce" in by_status:
            return Outcome("bounced", "\n".join(map(self._answer, by_status["bounce"])))
        self._mails(self.message_id).filtered(lambda mail: mail.state == "sent").unlink()
        return DONE

    def _answer(self, notification) -> str:
        reason = notification.failure_reason or notification.format_failure_reason()
        address = notification.res_partner_id.email or notification.res_partner_id.display_name
        return f"{address}: {reason or self.env._('not sent yet')}"

    def _bounce(self, address):
        """A mail that a server had accepted came back."""
        for effect in self.sudo():
            effect._end("bounced", self.env._("%s: the mail came back as undeliverable.", address))
