from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from revision.index_period import MONTHS, IndexPeriod
from revision.written import WrittenRow, read_cells, read_day, read_number, read_period, read_text

FRENCH = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]
ENGLISH = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
SHORT = ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."]


@pytest.mark.parametrize("names", [FRENCH, ENGLISH, SHORT, [name[:3] for name in ENGLISH]])
def test_months_are_read_by_their_names(names):
    for number, name in enumerate(names, 1):
        for written in (f"{name} 2024", f"{name.upper()} 2024", f"  {name}\u00a02024 ", f"{name}-2024"):
            assert str(read_period(written, "month")) == f"2024-{number:02}"


@pytest.mark.parametrize("text", ["2024-08", "08/2024", "8/2024", "08-2024", "2024-08-01", "01/08/2024"])
def test_months_are_read_by_their_numbers(text):
    assert str(read_period(text, "month")) == "2024-08"


@pytest.mark.parametrize("text", ["2024-T3", "2024-Q3", "T3 2024", "q3 2024", "2024T3", "2024 T3", "2024-07-01"])
def test_quarters_are_read(text):
    assert str(read_period(text, "quarter")) == "2024-Q3"


@pytest.mark.parametrize(
    ("text", "frequency"),
    [
        ("", "month"),
        ("2024", "month"),
        ("2024-Q3", "month"),
        ("13/2024", "month"),
        ("thermidor 2024", "month"),
        ("jui 2024", "month"),
        ("ma 2024", "month"),
        ("marathon 2024", "month"),
        ("2024-08-15", "month"),
        ("2024-08", "quarter"),
        ("2024-08-01", "quarter"),
        ("T5 2024", "quarter"),
        ("août 2024", "year"),
    ],
)
def test_what_is_no_period_of_the_index_is_refused(text, frequency):
    with pytest.raises(ValueError):
        read_period(text, frequency)


@given(st.sampled_from(sorted(MONTHS)), st.dates(date(1961, 1, 1), date(2200, 12, 31)))
def test_every_period_is_read_back(frequency, day):
    period = IndexPeriod.containing(frequency, day)
    assert read_period(str(period), frequency) == period


@pytest.mark.parametrize(
    ("text", "printed"),
    [("312,4", "312.4"), ("312.40", "312.40"), (" 1\u202f234,5 ", "1234.5"), ("280", "280"), ("0,97975", "0.97975")],
)
def test_the_decimals_stay_as_printed(text, printed):
    assert read_number(text) == printed


@pytest.mark.parametrize("text", ["", "0", "0,0", "-3", "+3", "1e3", "nan", "inf", "1,234.5", "12.", ".5", "٣٤"])
def test_what_is_no_positive_number_is_refused(text):
    with pytest.raises(ValueError):
        read_number(text)


def test_days_are_read():
    assert read_day("2024-09-30") == read_day("30/09/2024") == date(2024, 9, 30)
    assert read_day(" ") is None
    for text in ("30/13/2024", "2024-02-30", "soon"):
        with pytest.raises(ValueError):
            read_day(text)


@pytest.mark.parametrize(
    "line",
    [
        "août 2024;312,4",
        "2024-08 312.4",
        "08/2024\t312,4",
        "August 2024 312.4",
        "August 2024,312.4",
        '2024-08,"312,4"',
        "2024-08-01;312.4",
    ],
)
def test_a_line_is_a_period_and_a_value(line):
    [row] = read_text(line, "month")
    assert str(read_period(row.period, "month")) == "2024-08"
    assert read_number(row.value) == "312.4"


def test_rows_keep_their_numbers_below_a_heading_and_empty_lines():
    text = "Period;Value;Published;Source\n\n2024-08;314,1;30/09/2024;https://example.com\n2024-09;314,5\n"
    assert read_text(text, "month") == [
        WrittenRow(3, "2024-08", "314,1", "30/09/2024", "https://example.com"),
        WrittenRow(4, "2024-09", "314,5"),
    ]


def test_a_line_without_value_is_kept_to_be_complained_of():
    assert read_text("2024-08", "month") == [WrittenRow(1, "2024-08", "")]
    assert read_cells([(7, ["2024-08", ""])]) == [WrittenRow(7, "2024-08", "")]


@given(st.text())
def test_any_text_is_read_without_failing(text):
    for row in read_text(text, "month"):
        assert row.period or row.value or row.published or row.source
