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
    link: "Link | None" = None  # how the value of the successor was itself linked

    def as_json(self) -> dict:
        """Plain values, down the whole chain of successors."""
        return {
            "index": self.index,
            "value": str(self.value),
            "coefficient": str(self.coefficient),
            "link": self.link and self.link.as_json(),
        }

    @classmethod
    def from_json(cls, values: dict) -> "Link":
        link = values["link"]
        return cls(
            values["index"], Decimal(values["value"]), Decimal(values["coefficient"]), link and cls.from_json(link)
        )


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
        plain = {name: value if isinstance(value, int | None) else str(value) for name, value in asdict(self).items()}
        return plain | {"link": self.link and self.link.as_json()}

    @classmethod
    def from_json(cls, values: dict) -> "Reading":
        """The reading that an evidence keeps."""
        return cls(
            **{
                **values,
                "value": Decimal(values["value"]),
                "published": date.fromisoformat(values["published"]),
                "link": values["link"] and Link.from_json(values["link"]),
            }
        )
