"""From an old price to a new one, each step kept.

    ``P1 = P0 x (a + b S1/S0 + c I1/I0)``

with ``a + b + c = 1``: P0 is the base price of the clause, S0 and S1 (I0 and I1) are the
values of an index at the base and on the day of the revision. Everything is exact until
a step that rounds, and each step says what it had and what it made of it, so that a
person with a calculator finds the same price.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

PERCENT = Fraction(1, 100)
SHOWN = 12  # decimals of an exact ratio on paper


@dataclass(frozen=True, slots=True)
class Rounding:
    """What is rounded before the price, to how many decimals and which way.

    ``target``: ``ratio`` (each S1/S0), ``coefficient``, or ``price``; ``method``: ``half_up``,
    ``up``, ``down``. Public contracts round the coefficient up to the third decimal, and
    some each ratio as well.
    """

    target: str = "price"
    digits: int = 2
    method: str = "half_up"

    def apply(self, number: Fraction) -> Fraction:
        return round_fraction(number, self.digits, self.method)


@dataclass(frozen=True, slots=True)
class Term:
    """One index of a formula: its weight, its value at the base and its value now."""

    weight: Decimal
    base: Decimal
    current: Decimal


@dataclass(frozen=True, slots=True)
class Limits:
    """What a price may do in one revision, in percent of the price before it; None where nothing is said."""

    cap: Decimal | None = None  # rises by at most
    floor: Decimal | None = None  # falls by at most
    minimum: Decimal | None = None  # rises by at least
    deadband: Decimal | None = None  # stays where the change is smaller
    never_below: bool = False  # never under P0


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it is, the number before and after it, and the parameter it used."""

    rule: str
    before: str
    after: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """The new price, the coefficient that leads to it from P0, and the way there."""

    price: Decimal
    coefficient: Decimal
    steps: tuple[Step, ...]


def round_fraction(number: Fraction, digits: int, method: str = "half_up") -> Fraction:
    """``number`` to ``digits`` decimals: halves away from zero, or always up, or always down (towards zero)."""
    scaled = abs(number) * 10**digits
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    if method == "half_up":
        whole += 2 * rest >= scaled.denominator
    elif method == "up":
        whole += rest > 0
    elif method != "down":
        raise ValueError(method)
    return Fraction(whole if number >= 0 else -whole, 10**digits)


def decimal(number: Fraction, digits: int = SHOWN) -> Decimal:
    """A fraction as it is written, to ``digits`` decimals."""
    rounded = round_fraction(number, digits)
    return Decimal(rounded.numerator) / rounded.denominator


def check_weights(fixed: Decimal, weights: Sequence[Decimal]):
    """:raises ValueError: where the parts of a formula do not make a whole, or one is negative."""
    if fixed < 0 or any(weight <= 0 for weight in weights) or fixed + sum(weights) != 1:
        raise ValueError(fixed + sum(weights))


def by_index(
    base: Decimal,
    current: Decimal,
    terms: Sequence[Term],
    fixed: Decimal = Decimal(0),
    rounding: Rounding = Rounding(),  # noqa: B008 a frozen value
    limits: Limits = Limits(),  # noqa: B008 a frozen value
    price_digits: int = 2,
) -> Result:
    """The price that indexes make of ``base``.

    :param base: P0, the price the clause starts from.
    :param current: the price before this revision: equal to ``base`` in a chained clause.
    :raises ValueError: where the weights do not sum to one, or a value at the base is not positive.
    """
    check_weights(fixed, [term.weight for term in terms])
    steps, coefficient = [], Fraction(fixed)
    for term in terms:
        if term.base <= 0:
            raise ValueError(term.base)
        ratio = Fraction(term.current) / Fraction(term.base)
        if rounding.target == "ratio":
            ratio = _note(steps, "ratio", ratio, rounding.apply(ratio), str(rounding.digits))
        coefficient += Fraction(term.weight) * ratio
    if rounding.target == "coefficient":
        coefficient = _note(steps, "coefficient", coefficient, rounding.apply(coefficient), str(rounding.digits))
    return _priced(base, current, Fraction(base) * coefficient, rounding, limits, price_digits, steps)


def by_percentage(
    current: Decimal,
    percentage: Decimal,
    rounding: Rounding = Rounding(),  # noqa: B008 a frozen value
    limits: Limits = Limits(),  # noqa: B008 a frozen value
    price_digits: int = 2,
) -> Result:
    """The price ``percentage`` percent higher, lower when negative."""
    price = Fraction(current) * (1 + Fraction(percentage) * PERCENT)
    return _priced(current, current, price, rounding, limits, price_digits, [])


def by_amount(
    current: Decimal,
    amount: Decimal,
    rounding: Rounding = Rounding(),  # noqa: B008 a frozen value
    limits: Limits = Limits(),  # noqa: B008 a frozen value
    price_digits: int = 2,
) -> Result:
    """The price ``amount`` higher, in the currency of the price."""
    return _priced(current, current, Fraction(current) + Fraction(amount), rounding, limits, price_digits, [])


def reprice(price: Decimal, old: Decimal, new: Decimal, price_digits: int = 2) -> Decimal:
    """What a revision from ``old`` to ``new`` makes of another price of the same line: it moves in proportion.

    A change that is planned for later, or was agreed for a while, is revised like the line it belongs to.
    """
    if price == old or not old:
        return new if price == old else price
    return decimal(round_fraction(Fraction(price) * Fraction(new) / Fraction(old), price_digits), price_digits)


def _note(steps, rule, before, after, by="") -> Fraction:
    """Keep a step that changed something."""
    if before != after:
        steps.append(Step(rule, str(decimal(before)), str(decimal(after)), by))
    return after


def _priced(base, current, exact, rounding, limits, price_digits, steps) -> Result:
    price = _limited(Fraction(base), Fraction(current), exact, limits, steps)
    if rounding.target == "price":
        price = _note(steps, "price", price, rounding.apply(price), str(rounding.digits))
    price = _note(steps, "currency", price, round_fraction(price, price_digits), str(price_digits))
    coefficient = decimal(exact / Fraction(base)) if base else Decimal(1)
    return Result(decimal(price, max(price_digits, 0)), coefficient, tuple(steps))


def _limited(base, current, price, limits, steps) -> Fraction:
    """``price`` inside what the clause allows: deadband, minimum, floor, cap, then P0 itself."""

    def bound(percent) -> Fraction:
        return current * (1 + Fraction(percent) * PERCENT)

    if limits.deadband is not None and abs(price - current) < abs(bound(limits.deadband) - current):
        price = _note(steps, "deadband", price, current, str(limits.deadband))
    elif limits.minimum is not None and price < bound(limits.minimum):
        price = _note(steps, "minimum", price, bound(limits.minimum), str(limits.minimum))
    if limits.floor is not None and price < bound(-limits.floor):
        price = _note(steps, "floor", price, bound(-limits.floor), str(limits.floor))
    if limits.cap is not None and price > bound(limits.cap):
        price = _note(steps, "cap", price, bound(limits.cap), str(limits.cap))
    if limits.never_below and price < base:
        price = _note(steps, "never_below", price, base, str(decimal(base)))
    return price
