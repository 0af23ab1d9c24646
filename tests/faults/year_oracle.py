"""What customers owe, counted day by day from what was agreed with them.

Nothing here is taken from the addon. A day of a line is worth what it adds to the amount
of its period, rounded half up to the cent as the period goes by: day i of n of a period
that costs w is worth ``round(w (i + 1) / n) - round(w i / n)``. Whole periods of every
policy add up to w, and so do the days of a period cut anywhere.
"""

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

CENT, DAY, ALWAYS = Decimal("0.01"), timedelta(days=1), date.max


def cents(amount):
    return amount.quantize(CENT, ROUND_HALF_UP)


def days(start, stop):
    while start < stop:
        yield start
        start += DAY


@dataclass
class Event:
    """Something agreed on, in the order of agreement.

    A change of ``values`` of the line ``key`` from ``start`` on; or a time without service
    from ``start`` to ``stop`` of the whole contract. ``kept`` is what stays paid for days
    that are not served, ``given`` the days served for nothing, by line.
    """

    kind: str
    start: date
    stop: date = ALWAYS
    key: str = ""
    values: dict = field(default_factory=dict)
    kept: dict = field(default_factory=dict)
    given: set = field(default_factory=set)

    @property
    def is_break(self):
        return self.kind in ("pause", "close", "trial", "drop")


@dataclass
class Line:
    """A line as it was agreed first; ``months`` or ``weeks`` long are its periods."""

    key: str
    start: date
    anchor: date
    months: int
    weeks: int
    values: dict
    aligned_day: int = 0
    promotion_periods: int = 0
    fixed: Decimal | None = None  # a fee of one day
    is_metered: bool = False
    known: dict = field(default_factory=dict, repr=False)

    def begins(self, day):
        """Whether a period begins on ``day``."""
        if self.weeks:
            return (day - self.anchor).days % (7 * self.weeks) == 0
        length = monthrange(day.year, day.month)[1]
        if self.aligned_day:
            return (day.month - 1) % self.months == 0 and day.day == min(self.aligned_day, length)
        distance = (day.year - self.anchor.year) * 12 + day.month - self.anchor.month
        return distance % self.months == 0 and day.day == min(self.anchor.day, length)

    def period(self, day):
        """First day and the day after the last of the period that contains ``day``."""
        if day not in self.known:
            start, stop = day, day + DAY
            while not self.begins(start):
                start -= DAY
            while not self.begins(stop):
                stop += DAY
            self.known.update((member, (start, stop)) for member in days(start, stop))
        return self.known[day]

    def promotion_stop(self):
        stop = self.start
        for _period in range(self.promotion_periods):
            stop = self.period(stop)[1]
        return stop


@dataclass
class Agreement:
    """Everything agreed with one customer on one contract."""

    lines: dict = field(default_factory=dict)
    events: list = field(default_factory=list)
    stop: date = ALWAYS  # the end of its term, while it is not renewed
    usage: dict = field(default_factory=dict)  # amount by reference

    def values(self, line, day):
        """What holds on ``day``: the last word that was said about each value."""
        values = dict(line.values)
        if line.promotion_periods and day >= line.promotion_stop():
            values["discount"] = Decimal(0)
        for event in self.events:
            if event.key == line.key and event.start <= day and not event.is_break:
                values |= event.values
        return values

    def serves(self, line, day):
        return line.start <= day < self.stop and not any(
            event.is_break and event.key in ("", line.key) and event.start <= day < event.stop for event in self.events
        )

    def worth(self, line, day):
        values = self.values(line, day)
        whole = cents(values["quantity"] * values["price_unit"] * (100 - values["discount"]) / 100)
        start, stop = line.period(day)
        elapsed, length = (day - start).days, (stop - start).days
        return cents(whole * (elapsed + 1) / length) - cents(whole * elapsed / length)

    def owed(self, line, until):
        """What the customer has to pay in the end for one line."""
        if line.is_metered:
            return sum(self.usage.values(), Decimal(0))
        if line.fixed is not None:
            return line.fixed
        given = {day for event in self.events for key, day in event.given if key == line.key}
        kept = {day: worth for event in self.events for (key, day), worth in event.kept.items() if key == line.key}
        total = sum((worth for day, worth in kept.items() if day not in given), Decimal(0))
        for day in days(line.start, until):
            if day not in given and day not in kept and self.serves(line, day):
                total += self.worth(line, day)
        return total

    def break_at(self, day):
        """The last agreed break that holds on ``day``, if any."""
        return next(
            (event for event in reversed(self.events) if event.is_break and event.start <= day < event.stop), None
        )
