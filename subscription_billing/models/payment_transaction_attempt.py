import logging
import sys

from requests.exceptions import HTTPError

from odoo import fields, models

_logger = logging.getLogger(__name__)

# the provider has answered, but to none of our requests: its word on the money is missing
NO_ANSWER = (408, 409, 425, 429)
NO_ACCESS = (401, 403)
# words with which providers refuse a card for good
FOR_GOOD = (
    "stolen",
    "lost_card",
    "lost card",
    "pickup_card",
    "pick up card",
    "expired",
    "invalid_account",
    "incorrect_number",
    "invalid_number",
    "restricted_card",
    "revocation",
    "closed account",
)


class PaymentTransactionAttempt(models.Model):
    """What a provider says of a charge, in its answer or in a notice, reaches the attempt."""

    _inherit = "payment.transaction"

    subscription_contract_attempt_ids = fields.One2many("subscription.charge.attempt", "transaction_id", readonly=True)

    def _update_state(self, allowed_states, target_state, state_message):
        """Every change of state passes here; on a copy of the database none is heard."""
        deaf = self._subscription_disarmed()
        if deaf:
            _logger.warning("Subscriptions: %s is left alone, this database is not armed.", deaf.mapped("reference"))
        heard = self - deaf
        changed = super(PaymentTransactionAttempt, heard)._update_state(allowed_states, target_state, state_message)
        failure = sys.exc_info()[1]
        for transaction in heard.sudo().filtered("subscription_contract_attempt_ids"):
            if transaction.state == target_state:
                transaction._subscription_report(state_message or "", failure)
        return changed

    def _subscription_disarmed(self):
        """Those of these that concern contracts, where the database must do nothing."""
        if not self or self.env["subscription.engine"]._is_armed():
            return self.browse()
        return (
            self.sudo()
            .filtered(
                lambda transaction: (
                    transaction.subscription_contract_attempt_ids
                    or transaction.sale_order_ids.subscription_contract_id
                    or transaction.sale_order_ids.filtered(lambda order: order._subscription_has_contract())
                    or transaction.invoice_ids.subscription_contract_ids
                )
            )
            .with_env(self.env)
        )

    def _validate_amount(self, payment_data):
        """Money that moved, but not as it was asked, is nobody's refusal."""
        super(PaymentTransactionAttempt, self.with_context(subscription_amount_differs=True))._validate_amount(
            payment_data
        )

    def _subscription_report(self, message, failure):
        """Tell the attempt; a request that failed is an answer only if the provider gave it.

        Also when the transaction stays as it is: an error may follow another one, and be the
        provider's word at last.
        """
        attempt = self.subscription_contract_attempt_ids
        if self.state == "done":
            attempt._answer("done")
        elif self.state in ("pending", "authorized"):
            attempt._answer("in_flight", message)
        elif self.env.context.get("subscription_amount_differs"):
            attempt._answer("unknown", message)
        elif self.state == "cancel" or (answer := self._subscription_read(failure)) == "declined":
            attempt._answer("declined", message, is_hard=self._subscription_is_refused_for_good(message))
        elif answer == "no_access":
            attempt._answer("ready", message)
        else:
            attempt._answer("unknown", message)

    def _subscription_read(self, failure) -> str:
        """What the failure of a request says of the money: declined, no_access or unknown."""
        if failure is None:
            return "declined"
        while failure and not isinstance(failure, HTTPError):
            failure = failure.__cause__ or failure.__context__
        status = failure.response.status_code if failure and failure.response is not None else 0
        if status in NO_ACCESS:
            return "no_access"
        return "declined" if 400 <= status < 500 and status not in NO_ANSWER else "unknown"

    def _subscription_is_refused_for_good(self, message) -> bool:
        """Whether the same card would be refused again."""
        return not self.token_id.active or any(word in message.lower() for word in FOR_GOOD)

    def _post_process(self):
        """A copy of the database posts no payment and confirms no order."""
        deaf = self._subscription_disarmed()
        return super(PaymentTransactionAttempt, self - deaf)._post_process()
