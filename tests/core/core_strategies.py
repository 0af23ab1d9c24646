"""What hypothesis draws: days that hurt, cadences, prices and chains of dated rows."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from core.cadence import Cadence
from core.charges import Row, Terms
from core.period import FOREVER, Period
from core.proration import POLICIES
from hypothesis import strategies as st

EPOCH = date(2023, 1, 1)
MONTH_ENDS = [date(2023 + m // 12, m % 12 + 1, 1) - timedelta(days=1) for m in range(1, 60)]
SPECIAL = [date(2024, 2, 29), date(2023, 2, 28), date(2024, 1, 30), date(2024, 1, 29), date(2024, 12, 31)]

days = st.one_of(
    st.sampled_from(SPECIAL),
    st.sampled_from(MONTH_ENDS),
    st.dates(EPOCH, date(2027, 12, 31)),
)

cadences = st.one_of(
    st.builds(Cadence, st.just("month"), st.sampled_from([1, 2, 3, 6, 12])),
    st.builds(Cadence, st.just("year"), st.integers(1, 3)),
    st.builds(Cadence, st.just("week"), st.sampled_from([1, 2, 4, 13])),
    st.builds(Cadence, st.just("day"), st.sampled_from([1, 10, 30, 90])),
)
# a chain of years with a cadence of days would only be slow
billing_cadences = cadences.filter(lambda cadence: (cadence.unit, cadence.interval) != ("day", 1))

units = st.sampled_from([Decimal("0.01"), Decimal("1"), Decimal("0.001"), Decimal("0.05")])
policies = st.sampled_from(sorted(POLICIES))
terms = st.builds(
    Terms,
    billing_timing=st.sampled_from(["advance", "arrears"]),
    lead_days=st.sampled_from([0, 0, 1, 15, 45]),
    proration_policy=policies,
)


def amounts(unit, *, smallest=0, largest=200_000):
    """Multiples of the currency's unit, as every stored price of a period is."""
    return st.integers(smallest, largest).map(lambda steps: steps * unit)


@st.composite
def partitions(draw, period, *, largest=5):
    """The period cut in a few consecutive stretches."""
    cuts = draw(st.sets(st.integers(1, period.days - 1), max_size=largest)) if period.days > 1 else ()
    edges = [period.start, *(period.start + timedelta(days=cut) for cut in sorted(cuts)), period.stop]
    return [Period(a, b) for a, b in pairwise(edges)]


@st.composite
def chains(draw, *, ending=None, holes=True, mixed=True):
    """The rows of one chain: consecutive, sometimes paused, replaced at once or without end.

    :param mixed: let a row change the recurrence or the anchor of the one before.
    """
    cadence, anchor, unit = draw(billing_cadences), draw(days), draw(units)
    cursor = anchor + timedelta(days=draw(st.one_of(st.just(0), st.integers(-200, 200))))
    rows = []
    for key in range(draw(st.integers(1, 4))):
        if key and holes:
            cursor += timedelta(days=draw(st.sampled_from([0, 0, 0, 1, 20, 40])))
        if key and mixed:
            cadence = draw(st.one_of(st.just(cadence), st.just(cadence), billing_cadences))
            anchor = draw(st.sampled_from([anchor, anchor, cursor]))
        length = draw(st.one_of(st.integers(0, 70), st.integers(71, 200)))
        whole = draw(amounts(unit))
        rows.append(Row(key, Period(cursor, cursor + timedelta(days=length)), cadence, anchor, whole, unit=unit))
        cursor = rows[-1].period.stop
    if draw(st.booleans()) if ending is None else not ending:
        whole = draw(amounts(unit))
        rows.append(Row(len(rows), Period(cursor, FOREVER), cadence, anchor, whole, unit=unit))
    return rows


def horizon(rows):
    """A day well after the last change of a chain."""
    starts = [row.period.start for row in rows]
    stops = [row.period.stop for row in rows if row.period.stop != FOREVER]
    return max(starts + stops) + timedelta(days=150)


def total(charges):
    return sum((charge.amount for charge in charges), Decimal(0))
