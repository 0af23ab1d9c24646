"""The value of an index as a revision reads it, with all that proves it."""

from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Link:
    """How the value of a successor came back to the scale of a stopped series.

    ``value of the stopped series = value of the successor x coefficient``, rounded as the
    stopped series is printed.
    """

    index: str
    value: Decimal
    coefficient: Decimal


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one index: what was read, when it was published and where."""

    index: str
    period: str
    value: Decimal
    published: date
    source: str = ""
    status: str = "final"
    vintage: int = 1
    link: Link | None = None

    def as_json(self) -> dict:
        """Plain values, for the evidence of a revision."""
        return {
            name: value if isinstance(value, int | None | dict) else str(value)
            for name, value in asdict(self).items()
            if name != "link"
        } | {"link": self.link and {name: str(value) for name, value in asdict(self.link).items()}}
