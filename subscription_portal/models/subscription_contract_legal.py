from datetime import date, timedelta

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import format_date
from odoo.tools.mail import email_normalize_all

from odoo.addons.subscription_billing.models.subscription_notice import PROTECTED

from .subscription_contract_wish import Wish

WEEKEND = (5, 6)


class SubscriptionContractLegal(models.Model):
    """What the law lets a customer do without an account: end the contract, withdraw from it."""

    _inherit = "subscription.contract"

    def _party_with(self, email: str):
        """Who of this contract has that e-mail address, the customer first."""
        parties = self.partner_id | self.commercial_partner_id | self.partner_invoice_id | self.contact_ids.partner_id
        return parties.filtered(lambda party: email in email_normalize_all(party.email or ""))[:1]

    def _declared(self, kind: str, wished: date | None) -> Wish:
        """What a declaration comes to by the terms of this contract.

        :param wished: the last day that the customer wants to be served.
        :raises UserError: when a person has to look at it.
        """
        return self._declared_end(wished) if kind == "end" else self._declared_withdrawal()

    def _declared_end(self, wished) -> Wish:
        """The first day that the terms allow, or a later one that was wished; never a fee."""
        if self.close_reason_id:
            raise UserError(self.env._("%s is ended already.", self.display_name))
        day = self._exit_day(self._today())
        day = max(day, wished + timedelta(days=1) if wished else day)
        return self._wish_to_leave(min(day, self.date_stop or day))

    def _declared_withdrawal(self) -> Wish:
        if self.customer_class not in PROTECTED:
            raise UserError(self.env._("The customer of %s is a professional.", self.display_name))
        if self.billed_until or not self.signed_on:
            raise UserError(self.env._("Nobody knows here when %s was concluded.", self.display_name))
        if self._today() > (last := self._withdrawal_deadline()):
            raise UserError(
                self.env._(
                    "The withdrawal period of %(contract)s ended on %(day)s.",
                    contract=self.display_name,
                    day=format_date(self.env, last),
                )
            )
        return self._wish_to_withdraw()

    def _withdrawal_deadline(self) -> date:
        """The last day of the withdrawal period: it goes on to a working day (article L221-19)."""
        last = self.signed_on + timedelta(days=self.company_id.subscription_contract_withdrawal_days)
        while last.weekday() in WEEKEND:
            last += timedelta(days=1)
        return last

    def _wish_to_leave(self, day) -> Wish:
        """No longer served from ``day`` on, without a fee and without a reason that was chosen."""
        return self._wish_to_end(day, self.env.ref("subscription_billing.close_reason_other"))

    def _wish_to_withdraw(self) -> Wish:
        """As if it had never begun: all that was billed is given back."""
        reason = self.env.ref("subscription_portal.close_reason_withdrawal")
        return Wish(
            "withdraw",
            self.date_start,
            [self.env._("The contract ends as if it had never begun: all that was billed of it is given back.")],
            lambda contract: contract._close(contract.date_start, reason, "all"),
        )

    def _wish_by_hand(self, kind, last_day: date | None) -> Wish:
        """The same, as a person decides: on the day he says, whatever the terms."""
        return self._wish_to_leave(last_day + timedelta(days=1)) if kind == "end" else self._wish_to_withdraw()

    def _wish_text(self, wish) -> str:
        """What it changes, in words and amounts."""
        return "\n".join([*wish.texts, *self._preview_texts(self._preview_wish(wish))])
