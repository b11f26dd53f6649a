"""Pasted text and CSV as rows of cells. Nothing that is odd in one row spoils another.

Cells are apart by tabs, semicolons or commas, whichever does so in the most rows; a row without them is one cell. A
comma in a number (`SKU 3,0`) is none that separates. A cell in quotes may go on over lines, as spreadsheets write it;
quotes that do not pair off are ordinary characters.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence

from orders.entry import codes
from orders.entry.given import MAX_ROW_NUMBER, Record, too_far

_SEPARATORS = ("\t", ";", ",")
_LONGEST = 5_000  # characters of a row that is looked at more closely
_MOST_LINES = 30  # of one row
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
# A cell that begins with a quote. White space that could separate cells itself would be looked at again from each.
_OPENED = re.compile(r'(?:^|[\t;,])[^\S\t]*"')
_FORMULA = re.compile(r'="([^"]*)"')  # how digits are kept from becoming a number
_NUMBER = re.compile(r"(?:.*\s)?[x×*]?\d+,\d+(?:\s.*)?", re.IGNORECASE)


def records(text: str) -> Iterator[Record]:
    """Those that are not empty. Takes CPU: to be called in a thread. Raises InvalidFields."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    rows = list(_rows(lines))
    told = ""
    if rows and rows[0][1][:4].lower() == "sep=" and rows[0][1][4:].strip(" ") in _SEPARATORS:
        told = rows.pop(0)[1][4:].strip(" ")
    separator = told or _separator([row for _, row in rows])
    for number, row in rows:
        cells = tuple(map(clean, _cells(row, separator)))
        if any(cells):
            yield Record(number, cells)


def clean(cell: str) -> str:
    """Without the characters that nobody sees."""
    visible = cell.translate(_INVISIBLE).strip() if not cell.isascii() else cell.strip()
    kept = _FORMULA.fullmatch(visible) if visible[:1] == "=" else None
    return kept[1].strip() if kept is not None else visible


def _rows(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """With the number of their first line. Raises InvalidFields for too many, also of those that have no cells."""
    place = 0
    while place < len(lines):
        taken = 1
        if lines[place].count('"') % 2 and _OPENED.search(lines[place]):
            taken = _over_lines(lines[place : place + _MOST_LINES])
        row = "\n".join(lines[place : place + taken])
        if row and not row.isspace():
            if place >= MAX_ROW_NUMBER:
                raise too_far()
            yield place + 1, row
        place += taken


def _over_lines(lines: Sequence[str]) -> int:
    """How many lines a row takes whose quotes do not pair off in the first: 1, unless a cell begins with a quote and
    ends with one in a later line."""
    for more, line in enumerate(lines[1:], start=2):
        if line.count('"') % 2:
            row = "\n".join(lines[:more])
            return more if any(_quoted(row, each) for each in _SEPARATORS) else 1
    return 1


def _quoted(row: str, separator: str) -> list[str]:
    """The cells of a row whose quotes are as CSV has them; else none."""
    try:
        return next(csv.reader([row], delimiter=separator, strict=True, skipinitialspace=separator != "\t"))
    except (csv.Error, StopIteration):
        return []


def _cells(row: str, separator: str) -> Sequence[str]:
    for each in (separator, "\t", ";"):
        if each and each in row:
            return (_quoted(row, each) if '"' in row else []) or row.split(each)
    return _quoted(row, "\t") or (row,)


def _separator(rows: Sequence[str]) -> str:
    """Empty when there is none."""
    counts = {each: sum(_separates(each, row) for row in rows) for each in _SEPARATORS}
    best = max(_SEPARATORS, key=lambda each: counts[each])
    return best if counts[best] else ""


def _separates(separator: str, row: str) -> bool:
    if separator not in row:
        return False
    if separator != "," or row.count(",") > 1 or len(row) > _LONGEST:
        return True
    return codes.is_standard(row.partition(",")[0]) or not _is_decimal(row)


def _is_decimal(row: str) -> bool:
    """The one comma stands in a number beside something else."""
    return (
        any(character.isspace() for character in row.strip()) and _NUMBER.fullmatch(row.strip()) is not None
    )
