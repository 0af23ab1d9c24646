from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from .subscription_outbox_work import DONE, NEXT, Outcome

BEGUN, ASKED, LOOKED_UP = "begun", "asked", "looked up"
LATER = timedelta(hours=1)


class SubscriptionOutboxCharge(models.Model):
    """Charges, each in three transactions: on record, asked, settled.

    Only the try that put an attempt on record may ask for it. Another one that finds it
    in flight cannot tell whether somebody was asked: the outcome is unknown, and is
    looked up, or waited for, but never asked for again blindly.
    """

    _inherit = "subscription.outbox"

    kind = fields.Selection(selection_add=[("charge", "Charge")], ondelete={"charge": "cascade"})
    attempt_id = fields.Many2one(
        "subscription.charge.attempt", readonly=True, index="btree_not_null", ondelete="cascade"
    )

    @api.model
    def _queue_charge(self, attempt):
        key = f"charge:{attempt.id}"
        at = attempt._moment(attempt.planned_on)
        effect = self.sudo().create({**self._effect_vals("charge", key, attempt.move_id, at), "attempt_id": attempt.id})
        effect._wake()

    def _look_again(self):
        """News of the attempt: see at once what is left to do."""
        self.write({"state": "waiting", "next_attempt": self.env.cr.now()})
        self._wake()

    def _run_charge(self, memo) -> Outcome:
        attempt, move = self.attempt_id, self.move_id
        # the transaction first, as a notice of the provider does
        for record in (attempt.transaction_id, attempt, move):
            if record.try_lock_for_update(allow_referencing=True) != record:
                raise UserError(self.env._("%s is being changed by somebody else.", move.display_name))
        attempt.invalidate_recordset()
        if attempt.state == "ready" and ASKED in memo:
            return Outcome("waiting", attempt.reason or "", self.env.cr.now() + LATER)
        if attempt.state == "ready":
            return self._put_on_record(attempt, memo)
        if attempt.state == "in_flight" and BEGUN in memo:
            memo.remove(BEGUN)
            memo.add(ASKED)
            attempt._ask()
            return NEXT
        if attempt.state in ("in_flight", "unknown"):
            return self._find_out(attempt, memo)
        return self._settle(attempt)

    def _put_on_record(self, attempt, memo) -> Outcome:
        """In flight, with reference and amount, or why not now."""
        move, contract = attempt.move_id, attempt.contract_id
        if not move._subscription_is_due():
            attempt.state = "cancelled"
            return Outcome("cancelled", self.env._("Nothing is due any more."))
        if blocking := move._subscription_blocking_transactions(attempt):
            reference = ", ".join(blocking.mapped("reference"))
            return Outcome("waiting", self.env._("The payment %s comes first: it is not settled yet.", reference))
        if obstacle := contract._provider_obstacle():
            return Outcome("waiting", obstacle, self.env.cr.now() + LATER)
        if problem := contract._collection_problem():
            attempt._answer("declined", problem, is_hard=True)
            return NEXT
        if attempt.transaction_id and move.currency_id.compare_amounts(attempt.amount, move.amount_residual):
            attempt.state = "cancelled"
            attempt.flush_recordset()
            attempt._plan_again(move)
            return Outcome("cancelled", self.env._("What is due has changed: it is charged anew."))
        attempt.write({"state": "in_flight", "amount": move.amount_residual, "asked_on": self.env.cr.now()})
        attempt._prepare_ask()
        memo.add(BEGUN)
        return NEXT

    def _find_out(self, attempt, memo) -> Outcome:
        """Nobody asks again: the provider answers, or is asked what became of it."""
        transaction = attempt.transaction_id
        if attempt.state == "in_flight" and transaction.state not in ("pending", "authorized"):
            attempt._answer("unknown", self.env._("The connection broke off before an answer came."))
        if LOOKED_UP not in memo:
            memo.add(LOOKED_UP)
            if attempt.state == "unknown":
                attempt._look_up()
            return NEXT
        text = self.env._("The provider has not said yet what became of it.")
        if attempt._is_late():
            text = self.env._(
                "The provider has said nothing for a day: look it up there, and say here what became of it."
            )
            attempt.contract_id._tell_unpaid(f"{self.display_name}\n{text}")
        return Outcome("waiting", text, self.env.cr.now() + LATER)

    def _settle(self, attempt) -> Outcome:
        """Paid: the payment is posted and reconciled. Declined: the steps of the plan follow."""
        transaction = attempt.transaction_id
        if attempt.state == "done" and transaction.state == "done" and not transaction.is_post_processed:
            transaction.with_company(self.company_id).with_context(skip_sale_auto_invoice_send=True)._post_process()
            attempt.contract_id._forget_unpaid()
        if attempt.state == "cancelled":
            return Outcome("cancelled", attempt.reason or "")
        if attempt.state == "declined":
            return Outcome("done", attempt.reason or self.env._("Declined"))
        return DONE

    def _after_try(self, outcome):
        """A try that failed after it began leaves an outcome that nobody knows."""
        super()._after_try(outcome)
        attempt = self.attempt_id
        is_answered = attempt.transaction_id.state in ("pending", "authorized", "done", "cancel")
        if outcome.kind == "error" and attempt.state == "in_flight" and not is_answered:
            attempt._answer("unknown", outcome.reason)
