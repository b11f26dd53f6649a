"""XLSX imports: rows as typed, nothing evaluated, nothing expanded, nothing fetched."""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import openpyxl
import pytest
from openpyxl.xml.constants import SHEET_MAIN_NS

from catalog.imports import parts, xlsx
from chassis.db import Sessions

from .. import factories as a
from .importing import Importing, counts

NEW_YEAR = datetime.datetime(2026, 1, 1)  # noqa: DTZ001 - spreadsheets know no time zones


def workbook(*rows: Sequence[object], more: Callable[[Any], None] | None = None) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if more is not None:
        more(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def altered(content: bytes, part: str, change: Callable[[str], str]) -> bytes:
    """The workbook with one of its parts changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            text = old.read(entry)
            new.writestr(entry.filename, change(text.decode()) if entry.filename == part else text)
    return out.getvalue()


@pytest.mark.spec("C-04")
async def test_products_from_a_workbook(importing: Importing) -> None:
    content = workbook(
        ("Référence", "Désignation", "ISBN-10", "ISBN-13", "Date de parution", "Poids (g)", "Option_Taille"),
        ("A-1", "  L’été  ", 439023483, None, datetime.date(2020, 5, 1), 250, "M"),
        (None, None, None, None, None, None, None),
        (12345, "Nombre", None, 9780439023481.0, "2021", 250.0, "L"),
        ("A-3", "Perdu", None, 9.78043902348e12, None, None, None),
        ("A-4", "#N/A", None, None, None, None, None),
        ("A-5", "Trop", None, None, None, 1.5, None, "dehors"),
        ("A-6", "Fraction", None, None, None, 1.5, None),
    )
    job = await importing("PRODUCTS", content, "XLSX")
    assert (job.state, counts(job), job.processed_bytes) == ("SUCCEEDED", (2, 0, 0, 4), job.total_bytes)
    assert await importing.all(
        "SELECT sku, names->>'fr', isbn, publication_date, weight_grams, options FROM products p"
        " JOIN variants v ON v.product_id = p.id ORDER BY sku"
    ) == [
        ("12345", "Nombre", "9780439023481", "2021", 250, [["taille", "L"]]),
        ("A-1", "L’été", "9780439023481", "2020-05-01", 250, [["taille", "M"]]),
    ]
    assert await importing.findings(job) == {
        2: [("isbn10", "439023483", "LEADING_ZEROS", True)],
        4: [],
        5: [("isbn13", "9780439023480", "ISBN_CHECK_DIGIT", False)],
        6: [("name_fr", "#N/A", "SPREADSHEET_ERROR", False)],
        7: [("record", "A-5 Trop    1.5  dehors", "COLUMN_COUNT", False)],
        8: [("weight_grams", "1.5", "WHOLE_NUMBER", False)],
    }  # fmt: skip
    assert counts(await importing("PRODUCTS", content, "XLSX")) == (0, 0, 2, 4)


@pytest.mark.spec("C-04")
async def test_prices_and_stock_from_workbooks(importing: Importing, sessions: Sessions) -> None:
    await a.a_variant(sessions, "CHAIR", price=None)
    await a.a_list(sessions, "NET")
    rows = workbook(
        ("Prijslijst", "Artikelnummer", "Vanaf aantal", "Prijs", "Geldig van", "Geldig t/m"),
        ("NET", "CHAIR", 1, 12.1, NEW_YEAR, datetime.date(2026, 1, 31)),
        ("NET", "CHAIR", 10, 0.1 + 0.2, NEW_YEAR, datetime.date(2026, 1, 31)),
    )
    assert counts(await importing("PRICES", rows, "XLSX")) == (2, 0, 0, 0)
    assert await importing.all("SELECT valid_from::text, valid_to::text, unit_prices::text FROM prices") == [
        ("2026-01-01", "2026-02-01", "{12.1000,0.3000}")
    ]
    counted = workbook(("Magazzino", "Codice articolo", "Giacenza"), ("BRU", "CHAIR", 7))
    assert counts(await importing("STOCK", counted, "XLSX")) == (1, 0, 0, 0)


@pytest.mark.spec("C-04")
async def test_formulas_are_never_evaluated(importing: Importing) -> None:
    content = workbook(
        ("sku", "name_en", "brand"), ("A", "Chair", "=1+1"), ("B", '=HYPERLINK("http://x")', "x")
    )
    sheet = "xl/worksheets/sheet1.xml"
    stored = altered(content, sheet, lambda text: text.replace("<f>1+1</f><v></v>", "<f>1+1</f><v>40</v>"))
    stored = altered(stored, sheet, lambda text: text.replace("<f>1+1</f><v/>", "<f>1+1</f><v>40</v>"))
    job = await importing("PRODUCTS", stored, "XLSX")
    assert counts(job) == (1, 0, 0, 1)
    assert await importing.all("SELECT brand FROM products") == [("40",)], "what the program stored, not 2"
    assert (await importing.findings(job))[3] == [("name", "", "REQUIRED", False)]


@pytest.mark.spec("C-04")
async def test_the_first_sheet_is_read_and_the_others_are_named(importing: Importing) -> None:
    content = workbook(("sku", "name_en"), ("A", "Chair"), more=lambda book: book.create_sheet("Prices"))
    job = await importing("PRODUCTS", content, "XLSX")
    assert (await importing.findings(job))[1] == [("sheet", "Prices", "ONE_SHEET", False)]


def with_doctype(text: str) -> str:
    declared = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
    head, mark, rest = text.partition("?>")
    return f"{head}{mark}{declared}{rest}" if mark else declared + text


@pytest.mark.spec("C-04")
@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"sku,name_en\nA,Chair\n", "not a readable XLSX"),
        (b"PK\x03\x04" + b"x" * 500, "not a readable XLSX"),
        (altered(workbook(("sku",)), "xl/worksheets/sheet1.xml", with_doctype), "declares a document type"),
        (altered(workbook(("sku",)), "xl/workbook.xml", with_doctype), "declares a document type"),
        (
            altered(workbook(("sku", "name_en")), "xl/worksheets/sheet1.xml", lambda t: t[:-60]),
            "cannot be read",
        ),
        (altered(workbook(("sku",)), "xl/styles.xml", lambda _: "no xml"), "not XML"),
        (workbook(("name_en",), ("Chair",)), "lacks the columns sku"),
        (workbook(), "no header"),
    ],
)
async def test_workbooks_that_cannot_be_read(importing: Importing, content: bytes, error: str) -> None:
    job = await importing("PRODUCTS", content, "XLSX")
    assert job.state == "FAILED"
    assert error in job.error


@pytest.mark.spec("C-04")
async def test_a_workbook_that_would_grow_is_refused_before_it_does(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", b" " * (parts.MAX_PART + 1))
    assert len(bomb.getvalue()) < 1_000_000
    job = await importing("PRODUCTS", bomb.getvalue(), "XLSX")
    assert "more than" in job.error
    far = altered(
        workbook(("sku", "name_en"), ("A", "B")), "xl/worksheets/sheet1.xml",
        lambda text: text.replace('<row r="2"', '<row r="99999999999"'),
    )  # fmt: skip
    assert "at most 1048576 rows" in (await importing("PRODUCTS", far, "XLSX")).error
    monkeypatch.setattr(xlsx, "MAX_FILE", 1000)
    job = await importing("PRODUCTS", workbook(("sku", "name_en"), ("A", "B")), "XLSX")
    assert "at most 1000 bytes" in job.error


MIB = 1024**2
A_SHEET, SHARED = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
INLINE = '<row r="3"><c t="inlineStr"><is><t>{}</t></is></c></row></sheetData>'
LONG = "A" * 64 * MIB


@pytest.mark.spec("C-04")
@pytest.mark.parametrize(
    ("part", "before", "grown"),
    [
        (A_SHEET, "</sheetData>", INLINE.format(LONG)),
        (A_SHEET, "</sheetData>", INLINE.format(("A" * MIB + "<!--x-->") * 64)),
        (A_SHEET, "</sheetData>", INLINE.format(("A" * MIB + "<![CDATA[<row>]]>") * 64)),
        (A_SHEET, "</sheetData>", INLINE.format("&amp;" * 13 * MIB)),
        (A_SHEET, "</sheetData>", INLINE.format(("A" * MIB + "</t><t>") * 64)),
        (A_SHEET, "</sheetData>", "<row>" + "<c/>" * 16 * MIB + "</row></sheetData>"),
        (A_SHEET, "</sheetData>", "<row></row>" * 6 * MIB + "</sheetData>"),
        (A_SHEET, "<sheetData>", f"<!--{LONG}--><sheetData>"),
        (SHARED, "</sst>", f"<si><t>{LONG}</t></si></sst>"),
    ],
    ids=["text", "comments", "cdata", "entities", "elements", "cells", "rows", "comment", "shared"],
)
async def test_of_a_row_that_would_grow_only_the_beginning_is_read(
    importing: Importing, monkeypatch: pytest.MonkeyPatch, part: str, before: str, grown: str
) -> None:
    book = io.BytesIO(workbook(("sku", "name_en")))
    with zipfile.ZipFile(book, "a") as archive:
        archive.writestr(SHARED, f'<sst xmlns="{SHEET_MAIN_NS}"></sst>')
    content = altered(book.getvalue(), part, lambda text: text.replace(before, grown))
    assert len(content) < 3 * MIB
    seen = {part: 0}
    read = zipfile.ZipExtFile.read

    def counting(file: zipfile.ZipExtFile, n: int | None = -1) -> bytes:
        found = read(file, n)
        if file.name == part:
            seen[part] += len(found)
        return found

    monkeypatch.setattr(zipfile.ZipExtFile, "read", counting)
    job = await importing("PRODUCTS", content, "XLSX")
    assert job.state == "FAILED"
    assert part in job.error or "1048576 rows" in job.error
    assert seen[part] < 12 * MIB


@pytest.mark.spec("C-04")
async def test_a_row_longer_than_a_record_of_csv_is_refused_alone(importing: Importing) -> None:
    content = altered(
        workbook(("sku", "name_en"), ("B", "Chair")), A_SHEET,
        lambda text: text.replace("</sheetData>", INLINE.format("A" * (MIB + 1))),
    )  # fmt: skip
    job = await importing("PRODUCTS", content, "XLSX")
    assert (job.state, counts(job)) == ("SUCCEEDED", (1, 0, 0, 1))
    assert (await importing.findings(job))[3] == [("record", "A" * 200, "TOO_LONG", False)]
