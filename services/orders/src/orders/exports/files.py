"""Rows as CSV and as XLSX, written as they come."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import AsyncIterator
from xml.sax.saxutils import escape

from chassis.errors import FailedPrecondition
from orders.exports.columns import Cell, Number, Row

MAX_ROWS = 1_048_576
# What XML cannot hold, and what looks like its replacement: ECMA-376, part 1, 22.9.2.19 writes _x000D_.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>'
    '<sheet name="Orders" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


class TooManyRows(FailedPrecondition):
    reason = "TOO_MANY_ROWS"

    def __init__(self) -> None:
        super().__init__(
            f"There are more than the {MAX_ROWS} rows of a sheet of XLSX; export CSV.", limit=MAX_ROWS
        )


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
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        content = bytes(data)  # type: ignore[call-overload]
        self._waiting += content
        return len(content)

    def fetch(self) -> bytes:
        content, self._waiting = bytes(self._waiting), bytearray()
        return content


async def as_xlsx(batches: AsyncIterator[list[Row]]) -> AsyncIterator[bytes]:
    """One sheet. Texts stand in their cells and are never formulas. Raises TooManyRows."""
    out = _Out()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        for name, content in _PARTS.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), _HEAD + content)
        entry = zipfile.ZipInfo("xl/worksheets/sheet1.xml", _EPOCH)
        entry.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(entry, "w", force_zip64=True) as sheet:
            sheet.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
            count = 0
            async for batch in batches:
                count += len(batch)
                if count > MAX_ROWS:
                    raise TooManyRows
                sheet.write("".join(f"<row>{''.join(map(_cell, row))}</row>" for row in batch).encode())
                yield out.fetch()
            sheet.write(b"</sheetData></worksheet>")
    yield out.fetch()


def _cell(cell: Cell) -> str:
    if isinstance(cell, Number):
        return f"<c><v>{cell.text}</v></c>"
    if not cell:
        return "<c/>"
    text = escape(_CONTROLS.sub(lambda found: f"_x{ord(found[0]):04X}_", cell))
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
