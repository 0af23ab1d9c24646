from odoo import Command, api, fields, models

from .subscription_outbox_work import NEXT, Outcome


class SubscriptionOutboxNotice(models.Model):
    """Renewal notices leave as invoices do; that a mail server accepted the customer's mail is their proof."""

    _inherit = "subscription.outbox"

    kind = fields.Selection(selection_add=[("notice", "Send the renewal notice")], ondelete={"notice": "cascade"})
    notice_id = fields.Many2one(
        "subscription.notice", "Renewal notice", readonly=True, index="btree_not_null", ondelete="cascade"
    )

    @api.model
    def _queue_notice(self, notice):
        """Let it leave, or leave again in another message."""
        outbox, key = self.sudo(), f"notice:{notice.id}"
        if known := outbox.search([("key", "=", key)]):
            return known._ask_again()
        effect = outbox.create(
            {
                "kind": "notice",
                "key": key,
                "notice_id": notice.id,
                "contract_ids": [Command.set(notice.contract_id.ids)],
            }
        )
        return effect._wake()

    def _document(self):
        return self.notice_id or super()._document()

    def _run_notice(self, memo) -> Outcome:
        notice = self.notice_id
        if not notice._is_open():
            self._withdraw_mails()
            return Outcome("cancelled", self.env._("Too late: it had to leave until %s.", notice.window_end))
        if self.message_id:
            return self._deliver(memo)
        self.message_id = notice._compose()
        self._hold_mails(self.message_id)
        return NEXT

    def _after_try(self, outcome):
        super()._after_try(outcome)
        self.notice_id._follow(self._notifications())

    def _end(self, state, reason=""):
        super()._end(state, reason)
        self.notice_id.filtered(lambda notice: notice.state == "leaving")._fail(reason)

    def _deadline(self):
        return self.notice_id.window_end or super()._deadline()
