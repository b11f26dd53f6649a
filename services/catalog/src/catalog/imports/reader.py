"""CSV in bounded memory, from pieces as they come: bytes in, records out.

A record is complete when its quotes are balanced. Where that does not come true within a limit, or a record
does not parse, its first line is taken alone and the rest is read again: a stray quote spoils its own line and
not the rest of the file.
"""

from __future__ import annotations

import codecs
import csv
from collections import deque
from collections.abc import Collection, Iterator, Sequence

from catalog.imports.domain import Finding, Record, Unreadable

SEPARATORS = (",", ";", "\t")
MAX_RECORD = 256 * 1024
MAX_LINES = 1000
_BAD = ("\x00", "\ufffd")
_SKIPPED = "\x00"  # begins the name of a column whose values are not read

csv.field_size_limit(MAX_RECORD)


class CsvReader:
    """`columns` are the names the header may have; `prefixes` open families of names such as `option_`."""

    def __init__(
        self,
        encoding: str,
        columns: Collection[str],
        required: Collection[str],
        prefixes: tuple[str, ...] = (),
    ) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)(
            "replace"
        )
        self._columns, self._required, self._prefixes = columns, required, prefixes
        self._rest = ""
        self._pending: list[tuple[int, str]] = []
        self._odd = False
        self._size = 0
        self._line = 0
        self._separator = ","
        self.header: list[str] = []
        self.header_line = 0
        self.findings: list[Finding] = []

    def feed(self, piece: bytes, *, last: bool = False) -> Iterator[Record]:
        """Raises Unreadable for a header that cannot be understood."""
        text = self._rest + self._decoder.decode(piece, last)
        lines = text.split("\n")
        self._rest = "" if last else lines.pop()
        if last and lines and not lines[-1]:
            lines.pop()
        if len(self._rest) > MAX_RECORD:
            raise Unreadable(f"line {self._line + 1} is longer than {MAX_RECORD} characters")
        for line in lines:
            yield from self._next(line.removesuffix("\r"))
        if last:
            yield from self._flush()

    def finish(self) -> None:
        if not self.header:
            raise Unreadable("the file has no header")

    def _next(self, line: str) -> Iterator[Record]:
        self._line += 1
        if not self.header:
            self._read_header(line)
        else:
            yield from self._add([(self._line, line)])

    def _add(self, lines: Sequence[tuple[int, str]]) -> Iterator[Record]:
        waiting = deque(lines)
        while waiting:
            number, line = waiting.popleft()
            if not self._pending and not line.strip():
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
        record = self._parse("\n".join(line for _, line in lines), lines[0][0])
        if record.broken is None or len(lines) == 1:
            return record, []
        return self._parse(lines[0][1], lines[0][0]), lines[1:]

    def _parse(self, text: str, number: int) -> Record:
        try:
            row = next(csv.reader([text], delimiter=self._separator, strict=True))
        except csv.Error as error:
            return Record(number, {}, Finding("record", text[:200], f"MALFORMED: {error}"))
        if len(row) != len(self.header) and not _only_blank(row[len(self.header) :]):
            rule = f"COLUMN_COUNT: {len(row)} columns where the header has {len(self.header)}"
            return Record(number, {}, Finding("record", text[:200], rule))
        pairs = zip(self.header, row, strict=False)
        values = {name: clean for name, value in pairs if (clean := value.strip()) and name[0] != _SKIPPED}
        if any(bad in text for bad in _BAD):
            field = next(
                (name for name, value in values.items() if any(bad in value for bad in _BAD)), "record"
            )
            return Record(number, {}, Finding(field, values.get(field, "")[:200], "UNSTORABLE_CHARACTER"))
        return Record(number, values)

    def _read_header(self, line: str) -> None:
        if not line.strip():
            return
        self._separator = max(SEPARATORS, key=line.count)
        try:
            names = next(csv.reader([line], delimiter=self._separator, strict=True))
        except csv.Error as error:
            raise Unreadable(f"the header cannot be read: {error}") from error
        self.header_line = self._line
        self.header = self._known_names([name.strip().lower() for name in names])
        missing = sorted(set(self._required) - set(self.header))
        if missing:
            raise Unreadable(f"the header lacks the columns {', '.join(missing)}")

    def _known_names(self, names: Sequence[str]) -> list[str]:
        """Unknown and repeated columns are reported and their values not read."""
        header: list[str] = []
        for place, name in enumerate(names, start=1):
            known = name in self._columns or any(
                name.startswith(p) and len(name) > len(p) for p in self._prefixes
            )
            if not known:
                self.findings.append(Finding(name or f"column {place}", name, "UNKNOWN_COLUMN"))
            elif name in header:
                self.findings.append(Finding(name, name, "REPEATED_COLUMN"))
            header.append(name if known and name not in header else f"{_SKIPPED}{place}")
        return header


def _only_blank(cells: Sequence[str]) -> bool:
    """Spreadsheets like to add empty cells at the end of a row."""
    return bool(cells) and not any(cell.strip() for cell in cells)
