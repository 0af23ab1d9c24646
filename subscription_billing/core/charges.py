"""Propose every charge that is due, subtract what the ledger already holds.

::

    rows        |—— 100.00 ——————————|—— 120.00 ————————————————▶
    ledger      |█ billed █|█ billed █|
    proposed                          |░ charge ░|░ charge ░|   (due on or before ``until``)

There is no other memory: a catch-up, a retry, a preview and a simulation are the
same call, and a second call after the first was written proposes nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from .cadence import Cadence
from .money import CENT, portion
from .period import FOREVER, Period
from .proration import POLICIES, Nominal

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Terms:
    """How a contract bills: what every row of it shares."""

    billing_timing: str = "advance"
    lead_days: int = 0
    proration_policy: str = "exact_days"


@dataclass(frozen=True, slots=True)
class Row:
    """A dated row of a chain, as its billing needs it.

    :param key: identity of the row for the caller.
    :param whole: price of a whole period, discount off, rounded, in the row's currency.
    :param kind: ``recurring``, ``usage`` or ``one_off``.
    :param covered_until: every day before it is in the ledger already.
    """

    key: Any
    period: Period
    cadence: Cadence
    anchor: date
    whole: Decimal
    kind: str = "recurring"
    covered_until: date = date.min
    unit: Decimal = CENT


@dataclass(frozen=True, slots=True)
class Charge:
    """A proposed amount for one stretch of a row; never stored as such.

    ``share`` is the part of the nominal period that the stretch is worth.
    """

    key: Any
    period: Period
    nominal: Period
    share: Fraction
    amount: Decimal
    due: date
    kind: str = "recurring"


def bounds(rows: Sequence[Row]) -> Period:
    """From the first to the last day that a chain serves; rows replaced at once serve none."""
    served = [row.period for row in rows if row.period]
    return Period(min(period.start for period in served), max(period.stop for period in served))


def counts_alike(row: Row, other: Row) -> bool:
    """Whether two rows of a chain have the same periods; a change of recurrence or anchor begins others."""
    return (row.cadence, row.anchor) == (other.cadence, other.anchor)


def counted_until(row: Row, rows: Sequence[Row]) -> date:
    """The day on which the chain ends, or goes on with other periods."""
    later = (other for other in rows if other.period and other.period.start >= row.period.stop)
    return min((other.period.start for other in later if not counts_alike(row, other)), default=bounds(rows).stop)


def due_date(stretch: Period, nominal: Period, last: date, kind: str, terms: Terms) -> date:
    """The day from which a stretch may be billed.

    In advance: its first day, less the lead. In arrears, as usage always is: the day
    after the period, or ``last`` when the service ends or counts otherwise before.
    """
    if kind == "usage" or (kind == "recurring" and terms.billing_timing == "arrears"):
        return min(nominal.stop, last)
    return stretch.start - timedelta(days=terms.lead_days)


def nominal_periods(row: Row, window: Period) -> Iterator[Period]:
    """The whole periods of a row's cadence that touch ``window``; a one-off is one day."""
    if row.kind == "one_off":
        return iter([Period(row.period.start, row.period.start + ONE_DAY)])
    return row.cadence.periods(row.anchor, window)


def as_served(row: Row, nominal: Period, rows: Sequence[Row]) -> Nominal:
    """The nominal period with what the whole chain serves of it."""
    served = [part for other in rows if (part := other.period & nominal)]
    alike = [part for other in rows if counts_alike(row, other) and (part := other.period & nominal)]
    return Nominal(
        period=nominal,
        cadence=row.cadence,
        anchor=row.anchor,
        first_served=min(part.start for part in alike),
        is_complete=not nominal.subtract(served),
    )


def shares(row: Row, stretch: Period, nominal: Period, rows: Sequence[Row], policy: str) -> tuple[Fraction, Fraction]:
    """Cumulated shares of ``nominal`` at both ends of ``stretch``."""
    if row.kind == "one_off":
        return Fraction(0), Fraction(1)
    elapsed, served = POLICIES[policy], as_served(row, nominal, rows)
    return elapsed(stretch.start, served), elapsed(stretch.stop, served)


def charge_of(row: Row, stretch: Period, nominal: Period, rows: Sequence[Row], terms: Terms) -> Charge:
    """What ``stretch`` of a row costs, whether it is billed already or not."""
    start, stop = shares(row, stretch, nominal, rows, terms.proration_policy)
    return Charge(
        key=row.key,
        period=stretch,
        nominal=nominal,
        share=stop - start,
        amount=portion(row.whole, start, stop, row.unit),
        due=due_date(row.period & nominal, nominal, counted_until(row, rows), row.kind, terms),
        kind=row.kind,
    )


def worth(rows: Sequence[Row], window: Period, terms: Terms) -> Decimal:
    """What a chain costs in ``window``, billed or not."""
    return sum(
        (
            charge_of(row, stretch & nominal, nominal, rows, terms).amount
            for row in rows
            if (stretch := row.period & window)
            for nominal in nominal_periods(row, stretch)
        ),
        Decimal(0),
    )


def uncovered(rows: Sequence[Row], ledger: Iterable[Period], terms: Terms) -> Iterator[Charge]:
    """Every charge of one chain that the ledger does not hold, in order, without end.

    :param rows: the rows of one chain, disjoint.
    :param ledger: the stretches that count as settled.
    """
    settled = list(ledger)
    for row in sorted(rows, key=lambda row: row.period.start):
        window = row.period & Period(max(row.period.start, row.covered_until), FOREVER)
        for open_stretch in window.subtract(settled):
            for nominal in nominal_periods(row, open_stretch):
                yield charge_of(row, open_stretch & nominal, nominal, rows, terms)


def propose(rows: Sequence[Row], ledger: Iterable[Period], terms: Terms, until: date) -> list[Charge]:
    """The charges of one chain due on or before ``until`` and not yet in the ledger."""
    charges = []
    for charge in uncovered(rows, ledger, terms):
        if charge.due > until:
            break
        charges.append(charge)
    return charges


def next_due(rows: Sequence[Row], ledger: Iterable[Period], terms: Terms) -> date | None:
    """The day on which the chain has its next charge; None when all is settled."""
    return next((charge.due for charge in uncovered(rows, ledger, terms)), None)


def covered_until(rows: Sequence[Row], ledger: Iterable[Period]) -> date:
    """The first served day that the ledger does not hold; ``FOREVER`` when there is none."""
    settled = list(ledger)
    for row in sorted(rows, key=lambda row: row.period.start):
        for stretch in row.period.subtract(settled):
            return stretch.start
    return FOREVER


def holes(rows: Sequence[Row]) -> list[Period]:
    """The days between the rows of a chain that none of them serves: its pauses."""
    ordered = sorted(row.period for row in rows if row.period)
    return [Period(a.stop, b.start) for a, b in pairwise(ordered) if a.stop < b.start]
