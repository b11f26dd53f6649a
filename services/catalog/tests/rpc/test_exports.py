"""Everything goes out, comes into an empty catalogue, and goes out again as the same bytes."""

from __future__ import annotations

import asyncio
import csv
import re
import zipfile
from collections.abc import AsyncIterator
from io import BytesIO, StringIO
from xml.etree import ElementTree

import grpc
import openpyxl
import pytest
from commis.catalog.v1 import exports_pb2 as pb
from commis.catalog.v1 import imports_pb2, onix_pb2, pricing_pb2, products_pb2, stock_pb2
from commis.common.v1 import common_pb2
from google.type import date_pb2, money_pb2
from onixcheck import validate
from sqlalchemy.ext.asyncio import AsyncEngine

from catalog.exports import rpc as exporting
from catalog.exports import sheets
from chassis.ids import new_id
from chassis.testing import as_customer, as_staff, empty

from .. import factories as a
from .conftest import STAFF, Catalog, refusal

KINDS = ("PRODUCTS", "PRICES", "STOCK")
AWKWARD = "=1+1|a\\b=c 'x'\r\n\t\"quoted\"; _x0041_ é漢\ufffd\x0b"


def request(kind: str, form: str) -> pb.ExportCatalogRequest:
    return pb.ExportCatalogRequest(
        kind=pb.ExportCatalogRequest.Kind.Value(f"KIND_{kind}"),
        format=pb.ExportCatalogRequest.Format.Value(f"FORMAT_{form}"),
    )


async def export(catalog: Catalog, kind: str, form: str) -> bytes:
    header, content = None, bytearray()
    async for part in catalog.exports.ExportCatalog(request(kind, form), metadata=STAFF):
        if part.WhichOneof("part") == "header":
            header = part.header
        else:
            assert len(part.content) <= exporting.PIECE
            content += part.content
    assert header is not None
    assert header.file_name
    return bytes(content)


async def import_(catalog: Catalog, kind: str, form: str, content: bytes) -> imports_pb2.Import:
    async def parts() -> AsyncIterator[imports_pb2.UploadImportRequest]:
        yield imports_pb2.UploadImportRequest(
            header=imports_pb2.UploadImportHeader(
                kind=imports_pb2.Import.Kind.Value(f"KIND_{kind}"),
                format=imports_pb2.Import.Format.Value(f"FORMAT_{form}"),
            )
        )
        for start in range(0, len(content), 100_000):
            yield imports_pb2.UploadImportRequest(content=content[start : start + 100_000])
        yield imports_pb2.UploadImportRequest(content=b"")

    job = getattr(await catalog.imports.UploadImport(parts(), metadata=STAFF), "import")
    await catalog.runner.run_next(kind)
    asked = imports_pb2.GetImportRequest(import_id=job.id)
    done: imports_pb2.Import = getattr(await catalog.imports.GetImport(asked, metadata=STAFF), "import")
    listed = imports_pb2.ListImportVerdictsRequest(import_id=job.id, outcome=4)
    refused = (await catalog.imports.ListImportVerdicts(listed, metadata=STAFF)).verdicts
    assert not refused, refused
    assert done.state == imports_pb2.Import.STATE_SUCCEEDED, done.error
    return done


def problems_of(message: bytes) -> list[str]:
    """By the schemas of EDItEUR, both kinds."""
    file = BytesIO(message)
    file.name = "message.xml"
    return [str(problem) for problem in validate(file, schemas=("xsd", "rng"))]


def text(**languages: str) -> common_pb2.LocalizedText:
    return common_pb2.LocalizedText(texts=languages)


def pairs(*found: tuple[str, str]) -> list[products_pb2.Characteristic]:
    return [products_pb2.Characteristic(name=name, value=value) for name, value in found]


