"""The vectors come from printed examples; each says which."""

from decimal import Decimal as D
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from revision.formula import Limits, Rounding, Term, by_amount, by_index, by_percentage, reprice, round_fraction

WHOLE = D(1)


def index(price, base, current, **options):
    price = D(str(price))
    return by_index(price, price, [Term(options.pop("weight", WHOLE), D(base), D(current))], **options)


def test_worked_example_of_the_month_of_february():
    """500 x 246.8 / 245.6 = 502.44, +0.4886 %."""
    result = index(500, "245.6", "246.8")
    assert (result.price, round(result.coefficient, 6)) == (D("502.44"), D("1.004886"))


def test_worked_example_of_the_last_published_values():
    """On 01/02/2015 December 2014 (246.1) was the last one, on 01/02/2014 December 2013 (244.9)."""
    assert index(500, "244.9", "246.1").price == D("502.45")


def test_percentage_rounded_to_two_decimals_first():
    """juristique.org/en/syntec-index: 10000 from November 2012 to November 2013."""
    assert index(10000, "242.6", "245.6").price == D("10123.66")
    assert index(10000, "242.6", "245.6", rounding=Rounding("coefficient", 4)).price == D("10124.00")


def test_fixed_part_and_linked_value():
    """intendancezone.net, article 1236: 1767 x (0.15 + 0.85 x 294.6 / 280)."""
    result = index(1767, "280", "294.6", weight=D("0.85"), fixed=D("0.15"))
    assert result.price == D("1845.32")


def test_coefficient_rounded_up_to_the_third_decimal():
    """forumterritorial, topic 40302: 0.15 + 0.85 x 130.5 / 121.2 = 1.065223, up to 1.066."""
    result = index(1000, "121.2", "130.5", weight=D("0.85"), fixed=D("0.15"), rounding=Rounding("coefficient", 3, "up"))
    assert result.price == D("1066.00")
    assert [(step.rule, step.after) for step in result.steps] == [("coefficient", "1.066")]


def test_coefficient_at_four_decimals():
    """macalculatriceenligne.com: 100000 from 120.3 to 132.8."""
    assert index(100000, "120.3", "132.8", rounding=Rounding("coefficient", 4)).price == D("110390")
    assert index(100000, "120.3", "132.8").price == D("110390.69")


def test_junction_of_2022():
    """July 2021 (old 275.8) to August 2023 (revised 305.7 x 0.97975): x 1.08597, never 1.10841 nor 1.13132."""
    exact = Fraction("305.7") * Fraction("0.97975") / Fraction("275.8")
    assert round(float(exact), 5) == 1.08597


def test_decrease_and_its_floor():
    """July 2013 (246.0) to April 2014 (244.7)."""
    assert index(1000, "246.0", "244.7").price == D("994.72")
    assert index(1000, "246.0", "244.7", limits=Limits(never_below=True)).price == D("1000.00")


@pytest.mark.parametrize(
    ("limits", "price", "rule"),
    [
        (Limits(cap=D(3)), "103.00", "cap"),
        (Limits(minimum=D(8)), "108.00", "minimum"),
        (Limits(deadband=D(6)), "100.00", "deadband"),
        (Limits(deadband=D(5)), "105.00", None),
        (Limits(cap=D(3), minimum=D(8)), "103.00", "cap"),
    ],
)
def test_limits_of_a_rise_of_five_percent(limits, price, rule):
    result = index(100, "100", "105", limits=limits)
    assert result.price == D(price)
    assert (result.steps[-1].rule if result.steps else None) == rule


def test_floor_of_a_fall():
    assert index(100, "100", "90", limits=Limits(floor=D(2))).price == D("98.00")


@pytest.mark.parametrize(("method", "expected"), [("half_up", "1.235"), ("up", "1.235"), ("down", "1.234")])
def test_three_ways_to_round(method, expected):
    assert round_fraction(Fraction("1.2345"), 3, method) == Fraction(expected)
    assert round_fraction(Fraction("-1.2345"), 3, method) == -Fraction(expected)


def test_composite_formula():
    terms = [Term(D("0.6"), D("200"), D("210")), Term(D("0.25"), D("50"), D("49"))]
    result = by_index(D(1000), D(1000), terms, fixed=D("0.15"))
    assert result.price == D("1025.00")


@pytest.mark.parametrize(("fixed", "weight"), [("0.15", "1"), ("-0.1", "1.1"), ("0.5", "0.4"), ("1", "0")])
def test_parts_that_make_no_whole_are_refused(fixed, weight):
    with pytest.raises(ValueError):
        by_index(D(1), D(1), [Term(D(weight), D(1), D(1))], fixed=D(fixed))


@pytest.mark.parametrize("base", ["0", "-1"])
def test_a_base_that_is_not_positive_is_refused(base):
    with pytest.raises(ValueError):
        index(1, base, "1")


def test_percentage_and_amount():
    assert by_percentage(D("100.10"), D(2)).price == D("102.10")
    assert by_amount(D("100.10"), D(5)).price == D("105.10")
    assert by_amount(D(100), D(5), limits=Limits(cap=D(3))).price == D("103.00")


PRICES = st.decimals("0.01", "1000000", places=2)
VALUES = st.decimals("0.1", "5000", places=1)
PERCENTS = st.one_of(st.none(), st.decimals("0", "50", places=2))
LIMITS = st.builds(Limits, PERCENTS, PERCENTS, PERCENTS, PERCENTS, st.booleans())
ROUNDINGS = st.builds(
    Rounding,
    st.sampled_from(["ratio", "coefficient", "price"]),
    st.integers(2, 6),
    st.sampled_from(["half_up", "up", "down"]),
)


@given(PRICES, VALUES, ROUNDINGS)
def test_equal_values_change_nothing(price, value, rounding):
    result = index(price, value, value, rounding=rounding)
    assert (result.price, result.coefficient) == (price, 1)


@given(PRICES, VALUES, VALUES, VALUES, ROUNDINGS)
def test_a_higher_index_never_gives_a_lower_price(price, base, one, other, rounding):
    low, high = sorted((one, other))
    assert index(price, base, low, rounding=rounding).price <= index(price, base, high, rounding=rounding).price


@given(PRICES, VALUES, VALUES, LIMITS)
def test_the_price_stays_inside_cap_and_floor(price, base, current, limits):
    result = index(price, base, current, limits=limits)
    cent = D("0.01")
    if limits.cap is not None and not limits.never_below:
        assert result.price <= price * (1 + limits.cap / 100) + cent
    if limits.floor is not None and (limits.cap is None):
        assert result.price >= price * (1 - limits.floor / 100) - cent
    if limits.never_below:
        assert result.price >= price


@given(PRICES, st.lists(VALUES, min_size=2, max_size=6))
def test_chained_is_fixed_without_rounding_and_limits(price, values):
    """Chaining exact ratios telescopes: only rounded prices in between can differ."""
    exact = Fraction(price)
    for base, current in zip(values, values[1:], strict=False):
        exact *= Fraction(current) / Fraction(base)
    fixed = index(price, values[0], values[-1]).price
    assert round_fraction(exact, 2) == Fraction(fixed)


@given(PRICES, PRICES, PRICES)
def test_other_prices_of_the_line_move_in_proportion(price, old, new):
    assume(old)
    assert reprice(old, old, new) == new
    assert abs(reprice(price, old, new) * old - price * new) <= old * D("0.005")
