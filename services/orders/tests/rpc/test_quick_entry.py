"""Quick entry and re-ordering over the wire: every row answered, only what is certain added."""

from __future__ import annotations

from typing import Any

import pytest
from commis.orders.v1 import entry_pb2 as pb
from commis.orders.v1 import entry_pb2_grpc, orders_pb2
from google.type import date_pb2

from chassis.ids import new_id
from chassis.testing import as_customer
from services.orders.tests.shop import Shop, found, refused
from services.orders.tests.unit.test_entry_workbooks import workbook

STRANGER, PRINCE, X = "9782070360024", "9782070612758", "9780804429573"
OK, UNKNOWN = pb.EntryRow.STATE_OK, pb.EntryRow.STATE_UNKNOWN
AMBIGUOUS, GONE = pb.EntryRow.STATE_AMBIGUOUS, pb.EntryRow.STATE_NOT_AVAILABLE
BAD_QUANTITY, BAD_REFERENCE = pb.EntryRow.STATE_BAD_QUANTITY, pb.EntryRow.STATE_BAD_REFERENCE


def entry(shop: Shop) -> entry_pb2_grpc.QuickEntryServiceStub:
    return entry_pb2_grpc.QuickEntryServiceStub(shop.channel)


async def check(shop: Shop, order_id: str, content: str | bytes, **fields: Any) -> pb.CheckEntryResponse:
    raw = content.encode() if isinstance(content, str) else content
    given = {"order_id": order_id, "format": pb.ENTRY_FORMAT_TEXT, "content": raw} | fields
    return await entry(shop).CheckEntry(pb.CheckEntryRequest(**given), metadata=shop.customer)  # type: ignore[arg-type]


async def add(shop: Shop, order_id: str, content: str, who: Any = None, **fields: Any) -> pb.AddEntryResponse:
    given = {"order_id": order_id, "format": pb.ENTRY_FORMAT_TEXT, "content": content.encode()} | fields
    return await entry(shop).AddEntry(pb.AddEntryRequest(**given), metadata=who or shop.customer)  # type: ignore[arg-type]


def books(shop: Shop) -> None:
    shop.catalog.add("STRANGER", "8.00", isbn=STRANGER)
    shop.catalog.add("PRINCE", "9.00", isbn=PRINCE, stock=2)
    shop.catalog.add("OLD", "1.00", isbn=X, discontinued=True)
    shop.catalog.add("TWIN-1", isbn="9782253004226")
    shop.catalog.add("TWIN-2", isbn="9782253004226")
    shop.catalog.add("12", "1.00")
    shop.catalog.add("345", "1.00")
    shop.catalog.add("YEN", "100", currency="JPY")


PASTED = f"""ISBN;Qté;Référence;Date de livraison
{STRANGER};3;R-1;1/12/2026
978-2-07-061275-8;3;;
{X};1;;
9782253004226;1;;
9782070000000;1;;
A;2,5;;
B;;;
A;1;{"x" * 201};31/02/2026
YEN;1;;
A;2;;
A;2;;
"""


@pytest.mark.spec("O-04")
async def test_every_row_is_answered_and_nothing_changes(shop: Shop) -> None:
    books(shop)
    sheet = await shop.sheet()
    answer = await check(shop, sheet.id, PASTED)
    assert [(row.row, row.state) for row in answer.rows] == [
        (2, OK), (3, GONE), (4, GONE), (5, AMBIGUOUS), (6, UNKNOWN), (7, BAD_QUANTITY), (8, BAD_QUANTITY),
        (9, BAD_REFERENCE), (10, GONE), (11, OK), (12, OK),
    ]  # fmt: skip
    assert answer.ok_count == 3
    first, short, old, twins, unknown, half, none, wrong, yen, *_ = answer.rows
    assert (first.line.line_reference, first.line.quantity) == ("R-1", 3)
    assert first.line.requested_delivery_date == date_pb2.Date(year=2026, month=12, day=1)
    assert (first.description, first.total.units, first.code) == ("Article STRANGER", 24, STRANGER)
    assert (short.available_quantity, short.remark) == (
        2,
        f"Not enough in stock. Available: 2.; read as {PRINCE}",
    )
    assert (old.remark, old.description) == ("is no longer sold", "Article OLD")
    assert [each.sku for each in twins.candidates] == ["TWIN-1", "TWIN-2"]
    assert unknown.remark == "no SKU, ISBN or EAN of the catalogue"
    assert (half.given_quantity, half.remark) == ("2,5", "a quantity is a whole number")
    assert none.remark == "there is no quantity"
    assert "line reference must have at most 200 characters; the delivery date is no date" in wrong.remark
    assert yen.remark == "is priced in JPY, the order in EUR"
    assert (await shop.get(sheet.id)).etag == sheet.etag


