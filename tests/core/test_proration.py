"""Shares of a period: five policies, one law (any partition sums to exactly 1)."""

from datetime import date
from fractions import Fraction
from itertools import pairwise

import pytest
from core.cadence import Cadence
from core.period import Period
from core.proration import POLICIES, Nominal
from core_strategies import cadences, days, partitions
from hypothesis import given
from hypothesis import strategies as st

MONTHLY, QUARTERLY = Cadence("month", 1), Cadence("month", 3)
LINEAR = ["exact_days", "months_then_days", "thirty_360"]


def whole(cadence, anchor, k=0):
    """A nominal period served from its first day to its last."""
    period = cadence.period(anchor, k)
    return Nominal(period, cadence, anchor, first_served=period.start, is_complete=True)


def share(policy, start, stop, nominal):
    elapsed = POLICIES[policy]
    return elapsed(date.fromisoformat(stop), nominal) - elapsed(date.fromisoformat(start), nominal)


@st.composite
def nominals(draw):
    return whole(draw(cadences), draw(days), draw(st.integers(-5, 40)))


@pytest.mark.parametrize("policy", sorted(POLICIES))
@given(data=st.data(), nominal=nominals())
def test_shares_of_a_partition_sum_to_exactly_one(policy, data, nominal):
    elapsed = POLICIES[policy]
    parts = data.draw(partitions(nominal.period))
    parts = [elapsed(part.stop, nominal) - elapsed(part.start, nominal) for part in parts]
    assert sum(parts) == 1
    assert all(0 <= part <= 1 for part in parts)


@pytest.mark.parametrize("policy", LINEAR)
@given(data=st.data(), nominal=nominals())
def test_the_share_does_not_depend_on_what_else_is_served(policy, data, nominal):
    day = data.draw(st.dates(nominal.period.start, nominal.period.stop))
    partly = Nominal(nominal.period, nominal.cadence, nominal.anchor, first_served=day, is_complete=False)
    assert POLICIES[policy](day, nominal) == POLICIES[policy](day, partly)


@given(nominal=nominals(), data=st.data())
def test_exact_days_gives_every_day_the_same_share(nominal, data):
    day = data.draw(st.dates(nominal.period.start, nominal.period.stop))
    elapsed = POLICIES["exact_days"](day, nominal)
    assert elapsed * nominal.period.days == (day - nominal.period.start).days


@given(days, st.sampled_from([2, 3, 6, 12]), st.integers(-5, 20), st.data())
def test_months_then_days_counts_whole_months_alike(anchor, interval, k, data):
    cadence = Cadence("month", interval)
    months = data.draw(st.integers(0, interval))
    day = MONTHLY.nth(anchor, k * interval + months)
    assert POLICIES["months_then_days"](day, whole(cadence, anchor, k)) == Fraction(months, interval)


@given(days, st.sampled_from([1, 2, 3, 6, 12]), st.integers(-5, 20), st.data())
def test_months_then_days_splits_a_month_by_its_days(anchor, interval, k, data):
    cadence = Cadence("month", interval)
    month = MONTHLY.period(anchor, k * interval + data.draw(st.integers(0, interval - 1)))
    day = data.draw(st.dates(month.start, month.stop))
    elapsed, nominal = POLICIES["months_then_days"], whole(cadence, anchor, k)
    assert elapsed(day, nominal) - elapsed(month.start, nominal) == Fraction(
        (day - month.start).days, month.days * interval
    )


@given(st.dates(date(2023, 1, 1), date(2027, 1, 1)), st.sampled_from([1, 3, 12]), st.data())
def test_thirty_360_gives_every_month_of_an_early_anchor_the_same_share(anchor, interval, data):
    anchor = anchor.replace(day=min(anchor.day, 28))
    months = data.draw(st.integers(0, interval))
    nominal = whole(Cadence("month", interval), anchor)
    assert POLICIES["thirty_360"](MONTHLY.nth(anchor, months), nominal) == Fraction(months, interval)


