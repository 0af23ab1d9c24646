from collections import defaultdict
from datetime import date
from itertools import islice
from typing import NamedTuple

from odoo import api, models

from ..core import charges as core_charges
from ..memo import remembering

# how many free periods are looked past for the first that costs something
FREE_PERIODS = 12


class Upcoming(NamedTuple):
    """The next demand for money: its day, its total with taxes, and the charges that make it."""

    date: date | None
    amount: float
    charges: list


class SubscriptionEngineUpcoming(models.AbstractModel):
    """The next invoice of contracts, for whoever shows it before it is written."""

    _inherit = "subscription.engine"

    @api.model
    @remembering
    def _upcoming(self, contracts, after: date | None = None) -> dict:
        """What each contract is asked next: all that is due today, else on the first day that costs money.

        :param after: leave out what falls due until that day included.
        :returns: an ``Upcoming`` for each contract; one without date when nothing is left to bill.
        """
        days = self._upcoming_days(contracts, after)
        proposed = defaultdict(list)
        for charge in self._preview(contracts, max(days.values())) if days else ():
            is_settled_before = after and charge.due <= after
            if charge.due <= days.get(charge.contract, date.min) and not is_settled_before:
                proposed[charge.contract].append(charge)
        return {
            contract: Upcoming(days[contract], contract._charged_total(proposed[contract]), proposed[contract])
            if proposed[contract]
            else Upcoming(None, 0.0, [])
            for contract in contracts
        }

    @api.model
    def _upcoming_days(self, contracts, after) -> dict:
        """The day, today at the earliest, on which each contract is asked next, if it ever is."""
        days = defaultdict(list)
        lines = contracts.line_ids.filtered(lambda line: line._period() and line.anchor_date)
        chains = lines.grouped("chain_id")
        ledger = self._ledger(chains)
        for chain, rows in chains.items():
            contract = chain.contract_id
            values = [row._row() for row in rows]
            days[contract] += self._first_due(values, ledger[chain.id], contract._billing_terms(), after)
        for period in self._due_credits(contracts, date.max):
            days[period.contract_id] += [day for day in [self._credit_due(period)] if not after or day > after]
        return {contract: max(contract._today(), min(due)) for contract, due in days.items() if due}

    @api.model
    def _first_due(self, rows, settled, terms, after=None) -> list[date]:
        """The first day on which the rows of a chain ask for money, if they ever do."""
        charges = core_charges.uncovered(rows, settled, terms)
        asked = islice((charge for charge in charges if not after or charge.due > after), FREE_PERIODS)
        first = next((charge for charge in asked if charge.amount), None)
        return [first.due] if first else []
