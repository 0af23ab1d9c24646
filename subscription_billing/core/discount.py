"""A discount on a whole document, turned into a percentage of each of its lines."""

from collections.abc import Sequence
from decimal import Decimal

from .money import CENT, round_amount

HUNDRED = Decimal(100)


def percent_of(total: Decimal, off: Decimal, digits: int = 2, unit: Decimal = CENT) -> Decimal:
    """The roundest percentage that takes ``off`` from ``total`` to the cent, else the nearest one.

    10 % of 33.33 is 3.33, and 3.33 of 33.33 reads 10 % again, not 9.99 %.
    """
    if total <= 0:
        return Decimal(0)
    exact = min(HUNDRED, max(Decimal(0), off * HUNDRED / total))
    for places in range(digits + 1):
        percent = round_amount(exact, Decimal(1).scaleb(-places))
        if round_amount(total * percent / HUNDRED, unit) == off:
            break
    return percent


def combine(first: Decimal, second: Decimal, digits: int = 2) -> Decimal:
    """One percentage for two discounts in a row: 10 % then 10 % is 19 %."""
    return round_amount(HUNDRED - (HUNDRED - first) * (HUNDRED - second) / HUNDRED, Decimal(1).scaleb(-digits))


def discounted(gross: Decimal, percent: Decimal, unit: Decimal = CENT) -> Decimal:
    return round_amount(gross * (HUNDRED - percent) / HUNDRED, unit)


def spread_discount(
    lines: Sequence[tuple[Decimal, Decimal]], off: Decimal, digits: int = 2, unit: Decimal = CENT
) -> list[Decimal]:
    """The discounts of ``lines`` once ``off`` is taken from them together.

    Every line gets the same percentage; what its rounding leaves over goes to the
    first line whose percentage, in ``digits`` decimals, can express it. A cent is out of
    reach when no line is small enough for that: a percentage of two decimals moves a
    line of 1,000 by steps of 0.10.

    :param lines: pairs of a price before any discount and the discount it has already.
    """
    grosses = [gross for gross, _percent in lines]
    nets = [discounted(gross, percent, unit) for gross, percent in lines]
    target = max(Decimal(0), sum(nets) - off)
    common = percent_of(sum(nets), off, digits, unit)
    percents = [combine(percent, common, digits) for _gross, percent in lines]

    def missed(trial):
        return sum(discounted(gross, percent, unit) for gross, percent in zip(grosses, trial, strict=True)) - target

    for index, gross in sorted(enumerate(grosses), key=lambda item: item[1]):
        if gross > 0 and missed(percents):
            net = discounted(gross, percents[index], unit) - missed(percents)
            wanted = HUNDRED - net * HUNDRED / gross
            trial = [*percents]
            trial[index] = round_amount(min(HUNDRED, max(Decimal(0), wanted)), Decimal(1).scaleb(-digits))
            percents = min(percents, trial, key=lambda candidate: abs(missed(candidate)))
    return percents
