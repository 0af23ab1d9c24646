from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from odoo import api, models

from ..core import timeline
from ..core.period import FOREVER, Period
from ..memo import remembering


@dataclass(frozen=True, slots=True)
class Repricing:
    """New prices of lines of one contract from ``date`` on.

    ``prices`` says, for a chain, what becomes of each price planned from that day on:
    the one in force, those of later changes and those that follow a promotion.
    """

    contract: models.Model
    date: date
    prices: Mapping[models.Model, Callable[[float], float]]
    reason: str = ""


class SubscriptionContractReprice(models.Model):
    """The verb that revises prices, for one contract or ten thousand."""

    _inherit = "subscription.contract"

    @api.model
    @remembering
    def _reprice(self, repricings: Sequence[Repricing]):
        """Revise prices: one amendment for each of ``repricings``, in their order.

        Discounts, quantities and whatever else is planned stay. What is billed already
        is given back and billed again at the new price, day by day.

        :returns: the ``subscription.amendment`` of each, in that order.
        :raises UserError: where a contract does not run on the day, or is busy.
        """
        contracts = self.browse().union(*(item.contract for item in repricings))._locked()
        contracts.line_ids.fetch(["tax_ids"])  # read at once what each row carries
        for item in repricings:
            item.contract._check_amendable(item.date)
        amendments = {}
        for batch in _one_of_each(repricings):
            amendments |= zip(map(id, batch), contracts._reprice_once(batch), strict=True)
        return self.env["subscription.amendment"].union(*(amendments[id(item)] for item in repricings)).sudo()

    def _reprice_once(self, repricings):
        """Repricings of as many contracts: the rows of all are closed, then all successors opened."""
        contracts = {contract.id: contract for contract in self}
        amendments = (
            self.env["subscription.amendment"]
            .sudo()
            .create([item.contract._amendment_values("reprice", item.date, reason=item.reason) for item in repricings])
        )
        replaced = []
        for item, amendment in zip(repricings, amendments, strict=True):
            contract = contracts[item.contract.id]
            for chain, price in item.prices.items():
                rows = contract._rows_of(chain)
                replacements = timeline.rewrite(rows._versions(), Period(item.date, FOREVER), _repriced(rows, price))
                replaced += [(rows.browse(entry.key), entry, amendment) for entry in replacements]
        self.env["subscription.period"]._release_repriced(replaced)
        self._replace(replaced)
        self.env["subscription.engine"]._refresh(self.browse().union(*(item.contract for item in repricings)))
        for item, amendment in zip(repricings, amendments, strict=True):
            contracts[item.contract.id]._on_lines_changed(amendment)
        return amendments


def _repriced(rows, price):
    return lambda known: {**known, "price_unit": rows._comparable("price_unit", price(known["price_unit"]))}


def _one_of_each(repricings):
    """The same repricings in batches that name no contract twice, the order of each contract kept."""
    batches = []
    seen = {}
    for item in repricings:
        index = seen.get(item.contract, 0)
        seen[item.contract] = index + 1
        if index == len(batches):
            batches.append([])
        batches[index].append(item)
    return batches
