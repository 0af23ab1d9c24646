"""Rounding: once per charge, half away from zero, to the unit of the currency."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from itertools import accumulate, pairwise

CENT = Decimal("0.01")


def round_amount(amount: Decimal | Fraction, unit: Decimal = CENT) -> Decimal:
    """``amount`` to the nearest multiple of ``unit`` (0.01, 0.05, 1, 0.001), halves up."""
    if isinstance(amount, Fraction):
        steps = amount / Fraction(unit)
        whole = (2 * abs(steps.numerator) + steps.denominator) // (2 * steps.denominator)
        return (whole if steps >= 0 else -whole) * unit
    with localcontext() as context:
        context.prec = 60
        return (amount / unit).to_integral_value(ROUND_HALF_UP) * unit


def net_price(quantity: Decimal, price_unit: Decimal, discount: Decimal, unit: Decimal = CENT) -> Decimal:
    """What a whole period costs: quantity x price, less the discount in percent."""
    return round_amount(quantity * price_unit * (100 - discount) / 100, unit)


def portion(whole: Decimal, elapsed_start: Fraction, elapsed_stop: Fraction, unit: Decimal = CENT) -> Decimal:
    """The money of a stretch of a period that costs ``whole``.

    Both ends are rounded on the same cumulated scale, so the portions of a
    partition sum to ``whole`` to the cent, whatever the cuts.
    """
    total = Fraction(whole)
    return round_amount(total * elapsed_stop, unit) - round_amount(total * elapsed_start, unit)


def spread(total: Decimal, weights: Sequence[Decimal], unit: Decimal = CENT) -> list[Decimal]:
    """``total`` shared in proportion to ``weights``, to the cent; equally when all are 0."""
    bases = [Fraction(weight) for weight in weights]
    if not (whole := sum(bases)):
        bases, whole = [Fraction(1)] * len(bases), Fraction(len(bases))
    cuts = [Fraction(0), *accumulate(base / whole for base in bases)]
    return [portion(total, start, stop, unit) for start, stop in pairwise(cuts)]
