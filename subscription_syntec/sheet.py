"""Rows of index values in a file: a CSV, or the first sheet of a workbook."""

from datetime import date, datetime
from io import BytesIO
from zipfile import BadZipFile

from openpyxl import load_workbook

from .core.written import WrittenRow, read_cells, read_text

ROWS = 10_000
COLUMNS = 4


class UnreadableFile(ValueError):
    """The file is no CSV and no workbook."""


def read_file(content: bytes, frequency: str) -> list[WrittenRow]:
    """:raises UnreadableFile: where no table can be read."""
    if content.startswith(b"PK"):
        return read_cells(_sheet_cells(content))
    return read_text(_decoded(content), frequency)


def _sheet_cells(content):
    try:
        sheet = load_workbook(BytesIO(content), read_only=True, data_only=True).worksheets[0]
        rows = sheet.iter_rows(max_row=ROWS, max_col=COLUMNS, values_only=True)
        return [(number, [_written(cell) for cell in row]) for number, row in enumerate(rows, start=1)]
    except (BadZipFile, KeyError, ValueError, IndexError, OSError) as error:
        raise UnreadableFile(str(error)) from error


def _written(cell) -> str:
    """A cell as a person would type it."""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float):
        return f"{cell:.6f}".rstrip("0").rstrip(".")
    return "" if cell is None else str(cell)


def _decoded(content) -> str:
    """Text of this century, or as old spreadsheets wrote it."""
    if b"\0" in content:
        raise UnreadableFile("binary")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")