async def fill(catalog: Catalog) -> None:
    """Products as awkward as the API takes them, with prices past and to come, and stock."""
    shelf = products_pb2.Category(name=text(en="Shelf | one \\ two"))
    category = (
        await catalog.products.CreateCategory(
            products_pb2.CreateCategoryRequest(category=shelf), metadata=STAFF
        )
    ).category
    many = products_pb2.Product(
        name=text(en=AWKWARD, fr="Été"),
        description=text(nl="een\n\n\ntwee   drie\r\nvier", en="-5" + "y\n" * 3000),
        brand="@brand",
        authors=["A|B", "'=quoted", "C\\"],
        category_ids=[category.id],
        characteristics=pairs(("Material", "Wool|silk"), ("Material", "a=b"), ("x=y|z\\", "=cmd()")),
        picture_urls=["https://example.com/a|b?x=1&y=\\2"],
        variants=[
            products_pb2.Variant(sku="-S", options=pairs(("Size", "S"))),
            products_pb2.Variant(sku="+M", weight_grams=250, stock_policy=2, discontinued=True),
        ],
    )
    book = products_pb2.Product(
        product_ref="com.publisher.1", name=text(fr="L’île", en="The  island"), description=text(fr="a\n b & <c>"),
        brand="Éditions", authors=["Maj Sjöwall", "Per Wahlöö"], vat_class="BOOK", publication_date="2020-05",
        product_form="BC", text_language_code="fr", picture_urls=["https://x.org/1.jpg", "https://x.org/2.jpg"],
        characteristics=pairs(("Thema", "FFP"), ("pages", "245"), ("height mm", "197"), ("translator", "Lois Roth"),
                              ("series", "Beck; 1"), ("subject own", "x"), ("keywords", "a; b"), ("free", "text")),
        category_ids=[category.id],
        variants=[products_pb2.Variant(sku="=B1", isbn="9780007232833", weight_grams=195)],
    )  # fmt: skip
    ended = products_pb2.Product(
        name=text(en="Gone"),
        discontinued=True,
        variants=[products_pb2.Variant(sku="G", gtin="9780439023481")],
    )
    for product in (many, book, ended):
        await catalog.products.CreateProduct(
            products_pb2.CreateProductRequest(product=product), metadata=STAFF
        )
    await lists(catalog, category.id)
    await prices(catalog)
    for sku, quantity in (("-S", 5), ("+M", 3), ("=B1", 1)):
        await catalog.stock.MoveStock(
            stock_pb2.MoveStockRequest(
                sku=sku, quantity=quantity, kind=stock_pb2.StockMovement.KIND_RECEIPT, reason="x",
                warehouse_id=str(await a.a_warehouse(catalog.sessions, "@MAIN")),
            ),
            metadata=STAFF,
        )  # fmt: skip


async def lists(catalog: Catalog, category_id: str = "") -> None:
    """What no file of products or prices makes: lists, and the mapping of ONIX."""
    net = await a.a_list(catalog.sessions, "NET")
    gross = await a.a_list(catalog.sessions, "=GROSS", tax_inclusive=True)
    if not category_id:
        category = products_pb2.Category(name=text(en="Shelf | one \\ two"))
        made = products_pb2.CreateCategoryRequest(category=category)
        category_id = (await catalog.products.CreateCategory(made, metadata=STAFF)).category.id
    mapping = onix_pb2.OnixMapping(
        price_rules=[
            onix_pb2.OnixPriceRule(price_type="04", currency_code="EUR", price_list_id=str(gross)),
            onix_pb2.OnixPriceRule(price_type="05", currency_code="EUR", price_list_id=str(net)),
        ],
        subject_rules=[onix_pb2.OnixSubjectRule(scheme="93", code="FY", category_id=category_id)],
    )
    await catalog.onix.SetOnixMapping(onix_pb2.SetOnixMappingRequest(mapping=mapping), metadata=STAFF)


async def prices(catalog: Catalog) -> None:
    def step(quantity: int, units: int, nanos: int = 0) -> pricing_pb2.LadderStep:
        price = money_pb2.Money(currency_code="EUR", units=units, nanos=nanos)
        return pricing_pb2.LadderStep(min_quantity=quantity, unit_price=price)

    listed = (
        await catalog.lists.ListPriceLists(pricing_pb2.ListPriceListsRequest(), metadata=STAFF)
    ).price_lists
    for price_list in listed:
        for sku, year, ladder in (
            ("=B1", 2020, [step(1, 12, 340_000_000)]),
            ("=B1", 2990, [step(1, 13, 123_400_000), step(10, 9)]),
            ("-S", 2021, [step(1, 5), step(5, 4, 990_000_000)]),
        ):
            price = pricing_pb2.Price(
                sku=sku, ladder=ladder, valid_from=date_pb2.Date(year=year, month=1, day=1),
                valid_to=date_pb2.Date(year=2999, month=1, day=1) if year > 2900 else None,
            )  # fmt: skip
            await catalog.lists.SetPrices(
                pricing_pb2.SetPricesRequest(price_list_id=price_list.id, prices=[price]), metadata=STAFF
            )


@pytest.mark.spec("C-05", "C-04")
@pytest.mark.parametrize("form", ["CSV", "XLSX"])
async def test_what_is_exported_is_imported_unchanged(
    catalog: Catalog, engine: AsyncEngine, form: str
) -> None:
    await fill(catalog)
    before = {kind: await export(catalog, kind, form) for kind in KINDS}
    for kind in KINDS:  # what has no reference of its own gets the one it was exported with
        done = await import_(catalog, kind, form, before[kind])
        assert (done.accepted_count, done.changed_count) == (0, 2 if kind == "PRODUCTS" else 0)
        assert (await import_(catalog, kind, form, before[kind])).changed_count == 0
    assert {kind: await export(catalog, kind, form) for kind in KINDS} == before
    await empty(engine, a.KEPT)
    await a.a_list(catalog.sessions, "NET")
    await a.a_list(catalog.sessions, "=GROSS", tax_inclusive=True)
    for kind in KINDS:
        done = await import_(catalog, kind, form, before[kind])
        assert done.changed_count == done.unchanged_count == 0
    assert {kind: await export(catalog, kind, form) for kind in KINDS} == before


