from datetime import timedelta

from odoo import fields, models
from odoo.tools import format_date

PAYING = timedelta(minutes=30)


class AccountMovePayment(models.Model):
    """An invoice that is charged by itself, and what must not happen to it meanwhile."""

    _inherit = "account.move"

    subscription_contract_attempt_ids = fields.One2many(
        "subscription.charge.attempt",
        "move_id",
        "Charges",
        groups="subscription_billing.group_subscription_user,account.group_account_invoice,account.group_account_readonly",
    )

    def _subscription_paying_contract(self):
        """The contract whose way of collecting stands for the whole invoice."""
        contracts = self.subscription_contract_ids.sudo()
        return contracts.filtered(lambda contract: contract._is_charged())[:1] or contracts[:1]

    def _subscription_is_due(self) -> bool:
        self.ensure_one()
        is_open = self.state == "posted" and self.move_type == "out_invoice"
        return is_open and self.currency_id.compare_amounts(self.amount_residual, 0.0) > 0

    def _subscription_is_settled(self, own_credits) -> bool:
        """Whether nothing is due any more, by more than what the suspension for want of money gave back itself."""
        self.ensure_one()
        settled_by = self.line_ids.matched_credit_ids.credit_move_id.move_id
        return not self._subscription_is_due() and (self.state != "posted" or settled_by != settled_by & own_credits)

    def _subscription_blocking_transactions(self, attempt):
        """Payments of the invoice or its order whose money may still come, or is not allocated yet."""
        orders = self.subscription_contract_ids.sudo().order_ids
        transactions = (self.sudo().transaction_ids | orders.transaction_ids) - attempt.transaction_id
        recent = self.env.cr.now() - PAYING
        return transactions.filtered(
            lambda transaction: (
                transaction.operation not in ("validation", "refund")
                and (
                    transaction.state in ("pending", "authorized")
                    or (transaction.state == "done" and not transaction.payment_id.is_reconciled)
                    or (
                        transaction.state == "draft"
                        and transaction.create_date > recent
                        and not transaction.subscription_contract_attempt_ids
                    )
                )
            )
        )

    def unlink(self):
        """What is deleted is not due any more: what was suspended for it goes on."""
        pauses = self.env["subscription.amendment"].sudo().search([("unpaid_move_ids", "in", self.ids)])
        pauses.contract_id._resume_paid()
        return super().unlink()

    def _subscription_next_text(self) -> str:
        """What comes next, and when."""
        waiting = (
            self.sudo()
            .subscription_contract_outbox_ids.filtered(
                lambda effect: effect.state == "waiting" and effect.kind in ("charge", "step")
            )
            .sorted("next_attempt")[:1]
        )
        if not waiting:
            return self.env._("Nothing more is planned.")
        attempt = waiting.attempt_id or self.sudo().subscription_contract_attempt_ids[:1]
        day = format_date(self.env, attempt._day_of(waiting.next_attempt))
        if waiting.attempt_id.state in ("in_flight", "unknown"):
            return self.env._("Looked up again on %s.", day)
        what = waiting.step_id._action_text() if waiting.step_id else self.env._("Charge again")
        return self.env._("Next: %(what)s, on %(day)s.", what=what, day=day)

    def _has_to_be_paid(self):
        """Not while a card is charged for it: the customer would pay twice."""
        return super()._has_to_be_paid() and not self._subscription_is_being_charged()

    def _get_online_payment_error(self):
        if self._subscription_is_being_charged():
            return self.env._("This invoice is being charged to the stored card.")
        return super()._get_online_payment_error()

    def _subscription_is_being_charged(self) -> bool:
        states = self.sudo().subscription_contract_attempt_ids.mapped("state")
        return "in_flight" in states or "unknown" in states