@pytest.mark.spec("O-04")
async def test_the_good_rows_are_added_at_once(shop: Shop) -> None:
    books(shop)
    sheet = await shop.sheet(("B", 1))
    answer = await add(shop, sheet.id, PASTED, etag=sheet.etag)
    assert answer.added_count == 3
    lines = [(line.sku, line.quantity, line.line_reference) for line in answer.order.lines]
    assert lines == [("B", 1, ""), ("STRANGER", 3, "R-1"), ("A", 2, ""), ("A", 2, "")]
    assert [row.state for row in answer.rows].count(OK) == 3
    kept = await shop.get(sheet.id)
    assert (answer.order.lines, answer.order.totals, answer.order.etag) == (
        kept.lines,
        kept.totals,
        kept.etag,
    )
    (last,) = [each for each in await shop.history(sheet.id) if each.action == "lines_added"]
    assert last.detail == "3 x STRANGER, 2 x A, 2 x A"
    with_old = [each async for each in _refusals(shop, sheet.id, sheet.etag)]
    assert with_old == ["ETAG_MISMATCH", "ETAG_MISMATCH"]


async def _refusals(shop: Shop, order_id: str, etag: str) -> Any:
    for content in ("A;1", "nothing;1"):
        async with refused("ETAG_MISMATCH"):
            await add(shop, order_id, content, etag=etag)
        yield "ETAG_MISMATCH"


@pytest.mark.spec("O-04", "O-21")
@pytest.mark.parametrize("content", ["A;1", "nothing;1"])
async def test_a_repeat_gives_the_same_answer_and_adds_nothing_more(shop: Shop, content: str) -> None:
    sheet = await shop.sheet()
    key = str(new_id())
    first = await add(shop, sheet.id, content, request_id=key)
    shop.catalog.add("nothing")
    again = await add(shop, sheet.id, content, request_id=key)
    assert again == first
    assert len((await shop.get(sheet.id)).lines) == first.added_count
    async with refused("REQUEST_ID_REUSED"):
        await add(shop, sheet.id, "A;2", request_id=key)


@pytest.mark.spec("O-04")
async def test_what_may_be_either_way_is_asked_of_the_catalogue(shop: Shop) -> None:
    books(shop)
    sheet = await shop.sheet()
    both, one = (
        (await check(shop, sheet.id, "12 345")).rows[0],
        (await check(shop, sheet.id, "7 345")).rows[0],
    )
    assert (both.state, both.remark) == (AMBIGUOUS, "may be 345 of 12, or 12 of 345")
    assert [each.sku for each in both.candidates] == ["12", "345"]
    assert (one.state, one.code, one.line.quantity) == (OK, "345", 7)
    assumed = (await check(shop, sheet.id, STRANGER)).rows[0]
    assert (assumed.state, assumed.line.quantity, assumed.remark) == (OK, 1, "without a quantity it is 1")


@pytest.mark.spec("O-04")
async def test_files(shop: Shop) -> None:
    books(shop)
    sheet = await shop.sheet()
    content = workbook(("Artikelnummer", "Aantal", "Titel"), (int(STRANGER), 3, "x"), ("A", 1, "y"))
    answer = await check(shop, sheet.id, content, format=pb.ENTRY_FORMAT_XLSX)
    assert [(row.row, row.state, row.line.quantity) for row in answer.rows] == [(2, OK, 3), (3, OK, 1)]
    assert answer.unread_columns == ["Titel"]
    latin = "ISBN;Qté;Note\nA;1;déjà".encode("cp1252")
    answer = await check(shop, sheet.id, latin, format=pb.ENTRY_FORMAT_CSV)
    assert answer.rows[0].line.note == "déjà"


