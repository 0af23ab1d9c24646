"""The months, quarters and years for which an index is published.

A period is written as INSEE writes it: ``2024-08``, ``2024-Q3``, ``2024``. Monthly and
quarterly values are never mixed: periods of two frequencies cannot be compared.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta

MONTHS = {"month": 1, "quarter": 3, "year": 12}
WRITTEN = {
    "month": re.compile(r"(?P<year>\d{4})-(?P<part>0[1-9]|1[0-2])"),
    "quarter": re.compile(r"(?P<year>\d{4})-[QT](?P<part>[1-4])"),
    "year": re.compile(r"(?P<year>\d{4})"),
}


@dataclass(frozen=True, slots=True)
class IndexPeriod:
    """The ``ordinal``-th month, quarter or year of our era, counted from its first one as 0."""

    frequency: str
    ordinal: int

    @classmethod
    def parse(cls, text: str) -> "IndexPeriod":
        """:raises ValueError: where ``text`` is none of ``2024-08``, ``2024-Q3`` and ``2024``."""
        for frequency, pattern in WRITTEN.items():
            if found := pattern.fullmatch(text.strip().upper()):
                part = int(found.groupdict().get("part") or 1)
                return cls(frequency, int(found["year"]) * 12 // MONTHS[frequency] + part - 1)
        raise ValueError(text)

    @classmethod
    def containing(cls, frequency: str, day: date) -> "IndexPeriod":
        return cls(frequency, (day.year * 12 + day.month - 1) // MONTHS[frequency])

    def __str__(self):
        year, part = divmod(self.ordinal, 12 // MONTHS[self.frequency])
        return f"{year:04}" + {"month": f"-{part + 1:02}", "quarter": f"-Q{part + 1}", "year": ""}[self.frequency]

    def __lt__(self, other):
        if self.frequency != other.frequency:
            raise ValueError(f"{self} and {other}")
        return self.ordinal < other.ordinal

    @property
    def start(self) -> date:
        """Its first day."""
        month = self.ordinal * MONTHS[self.frequency]
        return date(month // 12, month % 12 + 1, 1)

    @property
    def end(self) -> date:
        """Its last day."""
        return self.shift(1).start - timedelta(days=1)

    def shift(self, count: int) -> "IndexPeriod":
        """The period ``count`` periods later, earlier when negative."""
        return type(self)(self.frequency, self.ordinal + count)

    def months_to(self, other: "IndexPeriod") -> int:
        """How many months ``other`` starts later."""
        return (other.ordinal - self.ordinal) * MONTHS[self.frequency]
