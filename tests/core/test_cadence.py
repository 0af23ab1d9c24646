"""Periods counted from their anchor: no drift, no gap, no overlap."""

from calendar import monthrange
from datetime import date, timedelta
from itertools import pairwise

import pytest
from core.cadence import MAX_PERIODS, Cadence, add_months, aligned_anchor
from core.period import FOREVER, Period
from core_strategies import cadences, days
from hypothesis import given
from hypothesis import strategies as st

MONTHLY, QUARTERLY, YEARLY = Cadence("month", 1), Cadence("month", 3), Cadence("year", 1)
INDEXES = st.integers(-60, 120)
aligned_cadences = st.sampled_from(
    [MONTHLY, Cadence("month", 2), QUARTERLY, Cadence("month", 6), YEARLY, Cadence("year", 2)]
)


def is_month_end(day):
    return day.day == monthrange(day.year, day.month)[1]


@pytest.mark.parametrize(
    ("cadence", "anchor", "expected"),
    [
        (MONTHLY, "2026-01-31", ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]),
        (MONTHLY, "2024-01-31", ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"]),
        (MONTHLY, "2026-01-30", ["2026-01-30", "2026-02-28", "2026-03-30", "2026-04-30", "2026-05-30"]),
        (MONTHLY, "2026-11-15", ["2026-11-15", "2026-12-15", "2027-01-15"]),
        (QUARTERLY, "2025-11-30", ["2025-11-30", "2026-02-28", "2026-05-30", "2026-08-30"]),
        (YEARLY, "2024-02-29", ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]),
        (Cadence("week", 1), "2026-12-24", ["2026-12-24", "2026-12-31", "2027-01-07"]),
        (Cadence("week", 2), "2024-02-20", ["2024-02-20", "2024-03-05", "2024-03-19"]),
        (Cadence("day", 10), "2026-02-20", ["2026-02-20", "2026-03-02", "2026-03-12"]),
        (Cadence("year", 3), "2026-07-01", ["2026-07-01", "2029-07-01"]),
    ],
)
def test_known_starts(cadence, anchor, expected):
    anchor = date.fromisoformat(anchor)
    assert [cadence.nth(anchor, k).isoformat() for k in range(len(expected))] == expected


def test_periods_before_the_anchor_are_clamped_too():
    anchor = date(2026, 3, 31)
    assert [MONTHLY.nth(anchor, k) for k in (-3, -2, -1)] == [
        date(2025, 12, 31),
        date(2026, 1, 31),
        date(2026, 2, 28),
    ]


@given(days, st.integers(-400, 400))
def test_adding_months_reaches_the_month_and_keeps_the_day_or_clamps_it(day, months):
    moved = add_months(day, months)
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == months
    assert moved.day == day.day or (moved.day < day.day and is_month_end(moved))


@given(cadences, days, INDEXES)
def test_periods_tile_without_gap_or_overlap(cadence, anchor, k):
    here, following = cadence.period(anchor, k), cadence.period(anchor, k + 1)
    assert here
    assert here.stop == following.start


@given(cadences, days, INDEXES)
def test_every_start_keeps_the_day_of_the_anchor_or_the_month_end(cadence, anchor, k):
    start = cadence.nth(anchor, k)
    if cadence.is_monthly:
        assert start.day == anchor.day or (start.day < anchor.day and is_month_end(start))
        if anchor.day == 31:
            assert is_month_end(start)
    else:
        assert (start - anchor).days == k * cadence.days


@given(cadences, days, st.integers(-1500, 1500))
def test_index_names_the_period_that_contains_the_day(cadence, anchor, offset):
    day = anchor + timedelta(days=offset)
    assert day in cadence.period(anchor, cadence.index(anchor, day))
    assert day in cadence.containing(anchor, day)


@given(cadences, days, INDEXES)
def test_index_is_the_inverse_of_nth(cadence, anchor, k):
    assert cadence.index(anchor, cadence.nth(anchor, k)) == k


@given(cadences, days, st.integers(-800, 800), st.integers(0, 800))
def test_periods_are_those_that_share_a_day_with_the_window(cadence, anchor, offset, length):
    start = anchor + timedelta(days=offset)
    window = Period(start, start + timedelta(days=length))
    periods = list(cadence.periods(anchor, window))
    assert all(period & window for period in periods)
    assert all(a.stop == b.start for a, b in pairwise(periods))
    assert sum((period & window).days for period in periods) == window.days


@given(days)
def test_twelve_months_are_a_year_and_three_a_quarter(anchor):
    assert all(MONTHLY.nth(anchor, 12 * k) == YEARLY.nth(anchor, k) for k in range(-3, 9))
    assert all(MONTHLY.nth(anchor, 3 * k) == QUARTERLY.nth(anchor, k) for k in range(-3, 9))


def test_the_calendar_ends_and_the_cadence_with_it():
    assert MONTHLY.nth(date(9999, 12, 1), 1) == FOREVER
    assert Cadence("week", 1).nth(date(9999, 12, 30), 1) == FOREVER
    assert list(YEARLY.periods(date(9998, 6, 1), Period(date(9999, 1, 1)))) == [
        Period(date(9998, 6, 1), date(9999, 6, 1)),
        Period(date(9999, 6, 1), FOREVER),
    ]


def test_a_window_of_centuries_is_refused_instead_of_endless():
    window = Period(date(1900, 1, 1), date(1900, 1, 1) + timedelta(days=MAX_PERIODS + 1))
    with pytest.raises(OverflowError, match="40000"):
        list(Cadence("day", 1).periods(window.start, window))


@given(st.dates(date(2023, 1, 1), date(2029, 1, 1)), st.integers(1, 31), st.integers(1, 12), aligned_cadences, INDEXES)
def test_aligned_periods_start_on_the_day_asked_or_on_the_month_end(start, day, month, cadence, k):
    first = cadence.nth(aligned_anchor(start, day, month, cadence), k)
    assert first.day == day or (first.day < day and is_month_end(first))
    assert (first.month - month) % cadence.months == 0 or cadence.months > 12


@pytest.mark.parametrize(
    ("start", "day", "month", "cadence", "first_periods"),
    [
        ("2026-07-20", 1, 1, MONTHLY, ["2026-07-01", "2026-08-01", "2026-09-01"]),
        ("2026-07-20", 31, 1, MONTHLY, ["2026-06-30", "2026-07-31", "2026-08-31"]),
        ("2026-07-20", 1, 1, QUARTERLY, ["2026-07-01", "2026-10-01", "2027-01-01"]),
        ("2026-07-20", 31, 2, QUARTERLY, ["2026-05-31", "2026-08-31", "2026-11-30"]),
        ("2026-07-20", 1, 4, YEARLY, ["2026-04-01", "2027-04-01", "2028-04-01"]),
        ("2026-07-20", 31, 2, YEARLY, ["2026-02-28", "2027-02-28", "2028-02-29"]),
    ],
)
def test_known_alignments(start, day, month, cadence, first_periods):
    start = date.fromisoformat(start)
    anchor = aligned_anchor(start, day, month, cadence)
    k = cadence.index(anchor, start)
    assert [cadence.nth(anchor, k + n).isoformat() for n in range(3)] == first_periods


@pytest.mark.parametrize(("unit", "interval"), [("fortnight", 1), ("month", 0), ("day", -1)])
def test_a_recurrence_that_means_nothing_is_refused(unit, interval):
    with pytest.raises(ValueError, match="recurrence"):
        Cadence(unit, interval)
