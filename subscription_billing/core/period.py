"""Half-open stretches of calendar days."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

FOREVER = date.max


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The days from ``start`` to the day before ``stop``."""

    start: date
    stop: date = FOREVER

    def __post_init__(self):
        if self.stop < self.start:
            raise ValueError(f"a period cannot stop ({self.stop}) before it starts ({self.start})")

    def __bool__(self):
        return self.start < self.stop

    def __contains__(self, day: date):
        return self.start <= day < self.stop

    def __and__(self, other: "Period") -> "Period":
        """The days in both; empty, at the later start, when there are none."""
        start = max(self.start, other.start)
        return Period(start, max(start, min(self.stop, other.stop)))

    @property
    def days(self) -> int:
        return (self.stop - self.start).days

    @property
    def end(self) -> date:
        """The last day inside, the one people read."""
        return self.stop - timedelta(days=1)

    def covers(self, other: "Period") -> bool:
        return self.start <= other.start and other.stop <= self.stop

    def subtract(self, others: Iterable["Period"]) -> list["Period"]:
        """The stretches of this period that none of ``others`` covers, in order."""
        remaining, cursor = [], self.start
        for other in sorted(other & self for other in others):
            if not other:
                continue
            if cursor < other.start:
                remaining.append(Period(cursor, other.start))
            cursor = max(cursor, other.stop)
        if cursor < self.stop:
            remaining.append(Period(cursor, self.stop))
        return remaining
