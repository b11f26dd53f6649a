"""CSV in bounded memory, from pieces as they come: bytes in, records out. The separator is the one that makes
known columns of the header.

A record is complete when its quotes are balanced. Where that does not come true within a limit, or a record
does not parse, its first line is taken alone and the rest is read again: a stray quote spoils its own line and
not the rest of the file. A line longer than a record may be is refused alone, and read over without being kept.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence

from catalog.imports.cells import restored
from catalog.imports.columns import SKIPPED, Columns
from catalog.imports.domain import MAX_RECORD, Finding, Record, Unreadable, too_long

SEPARATORS = (",", ";", "\t")
MAX_LINES = 100_000
# Bytes that mean nothing in the encoding become lone surrogates where it allows that, else U+FFFD.
_BAD = re.compile("[\x00\ud800-\udfff]")
_BAD_UTF_16 = re.compile("[\x00\ud800-\udfff\ufffd]")

csv.field_size_limit(MAX_RECORD)


class CsvReader:
    share = None

    def __init__(self, encoding: str, columns: Columns) -> None:
        self._columns = columns
        escapes = encoding in ("utf-8", "cp1252")
        self._bad = _BAD if escapes else _BAD_UTF_16
        codec = "utf-8-sig" if encoding == "utf-8" else encoding or "ascii"
        self._known = bool(encoding)
        self._decoder = codecs.getincrementaldecoder(codec)("surrogateescape" if escapes else "replace")
        self._rest = ""
        self._pending: list[tuple[int, str]] = []
        self._odd = False
        self._size = 0
        self._line = 0
        self._separator, self._told = ",", ""
        self.header: list[str] = []
        self.header_line = 0
        self.findings: list[Finding] = []

    def feed(self, piece: bytes, *, last: bool = False) -> Iterator[Record]:
        """Raises Unreadable for a header that cannot be understood."""
        if not self._known:
            raise Unreadable("the encoding is neither UTF-8, UTF-16 nor Windows-1252; save the file as UTF-8")
        text = self._rest + self._decoder.decode(piece, last)
        lines = text.split("\n")
        self._rest = "" if last else lines.pop()
        if last and lines and not lines[-1]:
            lines.pop()
        self._rest = self._rest[: MAX_RECORD + 1]  # what makes it too long is kept, and no more
        for line in lines:
            yield from self._next(line)
        if not self.header:
            self._check_header(self._rest)
        if last:
            yield from self._flush()

    async def open(self) -> None:
        """Nothing has to be made ready."""

    def finish(self) -> None:
        if not self.header:
            raise Unreadable("the file has no header")

    def _next(self, line: str) -> Iterator[Record]:
        self._line += 1
        if not self.header:
            self._check_header(line)
            self._read_header(line.removesuffix("\r"))
        else:
            yield from self._add([(self._line, line)])

    def _add(self, lines: Sequence[tuple[int, str]]) -> Iterator[Record]:
        waiting = deque(lines)
        while waiting:
            number, line = waiting.popleft()
            if not self._pending and not line.strip() and len(line) <= MAX_RECORD:
                continue
            self._pending.append((number, line))
            self._size += len(line)
            self._odd ^= bool(line.count('"') % 2)
            if not self._odd or self._size > MAX_RECORD or len(self._pending) >= MAX_LINES:
                record, again = self._complete()
                waiting.extendleft(reversed(again))
                yield record

    def _flush(self) -> Iterator[Record]:
        while self._pending:
            record, again = self._complete()
            yield record
            yield from self._add(again)

    def _complete(self) -> tuple[Record, list[tuple[int, str]]]:
        """The record of the pending lines; when they make none, that of the first, and the rest to read again."""
        lines, self._pending = self._pending, []
        self._odd, self._size = False, 0
        number, first = lines[0]
        if max(len(line) for _, line in lines) <= MAX_RECORD:
            record = self._parse("\n".join(line for _, line in lines).removesuffix("\r"), number)
            if record.broken is None or len(lines) == 1:
                return record, []
        elif len(lines) == 1:
            return Record(number, {}, too_long(self._shown(first))), []
        return self._parse(first.removesuffix("\r"), number), lines[1:]

    def _parse(self, text: str, number: int) -> Record:
        try:
            row = next(csv.reader([text], delimiter=self._separator, strict=True))
        except csv.Error as error:
            return Record(number, {}, Finding("record", self._shown(text), f"MALFORMED: {error}"))
        if len(row) != len(self.header) and not _only_blank(row[len(self.header) :]):
            rule = f"COLUMN_COUNT: {len(row)} columns where the header has {len(self.header)}"
            return Record(number, {}, Finding("record", self._shown(text), rule))
        pairs = zip(self.header, row, strict=False)
        values = {
            name: restored(clean) for name, value in pairs if (clean := value.strip()) and name[0] != SKIPPED
        }
        if self._bad.search(text):
            field = next((name for name, value in values.items() if self._bad.search(value)), "record")
            return Record(
                number, {}, Finding(field, self._shown(values.get(field, "")), "UNSTORABLE_CHARACTER")
            )
        return Record(number, values, size=len(text))

    def _shown(self, text: str) -> str:
        return self._bad.sub("\ufffd", text[:200])

    def _check_header(self, line: str) -> None:
        if len(line) > MAX_RECORD:
            raise Unreadable(f"line {max(self._line, 1)} is longer than {MAX_RECORD} characters")

    def _read_header(self, line: str) -> None:
        if not line.strip():
            return
        if line[:4].lower() == "sep=" and line[4:] in SEPARATORS:  # how Excel is told
            self._told = line[4:]
            return
        names = self._headings(line)
        self.header_line = self._line
        self.header = self._columns.header(names, self.findings)

    def _headings(self, line: str) -> list[str]:
        """By the separator that makes the most columns known. Raises Unreadable where two make as many."""
        found: list[tuple[int, int, str, list[str]]] = []
        for separator in [self._told] if self._told else SEPARATORS:
            try:
                names = next(csv.reader([line], delimiter=separator, strict=True))
            except csv.Error as error:
                raise Unreadable(f"the header cannot be read: {error}") from error
            found.append((self._columns.count(names), line.count(separator), separator, names))
        best = max(found, key=lambda item: item[:2])
        rivals = [item for item in found if item[0] == best[0] and item[3] != best[3]]
        if best[0] and rivals:
            raise Unreadable("the separator cannot be told: two make as many known columns of the header")
        self._separator = best[2]
        return best[3]


def _only_blank(cells: Sequence[str]) -> bool:
    """Spreadsheets like to add empty cells at the end of a row."""
    return bool(cells) and not any(cell.strip() for cell in cells)
