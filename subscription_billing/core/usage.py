"""What consumption costs: an included quantity, a price, a minimum."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from .money import CENT, net_price


@dataclass(frozen=True, slots=True)
class Tariff:
    """The price of the usage of one window; ``included`` costs nothing, ``minimum`` is owed anyway."""

    price_unit: Decimal
    discount: Decimal = Decimal(0)
    included: Decimal = Decimal(0)
    minimum: Decimal = Decimal(0)
    unit: Decimal = CENT

    def billable(self, quantity: Decimal) -> Decimal:
        return max(Decimal(0), quantity - self.included)

    def amount(self, quantity: Decimal) -> Decimal:
        """What ``quantity`` used in one window costs, never less than the minimum."""
        return max(self.minimum, net_price(self.billable(quantity), self.price_unit, self.discount, self.unit))


@dataclass(frozen=True, slots=True)
class Window:
    """Usage of one window: what was billed already and what comes on top now."""

    billed: Decimal
    added: Decimal
    is_billed: bool = False


def rate(tariff: Tariff, windows: Iterable[Window]) -> tuple[Decimal, Decimal]:
    """Quantity and amount to bill now for new and late usage.

    Late usage of a window costs what it adds to that window, so that the order in
    which events arrive changes no total.
    """
    quantity = amount = Decimal(0)
    for window in windows:
        total = window.billed + window.added
        already = tariff.amount(window.billed) if window.is_billed else Decimal(0)
        quantity += tariff.billable(total) - (tariff.billable(window.billed) if window.is_billed else Decimal(0))
        amount += tariff.amount(total) - already
    return quantity, amount
