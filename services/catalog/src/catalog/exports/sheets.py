"""Rows as CSV and as XLSX, written as they come."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import AsyncIterator, Sequence
from xml.sax.saxutils import escape

from catalog.exports.domain import Cell, CellTooLong, Number, TooManyRows
from catalog.exports.rows import Row

MAX_CELL, MAX_ROWS = 32_767, 1_048_576
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_LOOKS_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>'
    '<sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


async def as_csv(batches: AsyncIterator[list[Row]]) -> AsyncIterator[bytes]:
    """RFC 4180 in UTF-8 with a byte order mark, by which spreadsheet programs know it."""
    yield b"\xef\xbb\xbf"
    async for batch in batches:
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\r\n")
        for row in batch:
            writer.writerow([cell.text if isinstance(cell, Number) else cell for cell in row])
        yield buffer.getvalue().encode()


class _Out(io.RawIOBase):
    """Takes what the archive writes until somebody fetches it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        content = bytes(data)  # type: ignore[call-overload]
        self._parts.append(content)
        return len(content)

    def fetch(self) -> bytes:
        content, self._parts = b"".join(self._parts), []
        return content


async def as_xlsx(batches: AsyncIterator[list[Row]]) -> AsyncIterator[bytes]:
    """One sheet. Texts stand in their cells and are never formulas. Raises CellTooLong, TooManyRows."""
    out = _Out()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        for name, content in _PARTS.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), _HEAD + content)
        entry = zipfile.ZipInfo("xl/worksheets/sheet1.xml", _EPOCH)
        entry.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(entry, "w", force_zip64=True) as sheet:
            sheet.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
            number = 0
            heading: Row = []
            async for batch in batches:
                heading = heading or batch[0]
                sheet.write(
                    "".join(_row(number + place, row, heading) for place, row in enumerate(batch, 1)).encode()
                )
                number += len(batch)
                yield out.fetch()
            sheet.write(b"</sheetData></worksheet>")
    yield out.fetch()


def _row(number: int, row: Row, heading: Sequence[Cell]) -> str:
    if number > MAX_ROWS:
        raise TooManyRows(MAX_ROWS)
    cells = "".join(_cell(cell, str(name), number) for cell, name in zip(row, heading, strict=True))
    return f'<row r="{number}">{cells}</row>'


def _cell(cell: Cell, name: str, row: int) -> str:
    if isinstance(cell, Number):
        return f"<c><v>{cell.text}</v></c>"
    if not cell:
        return "<c/>"
    if len(cell) > MAX_CELL:
        raise CellTooLong(name, row, MAX_CELL)
    return f'<c t="inlineStr"><is><t xml:space="preserve">{_text(cell)}</t></is></c>'


def _text(value: str) -> str:
    """Characters that XML cannot hold as ECMA-376 (part 1, 22.9.2.19) writes them: _x000D_."""
    if "_x" in value:
        value = _LOOKS_ESCAPED.sub("_x005F_", value)
    return escape(_CONTROLS.sub(lambda found: f"_x{ord(found[0]):04X}_", value))
