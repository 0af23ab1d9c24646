from datetime import timedelta

from odoo import api, fields, models

from .subscription_charge_attempt import OPEN
from .subscription_outbox_work import DONE, NEXT, Outcome

REMINDER = "subscription_billing.mail_template_payment_failed"


class SubscriptionOutboxStep(models.Model):
    """What the plan wants done about an invoice that could not be charged."""

    _inherit = "subscription.outbox"

    kind = fields.Selection(selection_add=[("step", "Follow up a failed payment")], ondelete={"step": "cascade"})
    step_id = fields.Many2one("subscription.retry.step", readonly=True, index="btree_not_null", ondelete="set null")

    @api.model
    def _queue_next_step(self, move):
        """The first step of the plan that this invoice has not had yet, counted from its first failure."""
        outbox = self.sudo()
        failed = move.subscription_contract_attempt_ids.filtered("answered_on").sorted("number")[:1]
        contract = move._subscription_paying_contract()
        asked = outbox.search([("move_id", "=", move.id), ("kind", "=", "step")])
        if not failed or (asked - self).filtered(lambda effect: effect.state == "waiting"):
            return
        for step in contract.plan_id.retry_step_ids.sorted(lambda step: (step.days, step.sequence, step.id)):
            key = f"step:{move.id}:{step.id}"
            if key not in asked.mapped("key"):
                at = failed._moment(failed._day_of(failed.answered_on) + timedelta(days=step.days))
                effect = outbox.create({**self._effect_vals("step", key, move, at), "step_id": step.id})
                effect._wake()
                return
        contract._tell_unpaid(contract._payment_text(move))

    def _run_step(self, memo) -> Outcome:
        move = self.move_id
        if not move._subscription_is_due():
            self._withdraw_mails()
            return Outcome("cancelled", self.env._("Nothing is due any more."))
        if self.message_id:
            return self._deliver(memo)
        if not self.step_id:
            return Outcome("cancelled", self.env._("The plan does not ask for it any more."))
        outcome = getattr(self, f"_step_{self.step_id.action}")(move, move._subscription_paying_contract())
        if not move.subscription_contract_attempt_ids.filtered(lambda attempt: attempt.state in OPEN):
            self._queue_next_step(move)
        return outcome

    def _step_retry(self, move, contract) -> Outcome:
        last = move.subscription_contract_attempt_ids.sorted("number")[-1:]
        if problem := contract._collection_problem():
            return Outcome("done", problem)
        if last.is_hard and last.token_id and last.token_id == contract.payment_token_id:
            return Outcome("done", self.env._("Not charged: this card was refused for good."))
        self.env["subscription.charge.attempt"]._plan_again(move)
        return DONE

    def _step_remind(self, move, contract) -> Outcome:
        known = move.message_ids
        move.with_context(mail_notify_force_send=False).message_post_with_source(
            self.env.ref(REMINDER), message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        message = (move.message_ids - known)[:1]
        self._hold_mails(message)
        self.message_id = message
        return NEXT

    def _step_suspend(self, move, contract) -> Outcome:
        if not contract._suspend(move):
            return Outcome("done", self.env._("%s does not run any more.", contract.name))
        return DONE

    def _step_close(self, move, contract) -> Outcome:
        if contract.state not in ("active", "paused"):
            return Outcome("done", self.env._("%s does not run any more.", contract.name))
        contract._close(contract._today(), self.env.ref("subscription_billing.close_reason_unpaid"))
        return DONE