@pytest.mark.spec("O-04")
async def test_what_cannot_be_read_is_said_of_the_whole(shop: Shop) -> None:
    sheet = await shop.sheet()
    cases: list[tuple[bytes, int, str]] = [
        (b"", pb.ENTRY_FORMAT_TEXT, "REQUIRED"),
        (b" \n ", pb.ENTRY_FORMAT_TEXT, "REQUIRED"),
        (b"A;1\n" * 2001, pb.ENTRY_FORMAT_CSV, "TOO_MANY"),
        (b"A" * (1024**2 + 1), pb.ENTRY_FORMAT_TEXT, "TOO_LONG"),
        (b"A" * (5 * 1024**2 + 1), pb.ENTRY_FORMAT_XLSX, "TOO_LONG"),
        (b"A;1", pb.ENTRY_FORMAT_XLSX, "UNREADABLE"),
        (b"A;1\x81", pb.ENTRY_FORMAT_CSV, "ENCODING"),
    ]
    for content, given, reason in cases:
        async with refused("INVALID_FIELDS") as errors:
            await check(shop, sheet.id, content, format=given)
        assert found(errors) == {("content", reason)}
    async with refused("INVALID_FIELDS") as errors:
        await check(shop, "x", b"", format=77)
    assert {field for field, _ in found(errors)} == {"order_id", "format", "content"}
    odd = (await check(shop, sheet.id, b"a\x00b;1\n" + b"x" * 500_000)).rows
    assert [(row.state, len(row.code) <= 200) for row in odd] == [(UNKNOWN, True), (UNKNOWN, True)]


@pytest.mark.spec("O-04", "A-12")
async def test_only_who_may_change_the_sheet(shop: Shop) -> None:
    sheet = await shop.sheet()
    placed = await shop.placed(("A", 1))
    other = shop.customers.add()
    stranger = as_customer(new_id(), other)
    for order_id, who in ((sheet.id, stranger), (str(new_id()), shop.customer)):
        async with refused("ORDER_NOT_FOUND"):
            await add(shop, order_id, "A;1", who)
        for target, past in ((order_id, placed.id), (sheet.id, str(new_id()))):
            request = pb.CheckReorderRequest(order_id=target, past_order_id=past)
            async with refused("ORDER_NOT_FOUND"):
                await entry(shop).CheckReorder(request, metadata=who)
    async with refused("ORDER_NOT_EDITABLE"):
        await add(shop, placed.id, "A;1")


@pytest.mark.spec("O-04")
async def test_a_past_order_again(shop: Shop) -> None:
    shop.catalog.add("GONE", "3.00")
    lines = [
        orders_pb2.LineInput(sku="A", quantity=2, cost_centre="CC", line_reference="R-1", note="n"),
        orders_pb2.LineInput(sku="GONE", quantity=1),
        orders_pb2.LineInput(sku="B", quantity=3),
    ]
    past = await shop.place((await shop.sheet(lines=lines)).id)
    shop.catalog.articles["GONE"].discontinued = True
    sheet = await shop.sheet()
    request = pb.CheckReorderRequest(order_id=sheet.id, past_order_id=past.id)
    checked = await entry(shop).CheckReorder(request, metadata=shop.customer)
    assert [(row.row, row.state, row.code) for row in checked.rows] == [
        (1, OK, "A"),
        (2, GONE, "GONE"),
        (3, OK, "B"),
    ]
    key = str(new_id())
    adding = pb.AddReorderRequest(request_id=key, order_id=sheet.id, past_order_id=past.id, etag=sheet.etag)
    answer = await entry(shop).AddReorder(adding, metadata=shop.customer)
    assert answer.added_count == checked.ok_count == 2
    added = [(line.sku, line.quantity, line.cost_centre, line.line_reference) for line in answer.order.lines]
    assert added == [("A", 2, "CC", ""), ("B", 3, "", "")]
    assert await entry(shop).AddReorder(adding, metadata=shop.customer) == answer
    draft = pb.CheckReorderRequest(order_id=sheet.id, past_order_id=(await shop.sheet(("A", 1))).id)
    async with refused("ORDER_NOT_FOUND"):  # not a past order
        await entry(shop).CheckReorder(draft, metadata=shop.customer)


@pytest.mark.spec("O-04")
async def test_2000_rows_take_three_calls(shop: Shop) -> None:
    sheet = await shop.sheet()
    shop.catalog.calls.clear()
    answer = await add(shop, sheet.id, "A;1\nB;2\n" * 1000)
    assert answer.added_count == len(answer.order.lines) == 2000
    assert shop.catalog.calls == {"resolve": 1, "quote": 2}
    async with refused("INVALID_FIELDS"):
        await add(shop, sheet.id, "A;1")
