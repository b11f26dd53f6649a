"""What the parts of a workbook may be, found out in bounded memory before any of them is parsed into a tree.

A tree is freed row by row, so a row, or a text that rows share, may only be so long: whatever a text is made of, be
it comments, CDATA or entities, it counts as it stands in the part.
"""

from __future__ import annotations

import zipfile
from typing import IO
from xml.parsers import expat

from catalog.imports.domain import Unreadable

MAX_SHEET, MAX_PART, MAX_ENTRIES = 4 * 1024**3, 128 * 1024**2, 2000
MAX_ROWS = 1_048_576
MAX_CELLS = 16_384  # of a row
MAX_STRETCH = 8 * 1024**2  # bytes from one row or shared text to the next
PIECE, PROLOG = 64 * 1024, 1024**2
_SHEETS, _XML = "xl/worksheets/", (".xml", ".rels", ".vml")
_SPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main "
_ROW, _CELL, _SHARED = f"{_SPACE}row", f"{_SPACE}c", f"{_SPACE}si"
_ROOTS = (f"{_SPACE}worksheet", f"{_SPACE}sst")


def check(archive: zipfile.ZipFile) -> None:
    """Raises Unreadable, and what zipfile raises."""
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise Unreadable(f"the workbook has more than {MAX_ENTRIES} parts")
    for entry in entries:
        most = MAX_SHEET if entry.filename.startswith(_SHEETS) else MAX_PART
        if entry.file_size > most:
            raise Unreadable(f"{entry.filename} has more than {most} bytes; save the sheet as CSV")
    for entry in entries:
        with archive.open(entry) as part:
            _Part(entry.filename).read(part)


class _Part:
    """No document type in any part: nothing is expanded or fetched."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._root = ""
        self._begun = self._rows = self._cells = 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._first

    def read(self, part: IO[bytes]) -> None:
        """As far as the root, where rows and shared texts are elsewhere."""
        size, content = 0, b"-"
        while content and (not self._root or self._holds_texts()):
            content = part.read(PIECE)
            size += len(content)
            try:
                self._parser.Parse(content, not content)
            except expat.ExpatError as error:
                if self._root or not self._name.endswith(_XML):
                    return  # whoever parses it tells what is wrong, if anybody does
                raise Unreadable(f"{self._name} is not XML: {error}") from None
            if not self._root and size >= PROLOG:
                raise Unreadable(f"{self._name} does not begin as XML does")
            self._stretch(size)

    def _holds_texts(self) -> bool:
        return self._root in _ROOTS or self._name.startswith(_SHEETS)

    def _doctype(self, *_found: object) -> None:
        raise Unreadable(f"{self._name} declares a document type, which is not read")

    def _first(self, name: str, _attributes: object) -> None:
        self._root = name
        self._parser.StartElementHandler = self._element

    def _element(self, name: str, _attributes: object) -> None:
        if name == _CELL:
            self._cells += 1
        elif name in (_ROW, _SHARED):
            self._stretch(self._parser.CurrentByteIndex)
            self._begun, self._cells = self._parser.CurrentByteIndex, 0
            self._rows += name == _ROW
            if self._rows > MAX_ROWS:
                raise Unreadable(f"a sheet has at most {MAX_ROWS} rows")

    def _stretch(self, end: int) -> None:
        if self._cells > MAX_CELLS:
            raise Unreadable(f"a row has at most {MAX_CELLS} cells; {self._name} has one with more")
        if self._root and end - self._begun > MAX_STRETCH:
            what = "shared text" if self._root == _ROOTS[1] else "row"
            raise Unreadable(
                f"{self._name} has a {what} of more than {MAX_STRETCH} bytes, after {self._rows} rows"
            )
