"""What the ledger remembers of a stretch, and how it is cut in two.

What was billed is never edited. A change inside a billed stretch cuts it, and the
two parts always add up to it::

    billed          |————————————— 100.00 —————————————|
    cut on 15/03    |———— 45.16 ————|————— 54.84 ——————|
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from .charges import Row, Terms, charge_of
from .money import round_amount
from .period import Period


@dataclass(frozen=True, slots=True)
class Entry:
    """One stretch in the ledger: what it is worth, and what was really invoiced.

    ``proposed`` is what the engine asked, ``invoiced`` what a person left on the draft.
    """

    period: Period
    share: Fraction
    proposed: Decimal
    invoiced: Decimal


def split(entry: Entry, day: date, row: Row, rows: Sequence[Row], terms: Terms) -> tuple[Entry, Entry]:
    """The entry before ``day`` and from ``day`` on; the second is the whole less the first.

    The first part is what billing it alone would have cost, so that a stretch billed
    again after a change differs by the change only. An entry billed otherwise (older
    terms, an import that spans several periods) is shared by days.

    :param row: the row the entry was billed from.
    :param rows: its whole chain, as it was before the change.
    """
    if not entry.period.start < day < entry.period.stop:
        raise ValueError(f"{day} is not inside {entry.period}")
    head, tail = Period(entry.period.start, day), Period(day, entry.period.stop)
    share, proposed = _as_billed(entry, head, row, rows, terms)
    if entry.invoiced == entry.proposed:
        invoiced = proposed
    else:
        weight = share / entry.share if entry.share else Fraction(head.days, entry.period.days)
        invoiced = round_amount(Fraction(entry.invoiced) * weight, row.unit)
    return (
        Entry(head, share, proposed, invoiced),
        Entry(tail, entry.share - share, entry.proposed - proposed, entry.invoiced - invoiced),
    )


def _as_billed(entry: Entry, head: Period, row: Row, rows: Sequence[Row], terms: Terms) -> tuple[Fraction, Decimal]:
    """Share and proposed amount of the first part of an entry."""
    nominal = row.cadence.containing(row.anchor, head.start)
    if nominal.covers(entry.period):
        whole = charge_of(row, entry.period, nominal, rows, terms)
        if (whole.share, whole.amount) == (entry.share, entry.proposed):
            part = charge_of(row, head, nominal, rows, terms)
            return part.share, part.amount
    weight = Fraction(head.days, entry.period.days)
    return entry.share * weight, round_amount(Fraction(entry.proposed) * weight, row.unit)
