from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from revision.index_period import MONTHS, IndexPeriod
from revision.publication import default_publication, last_expected

FREQUENCIES = st.sampled_from(sorted(MONTHS))
DAYS = st.dates(date(1961, 1, 1), date(2200, 12, 31))


@pytest.mark.parametrize("text", ["2024-08", "2024-Q3", "2024"])
def test_a_period_is_written_as_it_is_read(text):
    assert str(IndexPeriod.parse(text)) == text


@pytest.mark.parametrize("text", ["", "2024-13", "2024-00", "2024-Q5", "08/2024", "24-08", "2024-8"])
def test_what_is_no_period_is_refused(text):
    with pytest.raises(ValueError):
        IndexPeriod.parse(text)


@given(FREQUENCIES, DAYS)
def test_periods_tile_the_calendar(frequency, day):
    period = IndexPeriod.containing(frequency, day)
    assert period.start <= day <= period.end
    assert period.shift(-1).end < period.start
    assert IndexPeriod.parse(str(period)) == period
    assert period.months_to(period.shift(5)) == 5 * MONTHS[frequency]


def test_months_and_quarters_are_never_mixed():
    with pytest.raises(ValueError):
        assert IndexPeriod.parse("2024-08") < IndexPeriod.parse("2024-Q3")


@pytest.mark.parametrize(
    ("month", "published"),
    [
        ("2019-01", date(2019, 2, 28)),
        ("2023-01", date(2023, 2, 28)),
        ("2023-03", date(2023, 4, 28)),
        ("2023-08", date(2023, 9, 29)),
        ("2023-11", date(2023, 12, 29)),
        ("2024-09", date(2024, 10, 31)),
        ("2025-01", date(2025, 2, 28)),
    ],
)
def test_syntec_is_published_on_the_last_working_day_of_the_next_month(month, published):
    """Dates printed by salaire-minimum.com/indices/indice-syntec-2023 and juristique.org."""
    assert default_publication(IndexPeriod.parse(month), 1) == published


@given(FREQUENCIES, DAYS, st.integers(0, 6), st.sampled_from(["month", "quarter"]))
def test_the_last_expected_period_is_published_and_the_next_is_not(frequency, day, lag, release):
    period = last_expected(frequency, day, lag, release)
    assert default_publication(period, lag, release) <= day < default_publication(period.shift(1), lag, release)


@pytest.mark.parametrize("month", ["2026-01", "2026-02", "2026-03"])
def test_the_months_of_a_quarter_are_published_together(month):
    """ICHTrev-TS, about 75 days after the quarter: the last working day of June is not too early."""
    assert default_publication(IndexPeriod.parse(month), 3, "quarter") == date(2026, 6, 30)
    assert str(last_expected("month", date(2026, 6, 29), 3, "quarter")) == "2025-12"
    assert str(last_expected("month", date(2026, 6, 30), 3, "quarter")) == "2026-03"
