"""Recurrences, always counted from their anchor.

Period k starts at ``anchor + k x interval`` computed from the anchor, the day
clamped to the length of the month::

    anchor 31/01   31/01 ──── 28/02 ──── 31/03 ──── 30/04
                   k = 0      k = 1      k = 2      k = 3

Stepping from the previous start instead would drift: 31, 28, 28, 28.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from .period import FOREVER, Period

UNITS = ("day", "week", "month", "year")
DAYS = {"day": 1, "week": 7}
MONTHS = {"month": 1, "year": 12}
MAX_PERIODS = 40_000  # a century of days: beyond it a date is a typing error


def add_months(day: date, months: int) -> date:
    """``day`` moved by whole months, clamped to the end of the month reached."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


@dataclass(frozen=True, slots=True)
class Cadence:
    """Every ``interval`` days, weeks, months or years."""

    unit: str
    interval: int

    def __post_init__(self):
        if self.unit not in UNITS:
            raise ValueError(f"unknown unit of recurrence: {self.unit!r}")
        if self.interval < 1:
            raise ValueError(f"a recurrence needs a positive interval, not {self.interval}")

    @property
    def is_monthly(self) -> bool:
        """Whether the length is a number of months, else a number of days."""
        return self.unit in MONTHS

    @property
    def months(self) -> int:
        return MONTHS[self.unit] * self.interval

    @property
    def days(self) -> int:
        return DAYS[self.unit] * self.interval

    def nth(self, anchor: date, k: int) -> date:
        """First day of period ``k``; ``FOREVER`` beyond the calendar."""
        try:
            if self.is_monthly:
                return add_months(anchor, k * self.months)
            return anchor + timedelta(days=k * self.days)
        except (ValueError, OverflowError):
            return FOREVER

    def period(self, anchor: date, k: int) -> Period:
        return Period(self.nth(anchor, k), self.nth(anchor, k + 1))

    def index(self, anchor: date, day: date) -> int:
        """Which period contains ``day``; negative before the anchor."""
        if not self.is_monthly:
            return (day - anchor).days // self.days
        elapsed = (day.year - anchor.year) * 12 + day.month - anchor.month
        k = elapsed // self.months
        return k if self.nth(anchor, k) <= day else k - 1

    def containing(self, anchor: date, day: date) -> Period:
        return self.period(anchor, self.index(anchor, day))

    def periods(self, anchor: date, window: Period) -> Iterator[Period]:
        """The periods that share a day with ``window``, in order.

        :raises OverflowError: after ``MAX_PERIODS`` periods.
        """
        if not window:
            return
        first = self.index(anchor, window.start)
        for k in range(first, first + MAX_PERIODS):
            period = self.period(anchor, k)
            if period.start >= window.stop:
                return
            yield period
        raise OverflowError(f"more than {MAX_PERIODS} periods of {self} in {window}")


def aligned_anchor(start: date, day: int, month: int, cadence: Cadence) -> date:
    """An anchor on ``day`` of ``month``, or of the month of the same series that has that day.

    Day 31 means the end of each month. Quarters aligned on the 31st of February are
    those of the 31st of May.
    """
    series = [m for m in range(1, 13) if (m - month) % cadence.months == 0]
    # years counted from a leap year keep the end of February
    year = start.year - start.year % 4 if series == [2] and cadence.months == 12 else start.year
    length = {m: monthrange(year, m)[1] for m in series}
    chosen = next((m for m in series if length[m] >= day), max(series, key=length.get))
    return date(year, chosen, min(day, length[chosen]))