@pytest.mark.spec("C-05", "C-04")
async def test_books_leave_as_valid_onix_and_come_back(catalog: Catalog, engine: AsyncEngine) -> None:
    await fill(catalog)
    before = await export(catalog, "PRODUCTS", "ONIX")
    assert problems_of(before) == []
    await empty(engine, a.KEPT)
    await lists(catalog)
    done = await import_(catalog, "PRODUCTS", "ONIX", before)
    assert done.accepted_count == 2
    after = await export(catalog, "PRODUCTS", "ONIX")
    moment = re.compile(rb"<SentDateTime>[^<]*</SentDateTime>")
    assert moment.sub(b"", after) == moment.sub(b"", before)
    again = await import_(catalog, "PRODUCTS", "ONIX", after)
    assert (again.accepted_count, again.changed_count, again.unchanged_count) == (0, 0, 2)
    found = ElementTree.fromstring(after)
    assert len(found.findall(".//{*}Price")) == 8
    assert b"The island" in after
    assert b"FY</SubjectCode>" in after


@pytest.mark.spec("C-05")
async def test_cells_are_never_formulas(catalog: Catalog) -> None:
    await fill(catalog)
    text = (await export(catalog, "PRODUCTS", "CSV")).decode("utf-8-sig")
    cells = [cell for row in csv.reader(StringIO(text, newline="")) for cell in row]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
    assert {"'-S", "'+M", "'=B1", "'@brand"} <= set(cells)
    book = openpyxl.load_workbook(BytesIO(await export(catalog, "PRODUCTS", "XLSX")))
    assert all(cell.data_type != "f" for row in book.worksheets[0] for cell in row)


@pytest.mark.spec("C-05")
async def test_exports_of_an_empty_catalogue(catalog: Catalog) -> None:
    for kind in KINDS:
        assert (await export(catalog, kind, "CSV")).count(b"\r\n") == 1
        assert zipfile.ZipFile(BytesIO(await export(catalog, kind, "XLSX"))).testzip() is None
    message = await export(catalog, "PRODUCTS", "ONIX")
    assert problems_of(message) == []


@pytest.mark.spec("C-05")
async def test_exports_that_are_refused(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask(asked: pb.ExportCatalogRequest, metadata: object = STAFF) -> None:
        async for _ in catalog.exports.ExportCatalog(asked, metadata=metadata):
            pass

    assert (await refusal(ask(pb.ExportCatalogRequest()))).fields == {"kind", "format"}
    assert (await refusal(ask(request("STOCK", "ONIX")))).fields == {"kind"}
    assert (await refusal(ask(request("STOCK", "CSV"), as_staff("FINANCE")))).code == "PERMISSION_DENIED"
    assert (
        await refusal(ask(request("STOCK", "CSV"), as_customer(new_id(), new_id())))
    ).code == "PERMISSION_DENIED"
    await fill(catalog)
    monkeypatch.setattr(sheets, "MAX_CELL", 3000)
    found = await refusal(ask(request("PRODUCTS", "XLSX")))
    assert (found.reason, found.metadata["column"]) == ("CELL_TOO_LONG", "description_en")
    monkeypatch.setattr(sheets, "MAX_CELL", 32_767)
    monkeypatch.setattr(sheets, "MAX_ROWS", 2)
    assert (await refusal(ask(request("PRODUCTS", "XLSX")))).reason == "TOO_MANY_ROWS"
    monkeypatch.setattr(exporting, "MAX_AT_ONCE", 0)
    assert (await refusal(ask(request("STOCK", "CSV")))).reason == "EXPORTS_BUSY"


@pytest.mark.spec("C-05")
async def test_an_export_sees_one_moment(catalog: Catalog) -> None:
    """Rows that come and change while it runs are not in it, and readers who leave do not keep a place."""
    for number in range(450):
        await a.a_variant(catalog.sessions, f"S{number:03d}", stock=number)
    call = catalog.exports.ExportCatalog(request("STOCK", "CSV"), metadata=STAFF)
    parts = [await anext(aiter(call))]
    first = await a.a_variant(catalog.sessions, "A-first", stock=1)
    parts += [part async for part in call]
    content = b"".join(part.content for part in parts).decode()
    assert content.count("\r\n") == 451
    assert first.sku not in content
    for _ in range(exporting.MAX_AT_ONCE + 1):
        left = catalog.exports.ExportCatalog(request("STOCK", "CSV"), metadata=STAFF)
        await begun(left)
        left.cancel()
    async with asyncio.timeout(20):  # the server learns of it when it next writes
        while True:
            try:
                await export(catalog, "STOCK", "CSV")
                return
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                    raise
                await asyncio.sleep(0.05)


async def begun(call: AsyncIterator[pb.ExportCatalogResponse]) -> None:
    """The first part, unless others are still being ended."""
    try:
        await anext(aiter(call))
    except grpc.aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
            raise
