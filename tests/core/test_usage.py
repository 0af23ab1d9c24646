"""The price of consumption: included, minimum, and no difference for late events."""

from decimal import Decimal

import pytest
from core.money import round_amount
from core.usage import Tariff, Window, rate
from core_strategies import amounts, units
from hypothesis import given
from hypothesis import strategies as st

quantities = st.decimals(0, 500, places=2)


@st.composite
def tariffs(draw):
    unit = draw(units)
    return Tariff(
        price_unit=draw(st.decimals(0, 50, places=4)),
        discount=draw(st.sampled_from([Decimal(0), Decimal(10), Decimal("33.33"), Decimal(100)])),
        included=draw(st.one_of(st.just(Decimal(0)), quantities)),
        minimum=draw(st.one_of(st.just(Decimal(0)), amounts(unit, largest=50_000))),
        unit=unit,
    )


@pytest.mark.parametrize(
    ("quantity", "expected"), [("0", "20.00"), ("100", "20.00"), ("110", "20.00"), ("150", "50.00"), ("150.5", "50.50")]
)
def test_a_hundred_included_then_a_euro_each_and_twenty_at_least(quantity, expected):
    tariff = Tariff(Decimal(1), included=Decimal(100), minimum=Decimal(20))
    assert tariff.amount(Decimal(quantity)) == Decimal(expected)


@given(tariffs(), quantities, quantities)
def test_using_more_never_costs_less(tariff, one, other):
    less, more = sorted((one, other))
    assert tariff.minimum <= tariff.amount(less) <= tariff.amount(more)


@given(tariffs(), quantities)
def test_what_is_included_costs_only_the_minimum(tariff, quantity):
    used = min(quantity, tariff.included)
    assert tariff.billable(used) == 0
    assert tariff.amount(used) == tariff.minimum


@given(tariffs(), st.lists(quantities, min_size=1, max_size=5))
def test_late_events_cost_what_they_would_have_cost_in_time(tariff, events):
    """The first invoice of a window bills it, each later one only what it adds."""
    in_time = rate(tariff, [Window(Decimal(0), sum(events))])
    quantity, amount = rate(tariff, [Window(Decimal(0), events[0])])
    for number, late in enumerate(events[1:], start=1):
        more = rate(tariff, [Window(sum(events[:number]), late, is_billed=True)])
        quantity, amount = quantity + more[0], amount + more[1]
    assert (quantity, amount) == in_time


@given(tariffs(), st.lists(quantities, max_size=4))
def test_windows_add_up(tariff, used):
    together = rate(tariff, [Window(Decimal(0), quantity) for quantity in used])
    assert together == (
        sum(tariff.billable(quantity) for quantity in used),
        sum(tariff.amount(quantity) for quantity in used),
    )
    assert together[1] == round_amount(together[1], tariff.unit)
