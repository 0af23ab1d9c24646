"""Sets of days: every operation is checked day by day against Python's sets."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from core.period import FOREVER, Period
from hypothesis import given
from hypothesis import strategies as st

START = date(2024, 2, 20)


def day(number):
    return START + timedelta(days=number)


periods = st.builds(
    lambda first, length: Period(day(first), day(first + length)), st.integers(0, 25), st.integers(0, 25)
)


def members(period):
    return {day(n) for n in range(60) if day(n) in period}


def test_a_period_holds_its_first_day_and_not_its_stop():
    february = Period(date(2024, 2, 1), date(2024, 3, 1))
    assert date(2024, 2, 1) in february
    assert date(2024, 2, 29) in february
    assert date(2024, 3, 1) not in february
    assert february.days == 29
    assert february.end == date(2024, 2, 29)


def test_a_period_without_stop_goes_on_forever():
    assert Period(START) == Period(START, FOREVER)
    assert date(9999, 12, 30) in Period(START)


def test_a_period_cannot_stop_before_it_starts():
    with pytest.raises(ValueError, match="2024-02-19"):
        Period(START, day(-1))


@given(periods)
def test_days_count_the_members(period):
    assert period.days == len(members(period))
    assert bool(period) == bool(members(period))


@given(periods, periods)
def test_intersection_is_the_days_in_both(a, b):
    assert members(a & b) == members(a) & members(b)
    assert bool(a & b) == bool(members(a) & members(b))


@given(periods, periods)
def test_covers_means_every_day_of_the_other(a, b):
    if b:
        assert a.covers(b) == (members(b) <= members(a))


@given(periods, st.lists(periods, max_size=5))
def test_subtract_leaves_the_days_that_nothing_covers(period, others):
    left = period.subtract(others)
    assert set().union(*map(members, left)) == members(period).difference(*map(members, others))


@given(periods, st.lists(periods, max_size=5))
def test_subtract_gives_maximal_stretches_in_order(period, others):
    left = period.subtract(others)
    assert all(left)
    assert all(a.stop < b.start for a, b in pairwise(left))


@given(periods)
def test_nothing_is_left_of_a_period_less_itself(period):
    assert period.subtract([period]) == []
    assert period.subtract([]) == ([period] if period else [])
