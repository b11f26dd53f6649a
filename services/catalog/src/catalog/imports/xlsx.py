"""XLSX row by row: the first sheet, its first row that is not empty being the header.

The file is put on disk while it arrives, for its table of contents stands at its end. Formulas are never
evaluated: what the spreadsheet program stored as their value is what is read.
"""

from __future__ import annotations

import asyncio
import datetime
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import openpyxl

from catalog.imports import parts
from catalog.imports.cells import restored
from catalog.imports.columns import SKIPPED, Columns
from catalog.imports.domain import MAX_RECORD, Finding, Record, Unreadable, too_long

MAX_FILE = 256 * 1024**2
MAX_COLUMNS = 500
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_ERRORS = frozenset(("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"))
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_MIDNIGHT = datetime.time(0)


class XlsxReader:
    """Records are numbered by their row."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed in finish, or with the reader
        self._size = 0
        self._rows: Iterator[Sequence[Any]] = iter(())
        self._last_row = 0
        self.share: float | None = 0.0
        self.header: list[str] = []
        self.header_line = 0
        self.findings: list[Finding] = []

    async def open(self) -> None:
        """After all pieces were fed. Raises Unreadable."""
        try:
            await asyncio.to_thread(self._open)
        except Unreadable:
            raise
        except (
            zipfile.BadZipFile,
            KeyError,
            ValueError,
            OSError,
            SyntaxError,
            TypeError,
            AttributeError,
            RuntimeError,
            zlib.error,
        ) as error:
            raise Unreadable(f"the file is not a readable XLSX workbook: {error}") from None

    def _open(self) -> None:
        self._file.seek(0)
        with zipfile.ZipFile(self._file) as archive:
            parts.check(archive)
        self._file.seek(0)
        book = openpyxl.load_workbook(self._file, read_only=True, data_only=True, keep_links=False)
        if not book.worksheets:
            raise Unreadable("the workbook has no sheet")
        sheet = book.worksheets[0]
        if len(book.worksheets) > 1:
            others = ", ".join(other.title for other in book.worksheets[1:])
            self.findings.append(
                Finding("sheet", others[:200], f"ONE_SHEET: {sheet.title} is read, the others are not")
            )
        self._last_row = sheet.max_row or 0
        sheet.reset_dimensions()  # they may be wrong, and rows beyond them would be left out
        self._rows = sheet.iter_rows(values_only=True)

    def feed(self, piece: bytes, *, last: bool = False) -> Iterator[Record]:
        """Raises Unreadable."""
        self._size += len(piece)
        if self._size > MAX_FILE:
            raise Unreadable(f"a workbook may have at most {MAX_FILE} bytes; save it as CSV")
        self._file.write(piece)
        if last:
            yield from self._records()

    def _records(self) -> Iterator[Record]:
        try:
            for number, row in enumerate(self._rows, start=1):
                if number > parts.MAX_ROWS:  # rows may be numbered as one likes, and what is skipped counts
                    raise Unreadable(f"a sheet has at most {parts.MAX_ROWS} rows")
                self.share = min(1.0, number / self._last_row) if self._last_row else None
                if all(value is None for value in row):
                    continue
                if self.header:
                    yield self._record(number, row)
                else:
                    self._read_header(number, row)
        except (
            zipfile.BadZipFile,
            KeyError,
            ValueError,
            OSError,
            SyntaxError,
            TypeError,
            OverflowError,
            zlib.error,
        ) as error:
            raise Unreadable(f"the sheet cannot be read to its end: {error}") from None

    def _read_header(self, number: int, row: Sequence[Any]) -> None:
        if _size(row) > MAX_RECORD:
            raise Unreadable(f"the header is longer than {MAX_RECORD} characters")
        names = [_text(value) for value in row]
        while names and not names[-1].strip():
            names.pop()
        if len(names) > MAX_COLUMNS:
            raise Unreadable(f"the header has more than {MAX_COLUMNS} columns")
        self.header_line, self.header = number, self._columns.header(names, self.findings)

    def finish(self) -> None:
        self._file.close()
        if not self.header:
            raise Unreadable("the file has no header")

    def _record(self, number: int, row: Sequence[Any]) -> Record:
        if _size(row) > MAX_RECORD:
            begin = next(value for value in row if isinstance(value, str) and value)
            return Record(number, {}, too_long(begin))
        cells = [_text(value) for value in row]
        if any(cells[len(self.header) :]):
            rule = f"COLUMN_COUNT: {len(cells)} columns where the header has {len(self.header)}"
            return Record(number, {}, Finding("record", " ".join(cells)[:200], rule))
        values = {
            name: restored(clean)
            for name, value in zip(self.header, cells, strict=False)
            if (clean := value.strip()) and name[0] != SKIPPED
        }
        for name, value in values.items():
            if value in _ERRORS:
                return Record(number, {}, Finding(name, value, "SPREADSHEET_ERROR"))
            if _UNSTORABLE.search(value):
                return Record(number, {}, Finding(name, value, "UNSTORABLE_CHARACTER"))
        return Record(number, values, size=sum(map(len, cells)))


def _size(row: Sequence[Any]) -> int:
    return sum(len(value) for value in row if isinstance(value, str))


def _text(value: Any) -> str:
    """As one would have typed it into a CSV: numbers without exponent, dates as ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, str):
        return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value) if "_x" in value else value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else _decimal(value)
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == _MIDNIGHT else value.isoformat(" ")
    return str(value)


def _decimal(value: float) -> str:
    """The fifteen digits that spreadsheets show of a number, not those that binary fractions add."""
    text = f"{value:.15g}"
    return text if "e" not in text else f"{value:.20f}".rstrip("0") if abs(value) < 1 else text
