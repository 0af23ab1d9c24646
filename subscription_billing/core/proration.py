"""What part of a nominal period a stretch of it is worth.

Each policy is a cumulated share ``elapsed(day)`` that grows from 0 at the start
of the nominal period to 1 at its stop. A stretch is worth the difference of two
of them, so the shares of any partition sum to exactly 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from .cadence import Cadence
from .period import Period

WHOLE = Fraction(1)
NOTHING = Fraction(0)
MONTHLY = Cadence("month", 1)


@dataclass(frozen=True, slots=True)
class Nominal:
    """One whole period of a cadence, and what of it is served.

    ``first_served`` is the first day served in it, ``is_complete`` tells that
    every one of its days is.
    """

    period: Period
    cadence: Cadence
    anchor: date
    first_served: date
    is_complete: bool


def exact_days(day: date, nominal: Nominal) -> Fraction:
    """Days elapsed over days of the nominal period: 12 of 31."""
    return Fraction((day - nominal.period.start).days, nominal.period.days)


def months_then_days(day: date, nominal: Nominal) -> Fraction:
    """Whole months first, then days of the month begun: one month of a quarter is 1/3."""
    if not nominal.cadence.is_monthly:
        return exact_days(day, nominal)
    k = MONTHLY.index(nominal.anchor, day)
    month = MONTHLY.period(nominal.anchor, k)
    whole_months = k - MONTHLY.index(nominal.anchor, nominal.period.start)
    return (whole_months + Fraction((day - month.start).days, month.days)) / nominal.cadence.months


def thirty_360(day: date, nominal: Nominal) -> Fraction:
    """Months of 30 days (30E/360, 2006 ISDA Definitions, section 4.16(g))."""
    if not nominal.cadence.is_monthly:
        return exact_days(day, nominal)

    def ordinal(moment: date) -> int:
        return moment.year * 360 + moment.month * 30 + min(moment.day, 30)

    origin = ordinal(nominal.period.start)
    return Fraction(ordinal(day) - origin, ordinal(nominal.period.stop) - origin)


def full_period(day: date, nominal: Nominal) -> Fraction:
    """A period begun is due whole, on the first day served in it."""
    return WHOLE if day > nominal.first_served else NOTHING


def free(day: date, nominal: Nominal) -> Fraction:
    """A period that is not served to its end is not billed."""
    return exact_days(day, nominal) if nominal.is_complete else NOTHING


POLICIES: dict[str, Callable[[date, Nominal], Fraction]] = {
    "exact_days": exact_days,
    "months_then_days": months_then_days,
    "thirty_360": thirty_360,
    "full_period": full_period,
    "free": free,
}
