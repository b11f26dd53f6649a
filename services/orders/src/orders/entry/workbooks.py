"""XLSX as rows of cells: the first sheet, as its program stored it. Formulas are never evaluated.

A workbook is an archive that may be far larger than it looks: parts, rows and columns have limits, which are looked at
before anything is unpacked; the archive itself refuses a part that is larger than it says.
"""

from __future__ import annotations

import datetime
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import Any
from xml.parsers import expat

import openpyxl

from orders.entry.given import MAX_ROW_NUMBER, MAX_ROWS, Record, too_far, too_many, unreadable
from orders.entry.text import clean

MAX_PARTS, MAX_PART, MAX_UNPACKED = 200, 16 * 1024**2, 32 * 1024**2
MAX_COLUMNS = 50
MAX_CHARACTERS = 4 * 1024**2  # of all cells: one text may stand in as many as one likes
_MIDNIGHT = datetime.time(0)
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    KeyError,
    IndexError,
    ValueError,
    OSError,
    SyntaxError,
    TypeError,
    AttributeError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
)


class _RootReached(Exception):
    """What stands before the first element of a part was harmless."""


def records(content: bytes) -> list[Record]:
    """Those that are not empty. Takes memory and CPU as the file likes: for a process apart. Raises InvalidFields."""
    try:
        _check(content)
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        if not book.worksheets:
            raise unreadable("the workbook has no sheet")
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # they may be wrong, and rows beyond them would be left out
        return list(_records(sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS)))
    except _BROKEN:
        raise unreadable("the file is not a readable XLSX workbook") from None
    except expat.ExpatError:
        raise unreadable("the workbook has a part that is not XML") from None


def _records(rows: Iterator[Sequence[Any]]) -> Iterator[Record]:
    found = length = 0
    for number, row in enumerate(rows, start=1):
        if number > MAX_ROW_NUMBER:  # rows may be numbered as one likes, and what is skipped takes time too
            raise too_far()
        cells = tuple(clean(_text(value)) for value in row)
        if any(cells):
            found += 1
            length += sum(map(len, cells))
            if found > MAX_ROWS + 1:
                raise too_many()
            if length > MAX_CHARACTERS:
                raise unreadable(f"the cells have more than {MAX_CHARACTERS} characters")
            yield Record(number, _without_tail(cells))


def _without_tail(cells: tuple[str, ...]) -> tuple[str, ...]:
    """Rows of a sheet are as wide as its widest."""
    while not cells[-1]:
        cells = cells[:-1]
    return cells


def _text(value: Any) -> str:
    """As one would have typed it: numbers without exponent, dates as ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == _MIDNIGHT else value.isoformat(" ")
    return str(value)


def _check(content: bytes) -> None:
    """Sizes as the table of contents has them, and no document type in any part."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        if len(entries) > MAX_PARTS:
            raise unreadable(f"the workbook has more than {MAX_PARTS} parts")
        largest = max((entry.file_size for entry in entries), default=0)
        if largest > MAX_PART or sum(entry.file_size for entry in entries) > MAX_UNPACKED:
            raise unreadable("the workbook is too large; save the rows alone, or as CSV")
        for entry in entries:
            if entry.filename.endswith((".xml", ".rels", ".vml")):
                with archive.open(entry) as part:
                    _refuse_doctype(part)


def _refuse_doctype(part: Any) -> None:
    parser = expat.ParserCreate()

    def doctype(*_found: object) -> None:
        raise unreadable("the workbook declares a document type, which is not read")

    def root(*_found: object) -> None:
        raise _RootReached

    parser.StartDoctypeDeclHandler, parser.StartElementHandler = doctype, root
    try:
        for _ in range(64):  # a prolog of a megabyte is none
            piece = part.read(16 * 1024)
            parser.Parse(piece, not piece)
            if not piece:
                return
    except _RootReached:
        return
    raise unreadable("the workbook has a part that does not begin as XML does")
