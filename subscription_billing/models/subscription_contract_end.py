from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial

from odoo import models
from odoo.exceptions import UserError

from ..core import charges as core_charges
from ..core import timeline
from ..core.money import round_amount
from ..core.period import Period

# what a contract says once its last day has passed
CLOSED = {"state": "closed", "paused_from": False, "resumes_on": False}


class SubscriptionContractEnd(models.Model):
    """Closing: until when it serves, what is given back, and what leaving early costs."""

    _inherit = "subscription.contract"

    def _close(self, date: date, close_reason=None, credit: str = "none", with_fee: bool = False):
        """End the contract: ``date`` is the first day no longer served.

        :param credit: what becomes of what was billed from ``date`` on: ``none`` keeps
            it, ``prorata`` gives it back, ``full`` gives back the whole current period,
            ``all`` whatever was ever billed, what is billed once included.
        :param with_fee: whether the fee of the terms for leaving early is owed.
        :returns: the credit notes.
        """
        self.ensure_one()
        return self.env["subscription.engine"]._credit_released(self._end(date, close_reason, credit, with_fee))

    def _end(self, date: date, close_reason=None, credit: str = "none", with_fee: bool = False):
        """What ``_close`` does to lines and ledger, before any credit note is written."""
        contract = self._locked()
        if contract.state not in ("active", "paused"):
            raise UserError(self.env._("%s does not run: it cannot be closed.", contract.display_name))
        if date < contract.date_start:
            raise UserError(self.env._("%s cannot end before it starts.", contract.display_name))
        ledger = self.env["subscription.period"]
        fee = contract._exit_fee(date) if with_fee else Decimal(0)
        with contract._amendment("close", date, reason=close_reason and close_reason.name) as amendment:
            if credit == "none":
                ledger._keep_from(contract, date, amendment)
            elif credit == "all":
                ledger._release_all(contract, amendment)
            else:
                ledger._release_from(contract, date, amendment, whole=credit == "full")
            for chain in contract.line_ids.chain_id:
                contract._stop_chain(amendment, chain, date)
            if fee:
                contract._open_line(
                    amendment, max(date - timedelta(days=1), contract.date_start), contract._fee_values(fee)
                )
            is_over = date <= contract._today()
            amendment._change_contract(
                {
                    "date_stop": date,
                    "close_reason_id": close_reason and close_reason.id or False,
                    **(CLOSED if is_over else {}),
                },
                at_once=True,
            )
        return contract

    def _stop_chain(self, amendment, chain, date):
        """End the rows of a chain; what becomes of the money is decided elsewhere."""
        self._rewrite(amendment, chain, partial(timeline.stop, since=date), settle=False)

    # leaving early

    def _exit_fee(self, date) -> Decimal:
        """What leaving on ``date`` costs by the terms; nothing once the commitment is over."""
        self.ensure_one()
        stop = self._free_from()
        if self.exit_fee == "none" or date >= stop:
            return Decimal(0)
        if self.exit_fee == "fixed":
            return Decimal(str(self.exit_fee_amount))
        remaining = self._worth(Period(date, stop))
        share = Fraction(1) if self.exit_fee == "remaining" else Fraction(Decimal(str(self.exit_fee_percent))) / 100
        return round_amount(Fraction(remaining) * share, self._currency_unit())

    def _worth(self, window) -> Decimal:
        """What the recurring lines cost in ``window``, as they are planned now."""
        terms, total = self._billing_terms(), Decimal(0)
        recurring = self.line_ids.filtered(lambda line: line.kind == "recurring" and line._period())
        for rows in recurring.grouped("chain_id").values():
            planned = [row._row() for row in rows]
            total += core_charges.worth(planned, window, terms)
        return total

    def _fee_values(self, fee) -> dict:
        product = self.env.ref("subscription_billing.product_exit_fee")
        return {
            "product_id": product.id,
            "name": product.with_context(lang=self.partner_id.lang).display_name,
            "price_unit": float(fee),
            "kind": "one_off",
        }