@given(st.sampled_from([Cadence("week", 1), Cadence("week", 2), Cadence("day", 10)]), days, st.data())
def test_weeks_and_days_are_always_shared_by_days(cadence, anchor, data):
    nominal = whole(cadence, anchor)
    day = data.draw(st.dates(nominal.period.start, nominal.period.stop))
    assert len({POLICIES[policy](day, nominal) for policy in LINEAR}) == 1


@given(nominals(), st.data())
def test_full_period_charges_the_first_day_served_and_nothing_else(nominal, data):
    first = data.draw(st.dates(nominal.period.start, nominal.period.end))
    nominal = Nominal(nominal.period, nominal.cadence, nominal.anchor, first_served=first, is_complete=False)
    served = Period(first, nominal.period.stop)
    parts = data.draw(partitions(served))
    elapsed = POLICIES["full_period"]
    parts = [elapsed(part.stop, nominal) - elapsed(part.start, nominal) for part in parts]
    assert parts == [1] + [0] * (len(parts) - 1)


@given(nominals(), st.data())
def test_free_charges_nothing_of_a_part(nominal, data):
    partly = Nominal(
        nominal.period, nominal.cadence, nominal.anchor, first_served=nominal.period.start, is_complete=False
    )
    edges = data.draw(partitions(nominal.period))
    assert {POLICIES["free"](part.stop, partly) for part in edges} == {0}


@pytest.mark.parametrize("policy", sorted(POLICIES))
@given(nominal=nominals())
def test_elapsed_never_goes_back(policy, nominal):
    elapsed = POLICIES[policy]
    step = max(1, nominal.period.days // 20)
    ordinals = range(nominal.period.start.toordinal(), nominal.period.stop.toordinal() + 1, step)
    values = [elapsed(date.fromordinal(ordinal), nominal) for ordinal in ordinals]
    assert all(a <= b for a, b in pairwise(values))
    assert values[0] == 0


@pytest.mark.parametrize(
    ("policy", "cadence", "anchor", "start", "stop", "expected"),
    [
        ("exact_days", MONTHLY, "2026-07-01", "2026-07-20", "2026-08-01", Fraction(12, 31)),
        ("exact_days", MONTHLY, "2026-08-01", "2026-08-10", "2026-09-01", Fraction(22, 31)),
        ("exact_days", MONTHLY, "2024-02-01", "2024-02-15", "2024-03-01", Fraction(15, 29)),
        ("exact_days", MONTHLY, "2026-01-31", "2026-01-31", "2026-02-14", Fraction(14, 28)),
        ("exact_days", QUARTERLY, "2026-01-01", "2026-01-01", "2026-02-01", Fraction(31, 90)),
        ("months_then_days", QUARTERLY, "2026-01-01", "2026-01-01", "2026-02-01", Fraction(1, 3)),
        ("months_then_days", QUARTERLY, "2026-01-31", "2026-02-28", "2026-03-31", Fraction(1, 3)),
        ("months_then_days", QUARTERLY, "2026-01-01", "2026-01-01", "2026-02-15", Fraction(1, 2)),
        ("months_then_days", MONTHLY, "2026-07-01", "2026-07-20", "2026-08-01", Fraction(12, 31)),
        ("thirty_360", MONTHLY, "2026-07-01", "2026-07-20", "2026-08-01", Fraction(11, 30)),
        ("thirty_360", MONTHLY, "2026-02-01", "2026-02-15", "2026-03-01", Fraction(16, 30)),
        ("thirty_360", QUARTERLY, "2026-01-01", "2026-01-01", "2026-02-01", Fraction(1, 3)),
        ("thirty_360", MONTHLY, "2026-07-01", "2026-07-30", "2026-07-31", Fraction(0)),
        ("thirty_360", MONTHLY, "2026-07-01", "2026-07-31", "2026-08-01", Fraction(1, 30)),
        ("full_period", MONTHLY, "2026-07-01", "2026-07-01", "2026-07-02", Fraction(1)),
        ("free", MONTHLY, "2026-07-01", "2026-07-20", "2026-08-01", Fraction(12, 31)),
    ],
)
def test_known_shares(policy, cadence, anchor, start, stop, expected):
    assert share(policy, start, stop, whole(cadence, date.fromisoformat(anchor))) == expected
