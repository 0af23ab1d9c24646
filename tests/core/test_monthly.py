"""What a line is worth each month."""

from decimal import Decimal
from fractions import Fraction

import pytest
from core.cadence import Cadence
from core.monthly import monthly_equivalent, months_of
from core_strategies import amounts, cadences
from hypothesis import given
from hypothesis import strategies as st

CENT = Decimal("0.01")


@pytest.mark.parametrize(
    ("amount", "unit", "interval", "expected"),
    [
        ("1200", "year", 1, "100.00"),
        ("3600", "year", 3, "100.00"),
        ("100", "month", 1, "100.00"),
        ("300", "month", 3, "100.00"),
        ("100", "month", 3, "33.33"),
        ("100", "week", 1, "434.82"),
        ("200", "week", 2, "434.82"),
        ("1", "day", 1, "30.44"),
        ("100", "day", 30, "101.46"),
        ("-1200", "year", 1, "-100.00"),
        ("0", "week", 1, "0.00"),
    ],
)
def test_known_months(amount, unit, interval, expected):
    assert monthly_equivalent(Decimal(amount), Cadence(unit, interval)) == Decimal(expected)


@given(st.integers(1, 36))
def test_the_same_price_in_months_and_in_years(interval):
    assert months_of(Cadence("year", interval)) == months_of(Cadence("month", 12 * interval))


@given(st.integers(1, 60))
def test_the_same_price_in_days_and_in_weeks(interval):
    assert months_of(Cadence("week", interval)) == months_of(Cadence("day", 7 * interval))


def test_four_years_of_days_are_forty_eight_months():
    assert months_of(Cadence("day", 4 * 365 + 1)) == 48


@given(cadences, st.integers(1, 12))
def test_twice_as_rare_is_half_as_much(cadence, times):
    rarer = Cadence(cadence.unit, cadence.interval * times)
    assert months_of(rarer) == times * months_of(cadence)


@given(cadences, amounts(CENT))
def test_rounded_once_and_the_sign_mirrors(cadence, amount):
    monthly = monthly_equivalent(amount, cadence)
    assert abs(Fraction(monthly) * months_of(cadence) - Fraction(amount)) <= months_of(cadence) / 200
    assert monthly_equivalent(-amount, cadence) == -monthly


def test_the_unit_of_the_currency_is_kept():
    assert monthly_equivalent(Decimal(1000), Cadence("month", 3), Decimal(1)) == 333
    assert monthly_equivalent(Decimal(1000), Cadence("month", 3), Decimal("0.05")) == Decimal("333.35")
