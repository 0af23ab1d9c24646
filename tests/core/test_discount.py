"""A discount on a whole document, as percentages of its lines."""

from decimal import Decimal

import pytest
from core.discount import combine, discounted, percent_of, spread_discount
from core.money import round_amount
from core_strategies import amounts
from hypothesis import given
from hypothesis import strategies as st

CENT, STEP, HUNDRED = Decimal("0.01"), Decimal("0.01"), Decimal(100)
prices = amounts(CENT, smallest=1)
percents = st.one_of(st.sampled_from([Decimal(percent) for percent in range(0, 101, 5)]), st.decimals(0, 100, places=2))


def left(lines, discounts):
    return sum(discounted(gross, percent) for (gross, _former), percent in zip(lines, discounts, strict=True))


@pytest.mark.parametrize(
    ("total", "off", "expected"),
    [("33.33", "3.33", "10"), ("100", "12.5", "12.5"), ("300", "100", "33.33"), ("0", "5", "0"), ("50", "80", "100")],
)
def test_known_percentages(total, off, expected):
    assert percent_of(Decimal(total), Decimal(off)) == Decimal(expected)


@given(amounts(CENT, smallest=10_000), st.integers(0, 100))
def test_a_round_percentage_is_read_again(total, percent):
    assert percent_of(total, round_amount(total * percent / HUNDRED)) == percent


@given(prices, amounts(CENT))
def test_the_percentage_takes_the_amount_off_when_a_step_is_less_than_a_cent(total, off):
    found = percent_of(total, off)
    if off <= total <= HUNDRED:
        assert abs((total - discounted(total, found)) - min(off, total)) <= CENT
    if off > total:
        assert found == HUNDRED


@given(percents, percents)
def test_two_discounts_in_a_row_in_any_order(first, second):
    assert combine(first, second) == combine(second, first)
    assert max(first, second) - STEP <= combine(first, second) <= min(HUNDRED, first + second) + STEP
    assert combine(first, Decimal(0)) == first
    assert combine(first, HUNDRED) == HUNDRED


def test_ten_percent_twice_is_nineteen():
    assert combine(Decimal(10), Decimal(10)) == 19


documents = st.lists(st.tuples(prices, percents), min_size=1, max_size=5)


@given(documents, st.integers(0, 100))
def test_spreading_stays_within_what_percentages_can_say(lines, share):
    total = left(lines, [former for _gross, former in lines])
    off = discounted(total, Decimal(share))
    discounts = spread_discount(lines, off)
    steps = sum(gross * STEP / HUNDRED + CENT for gross, _former in lines)
    assert abs(left(lines, discounts) - (total - off)) <= steps
    assert all(0 <= percent <= HUNDRED and percent == round(percent, 2) for percent in discounts)


@given(
    st.lists(amounts(CENT, smallest=1000, largest=50_000), min_size=1, max_size=4),
    amounts(CENT, smallest=2000, largest=5_000),
    st.integers(2000, 8000),
)
def test_a_small_line_takes_the_cents_that_are_left(grosses, small, share):
    """A percentage of two decimals moves a line below 50.00 by less than half a cent."""
    lines = [(gross, Decimal(0)) for gross in [*grosses, small]]
    total = sum(gross for gross, _former in lines)
    off = discounted(total, Decimal(share) / 100)
    assert left(lines, spread_discount(lines, off)) == total - off


def test_nothing_off_changes_nothing():
    lines = [(Decimal("33.33"), Decimal(10)), (Decimal("0.05"), Decimal(0))]
    assert spread_discount(lines, Decimal(0)) == [10, 0]
