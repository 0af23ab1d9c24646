"""One rounding, half away from zero; parts that add up."""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from core.money import net_price, portion, round_amount, spread
from core_strategies import amounts, units
from hypothesis import given
from hypothesis import strategies as st

fractions = st.fractions(-10_000, 10_000, max_denominator=400)
shares = st.fractions(0, 1, max_denominator=366)


@pytest.mark.parametrize(
    ("amount", "unit", "expected"),
    [
        ("0.005", "0.01", "0.01"),
        ("-0.005", "0.01", "-0.01"),
        ("2.675", "0.01", "2.68"),
        ("1.0049", "0.01", "1.00"),
        ("0.5", "1", "1"),
        ("2.5", "1", "3"),
        ("-2.5", "1", "-3"),
        ("12.324", "0.05", "12.30"),
        ("12.325", "0.05", "12.35"),
        ("1.2345", "0.001", "1.235"),
    ],
)
def test_known_roundings(amount, unit, expected):
    amount, unit, expected = Decimal(amount), Decimal(unit), Decimal(expected)
    assert round_amount(amount, unit) == expected
    assert round_amount(Fraction(amount), unit) == expected


@given(fractions, units)
def test_rounding_takes_the_nearest_step_and_halves_go_away_from_zero(amount, unit):
    rounded = Fraction(round_amount(amount, unit))
    step = Fraction(unit)
    assert (rounded / step).denominator == 1
    assert abs(rounded - amount) <= step / 2
    if abs(rounded - amount) == step / 2:
        assert abs(rounded) > abs(amount)


@given(st.decimals(-10_000, 10_000, places=5), units)
def test_decimals_and_fractions_round_alike(amount, unit):
    assert round_amount(amount, unit) == round_amount(Fraction(amount), unit)


@given(fractions, units)
def test_rounding_twice_changes_nothing_and_a_credit_mirrors_its_charge(amount, unit):
    rounded = round_amount(amount, unit)
    assert round_amount(rounded, unit) == rounded
    assert round_amount(-amount, unit) == -rounded


@given(st.data(), units)
def test_portions_of_a_partition_sum_to_the_whole(data, unit):
    whole = data.draw(amounts(unit, smallest=-200_000))
    cuts = data.draw(st.lists(shares, max_size=6).map(sorted))
    edges = [Fraction(0), *cuts, Fraction(1)]
    parts = [portion(whole, a, b, unit) for a, b in pairwise(edges)]
    assert sum(parts) == whole
    assert all((Fraction(part) / Fraction(unit)).denominator == 1 for part in parts)


@given(st.data(), units, shares, shares)
def test_a_portion_is_within_one_step_of_its_exact_share(data, unit, one, other):
    start, stop = sorted((one, other))
    whole = data.draw(amounts(unit))
    part = portion(whole, start, stop, unit)
    assert abs(Fraction(part) - Fraction(whole) * (stop - start)) <= Fraction(unit)
    assert part >= 0


@given(st.data(), units, st.lists(st.decimals(0, 1000, places=2), min_size=1, max_size=8))
def test_a_total_is_spread_to_the_cent_in_proportion(data, unit, weights):
    total = data.draw(amounts(unit))
    parts = spread(total, weights, unit)
    assert sum(parts) == total
    whole = sum(map(Fraction, weights))
    for part, weight in zip(parts, weights, strict=True):
        share = Fraction(weight) / whole if whole else Fraction(1, len(weights))
        assert abs(Fraction(part) - Fraction(total) * share) <= Fraction(unit)


def test_a_hundred_in_three():
    assert spread(Decimal(100), [Decimal(1)] * 3) == [Decimal("33.33"), Decimal("33.34"), Decimal("33.33")]
    assert spread(Decimal(100), [Decimal(0)] * 4) == [Decimal(25)] * 4


@given(
    st.decimals(0, 10_000, places=4),
    st.decimals(-100_000, 100_000, places=6),
    st.decimals(0, 100, places=2),
    units,
)
def test_the_net_price_is_rounded_once(quantity, price, discount, unit):
    exact = Fraction(quantity) * Fraction(price) * (100 - Fraction(discount)) / 100
    assert net_price(quantity, price, discount, unit) == round_amount(exact, unit)


@pytest.mark.parametrize(
    ("quantity", "price", "discount", "expected"),
    [
        ("1", "100", "0", "100.00"),
        ("3", "33.333", "0", "100.00"),
        ("1", "99.99", "50", "50.00"),
        ("2", "10", "100", "0"),
    ],
)
def test_known_net_prices(quantity, price, discount, expected):
    assert net_price(Decimal(quantity), Decimal(price), Decimal(discount)) == Decimal(expected)
