from odoo import api, fields, models

from .subscription_outbox_work import DONE, Outcome


class SubscriptionOutboxPaid(models.Model):
    """What goes on, or stops, once an invoice that was not paid is: by money, a credit note, or its cancellation."""

    _inherit = "subscription.outbox"

    kind = fields.Selection(selection_add=[("paid", "Go on after a payment")], ondelete={"paid": "cascade"})

    @api.model
    def _queue_paid(self, moves):
        """Less is due of ``moves``: those whose failure was followed up are looked at after the commit."""
        steps = self.sudo().search([("move_id", "in", moves.ids), ("kind", "=", "step")])
        effects = self._queue("paid", steps.move_id)
        effects.filtered(lambda effect: effect.state == "done")._ask_again()

    def _run_paid(self, memo) -> Outcome:
        move = self.move_id
        if move._subscription_is_due():
            return Outcome("cancelled", self.env._("%s is not paid in full yet.", move.name))
        planned = move.subscription_contract_outbox_ids.filtered(lambda effect: effect.kind in ("step", "charge"))
        planned.filtered(lambda effect: effect.state == "waiting")._look_again()
        self.contract_ids._forget_unpaid()
        self.contract_ids._resume_paid()
        return DONE
