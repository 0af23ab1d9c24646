from datetime import timedelta

from core.backoff import FIRST, LONGEST, delay
from hypothesis import given
from hypothesis import strategies as st


def test_first_waits():
    assert [delay(tries) for tries in range(4)] == [timedelta(0), FIRST, 3 * FIRST, 9 * FIRST]


@given(st.integers(1, 10_000))
def test_waits_grow_up_to_half_a_day(tries):
    assert FIRST <= delay(tries) <= delay(tries + 1) <= LONGEST


def test_a_server_down_for_two_days_is_asked_every_half_day():
    assert sum((delay(tries) for tries in range(1, 10)), timedelta(0)) > timedelta(days=2)
