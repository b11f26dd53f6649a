"""Workbooks as rows; what only looks like one is refused before it costs anything."""

from __future__ import annotations

import datetime
import io
import zipfile

import openpyxl
import pytest

from chassis.errors import InvalidFields
from orders.entry import table, workbooks
from orders.entry.given import Record


def workbook(*rows: tuple[object, ...]) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def archive(**parts: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return written.getvalue()


def changed(content: bytes, name: str, by: bytes) -> bytes:
    """The workbook with another content of one part."""
    with zipfile.ZipFile(io.BytesIO(content)) as made:
        return archive(**{each: by if each == name else made.read(each) for each in made.namelist()})


@pytest.mark.spec("O-04")
def test_cells_are_read_as_one_would_type_them() -> None:
    day = datetime.datetime(2026, 12, 1)  # noqa: DTZ001 - cells have no time zone
    content = workbook(
        ("ISBN", "Qté", "Référence", "Date de livraison"),
        (),
        (9782070360024, 3, True, day),
        (9782070360024.0, 2.5, None, None),
        ("080442957X", "12", "=1+1", "1/12/2026"),
    )
    found = table.sheet_of(workbooks.records(content))
    assert [(row.number, row.readings[0]) for row in found.rows] == [
        (3, ("9782070360024", "3")),
        (4, ("9782070360024", "2.5")),
        (5, ("080442957X", "12")),
    ]
    assert dict(found.rows[0].texts) == {"line_reference": "yes", "requested_delivery_date": "2026-12-01"}
    assert dict(found.rows[2].texts) == {"requested_delivery_date": "1/12/2026"}  # a formula without value


@pytest.mark.spec("O-04")
def test_one_cell_per_row_is_read_like_pasted_text() -> None:
    found = table.sheet_of(workbooks.records(workbook(("9782070360024 x 3",), ("2 x AB-1",))))
    assert [row.readings[0] for row in found.rows] == [("9782070360024", "3"), ("AB-1", "2")]


@pytest.mark.spec("O-04")
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        b"ISBN;3",
        archive(a=b"b"),
        archive(**{"xl/workbook.xml": b"<a/>"}),
        archive(**{"xl/workbook.xml": b"not xml"}),
        archive(**{f"part{number}": b"" for number in range(workbooks.MAX_PARTS + 1)}),
        archive(**{"xl/worksheets/sheet1.xml": b" " * (workbooks.MAX_PART + 1)}),
        archive(**{f"part{number}": b" " * workbooks.MAX_PART for number in range(3)}),
        workbook(("A", 1))[:-200],
        changed(workbook(("A", 1)), "xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row><c t='s'><v>9</v>"),
        changed(workbook(("A", 1)), "xl/workbook.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
        changed(workbook(("A", 1)), "xl/styles.xml", b"<styleSheet"),
    ],
)  # fmt: skip
def test_what_is_no_workbook_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidFields) as caught:
        workbooks.records(content)
    assert [(each.field, each.reason) for each in caught.value.violations] == [("content", "UNREADABLE")]


@pytest.mark.spec("O-04")
def test_rows_and_columns_have_limits() -> None:
    many = workbook(*((f"A{number}", 1) for number in range(2002)))
    with pytest.raises(InvalidFields) as caught:
        workbooks.records(many)
    assert caught.value.violations[0].reason == "TOO_MANY"
    far = b"""<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
        <row r="1048576"><c r="A1048576"><v>1</v></c></row></sheetData></worksheet>"""
    with pytest.raises(InvalidFields) as caught:
        workbooks.records(changed(workbook(("A", 1)), "xl/worksheets/sheet1.xml", far))
    assert caught.value.violations[0].reason == "TOO_MANY"
    wide = workbook(("A", 1, *["x"] * 200))
    assert workbooks.records(wide) == [Record(1, ("A", "1", *["x"] * (workbooks.MAX_COLUMNS - 2)))]


@pytest.mark.spec("O-04")
def test_a_file_that_was_damaged_on_its_way_is_read_or_refused() -> None:
    whole = workbook(("ISBN", "Qty", "Date"), ("A", 1, datetime.datetime(2026, 12, 1)))  # noqa: DTZ001
    refused = 0
    for place in range(0, len(whole), 11):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        try:
            workbooks.records(bytes(damaged))
        except InvalidFields:
            refused += 1
    assert refused


@pytest.mark.spec("O-04")
def test_one_long_text_cannot_stand_in_every_cell() -> None:
    text = "x" * 30_000
    many = workbook(*((text, 1) for _ in range(1 + workbooks.MAX_CHARACTERS // len(text))))
    with pytest.raises(InvalidFields) as caught:
        workbooks.records(many)
    assert caught.value.violations[0].reason == "UNREADABLE"
