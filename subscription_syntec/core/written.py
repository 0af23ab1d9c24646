"""Periods and values as people write them, in French and in English.

    août 2024;312,4        2024-08 312.4        08/2024<TAB>312,4        T3 2024;140,59

A line holds a period and a value, then, where it is a table, the day of publication and the
source. Tabs, semicolons, spaces or commas part them; a heading above the first value is skipped.
"""

import csv
import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .index_period import IndexPeriod

# without accents; three letters or more stand for a month when they stand for no other
MONTHS = (
    "janvier january",
    "fevrier february",
    "mars march",
    "avril april",
    "mai may",
    "juin june",
    "juillet july",
    "aout august",
    "septembre september",
    "octobre october",
    "novembre november",
    "decembre december",
)
YEAR = r"(?P<year>\d{4})"
DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[ T]00:00(?::00)?)?")
FRENCH_DAY = re.compile(r"(\d\d?)/(\d\d?)/(\d{4})")
WRITTEN_MONTH = re.compile(
    rf"(?:(?P<name>[a-z]{{3,}})\.?[ \-/]*{YEAR}|(?P<number>\d\d?)[/.\-]{YEAR.replace('year', 'y')})"
)
WRITTEN_QUARTER = re.compile(
    rf"(?:[QT](?P<part>[1-4])[ \-/]*{YEAR}|{YEAR.replace('year', 'y')}[ \-/]*[QT](?P<p>[1-4]))", re.IGNORECASE
)
NUMBER = re.compile(r"\d{1,9}(?:[.,]\d{1,6})?", re.ASCII)
SPACES = re.compile(r"[\s\u00a0\u202f]+")
SEPARATORS = ("\t", ";")


@dataclass(frozen=True, slots=True)
class WrittenRow:
    """A row as it was written, with its number in the text; what is missing is empty."""

    number: int
    period: str
    value: str
    published: str = ""
    source: str = ""


def read_period(text: str, frequency: str) -> IndexPeriod:
    """:raises ValueError: where ``text`` is no period of that frequency."""
    written = _plain(text)
    period = _iso_period(written) or _first_day(written, frequency) or _month(written) or _quarter(written)
    if not period or period.frequency != frequency:
        raise ValueError(text)
    return period


def read_number(text: str) -> str:
    """The decimals as they are printed, with a point: ``312,40`` is ``312.40``.

    :raises ValueError: where ``text`` is no positive number.
    """
    written = SPACES.sub("", text)
    if not NUMBER.fullmatch(written) or not Decimal(written.replace(",", ".")):
        raise ValueError(text)
    whole, point, decimals = written.replace(",", ".").partition(".")
    return (whole.lstrip("0") or "0") + point + decimals


def read_day(text: str) -> date | None:
    """A day written ``2024-09-30`` or ``30/09/2024``; none where nothing is written.

    :raises ValueError: where ``text`` is no day.
    """
    written = text.strip()
    if not written:
        return None
    if found := DAY.fullmatch(written):
        return date(*map(int, found.groups()))
    if found := FRENCH_DAY.fullmatch(written):
        return date(*map(int, reversed(found.groups())))
    raise ValueError(text)


def read_text(text: str, frequency: str) -> list[WrittenRow]:
    """The rows of a pasted text or of a CSV file."""
    lines = enumerate(text.replace("\ufeff", "").splitlines(), start=1)
    return read_cells([(number, _cells(line, frequency)) for number, line in lines])


def read_cells(rows: list[tuple[int, list[str]]]) -> list[WrittenRow]:
    """The rows of a table, empty ones and a heading left out."""
    filled = [(number, [cell.strip() for cell in cells]) for number, cells in rows if any(map(str.strip, cells))]
    if filled and not any(re.search(r"\d", cell) for cell in filled[0][1]):
        filled = filled[1:]
    return [WrittenRow(number, *(cells + [""] * 4)[:4]) for number, cells in filled]


def _cells(line: str, frequency: str) -> list[str]:
    for separator in SEPARATORS:
        if separator in line:
            return next(csv.reader([line], delimiter=separator))
    period, _space, value = line.strip().rpartition(" ")
    if _is_number(value) and _is_period(period, frequency):
        return [period, value]
    return next(csv.reader([line], skipinitialspace=True), [])


def _is_number(text):
    try:
        return bool(read_number(text))
    except ValueError:
        return False


def _is_period(text, frequency):
    try:
        return bool(read_period(text, frequency))
    except ValueError:
        return False


def _plain(text: str) -> str:
    """Lower case without accents, one space between words."""
    letters = unicodedata.normalize("NFKD", SPACES.sub(" ", text).strip().lower())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _iso_period(text):
    try:
        return IndexPeriod.parse(text)
    except ValueError:
        return None


def _first_day(text, frequency):
    """A period that a spreadsheet made a day of."""
    try:
        day = read_day(text)
    except ValueError:
        return None
    period = day and IndexPeriod.containing(frequency, day)
    return period if period and period.start == day else None


def _month(text):
    found = WRITTEN_MONTH.fullmatch(text)
    if not found:
        return None
    months = {int(found["number"])} if found["number"] else _months_named(found["name"])
    return _iso_period(f"{found['year'] or found['y']}-{months.pop():02}") if len(months) == 1 else None


def _months_named(start):
    return {month for month, names in enumerate(MONTHS, 1) if any(name.startswith(start) for name in names.split())}


def _quarter(text):
    found = WRITTEN_QUARTER.fullmatch(text)
    return found and _iso_period(f"{found['year'] or found['y']}-Q{found['part'] or found['p']}")
