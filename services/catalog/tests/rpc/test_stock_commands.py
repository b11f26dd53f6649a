"""Transfers, counts and the list of back-orders over the wire."""

from __future__ import annotations

import asyncio
import datetime
from uuid import UUID

import pytest
import sqlalchemy as sa
from commis.catalog.v1 import events_pb2
from commis.catalog.v1 import stock_pb2 as pb
from google.type import date_pb2

from catalog.reservations import firming
from catalog.reservations.firming import OrderFact
from chassis.ids import new_id
from chassis.testing import as_customer, as_service, as_staff

from .. import factories as a
from .conftest import ORDERS, STAFF, Catalog, refusal
from .test_stock import reservation

NOBODY = str(new_id())


async def ledger(catalog: Catalog, variant: a.AVariant) -> list[pb.StockMovement]:
    asked = pb.ListStockMovementsRequest(variant_id=str(variant.id))
    return list((await catalog.stock.ListStockMovements(asked, metadata=STAFF)).movements)


async def two_places(catalog: Catalog) -> tuple[str, str]:
    return str(await a.a_warehouse(catalog.sessions)), str(await a.a_warehouse(catalog.sessions, "SECOND"))


@pytest.mark.spec("C-20")
async def test_a_transfer_is_two_movements(catalog: Catalog) -> None:
    chair = await a.a_variant(catalog.sessions, stock=10)
    here, there = await two_places(catalog)
    request = pb.TransferStockRequest(
        request_id=str(new_id()), sku=chair.sku, from_warehouse_id=here, to_warehouse_id=there,
        quantity=4, reason="for the fair",
    )  # fmt: skip
    answers = await asyncio.gather(*(catalog.stock.TransferStock(request, metadata=STAFF) for _ in range(3)))
    assert all(answer == answers[0] for answer in answers)
    done = answers[0]
    assert (done.from_level.on_hand_quantity, done.to_level.on_hand_quantity) == (6, 4)
    assert (done.outgoing.quantity, done.incoming.quantity) == (-4, 4)
    assert done.outgoing.transfer_id == done.incoming.transfer_id != ""
    movements = await ledger(catalog, chair)
    assert movements[:2] == [done.incoming, done.outgoing]
    assert {movement.kind for movement in movements[:2]} == {pb.StockMovement.KIND_TRANSFER}
    assert [movement.transfer_id for movement in movements[2:]] == [""]
    assert movements[0].reason == "for the fair"
    await a.assert_ledger_holds(catalog.sessions)


@pytest.mark.spec("C-20", "C-21")
async def test_what_is_reserved_cannot_be_transferred(catalog: Catalog) -> None:
    chair = await a.a_variant(catalog.sessions, stock=10)
    here, there = await two_places(catalog)
    await catalog.reservations.ReserveStock(reservation(chair, 7), metadata=ORDERS)
    request = pb.TransferStockRequest(
        sku=chair.sku, from_warehouse_id=here, to_warehouse_id=there, quantity=4
    )
    below = await refusal(catalog.stock.TransferStock(request, metadata=STAFF))
    assert (below.code, below.reason) == ("FAILED_PRECONDITION", "STOCK_WOULD_BE_NEGATIVE")
    assert (below.metadata["on_hand"], below.metadata["reserved"]) == ("10", "7")
    assert len(await ledger(catalog, chair)) == 1
    request.quantity = 3
    assert (await catalog.stock.TransferStock(request, metadata=STAFF)).from_level.available_quantity == 0
    request.from_warehouse_id, request.to_warehouse_id = there, here
    request.quantity = 100_000_000
    assert (await refusal(catalog.stock.TransferStock(request, metadata=STAFF))).reason in (
        "STOCK_WOULD_BE_NEGATIVE", "STOCK_TOO_LARGE",
    )  # fmt: skip
    await a.assert_ledger_holds(catalog.sessions)


@pytest.mark.spec("C-20")
async def test_transfers_in_both_directions_at_once_never_deadlock(catalog: Catalog) -> None:
    variants = [await a.a_variant(catalog.sessions) for _ in range(2)]
    here, there = await two_places(catalog)
    for variant in variants:
        for place in (here, there):
            receipt = pb.MoveStockRequest(
                sku=variant.sku, warehouse_id=place, kind=pb.StockMovement.KIND_RECEIPT, quantity=50
            )
            await catalog.stock.MoveStock(receipt, metadata=STAFF)
    sent = [
        pb.TransferStockRequest(sku=variant.sku, from_warehouse_id=source, to_warehouse_id=target, quantity=1)
        for _ in range(10)
        for variant in variants
        for source, target in ((here, there), (there, here))
    ]
    await asyncio.gather(*(catalog.stock.TransferStock(request, metadata=STAFF) for request in sent))
    assert await a.level(catalog.sessions, variants[0]) == (100, 0)
    await a.assert_ledger_holds(catalog.sessions)


async def test_wrong_transfers_are_named(catalog: Catalog) -> None:
    async def refused(**fields: object) -> set[str]:
        request = pb.TransferStockRequest(**fields)  # type: ignore[arg-type]
        found = await refusal(catalog.stock.TransferStock(request, metadata=STAFF))
        return found.fields if found.reason == "INVALID_FIELDS" else {found.reason}

    assert await refused() == {"variant_id", "from_warehouse_id", "to_warehouse_id", "quantity"}
    here, there = await two_places(catalog)
    chair = await a.a_variant(catalog.sessions, stock=5)
    right = {"sku": chair.sku, "from_warehouse_id": here, "to_warehouse_id": there, "quantity": 1}
    assert await refused(**right | {"to_warehouse_id": here}) == {"to_warehouse_id"}
    assert await refused(**right | {"quantity": -1, "reason": "x" * 501}) == {"quantity", "reason"}
    assert await refused(**right | {"variant_id": str(chair.id)}) == {"variant_id"}
    assert await refused(**right | {"sku": "a\0b", "request_id": "x"}) == {"sku"}
    assert await refused(**right | {"request_id": "x"}) == {"request_id"}
    assert await refused(**right | {"sku": "absent"}) == {"VARIANT_NOT_FOUND"}
    assert await refused(**right | {"to_warehouse_id": NOBODY}) == {"WAREHOUSE_NOT_FOUND"}
    for kind in (pb.StockMovement.KIND_TRANSFER, pb.StockMovement.KIND_COUNT):
        half = pb.MoveStockRequest(sku=chair.sku, warehouse_id=here, kind=kind, quantity=1, reason="x")
        assert (await refusal(catalog.stock.MoveStock(half, metadata=STAFF))).fields == {"kind"}


@pytest.mark.spec("C-20")
async def test_a_count_books_what_differs(catalog: Catalog) -> None:
    more, fewer, same, new = [await a.a_variant(catalog.sessions, stock=5) for _ in range(3)] + [
        await a.a_variant(catalog.sessions)
    ]
    here = str(await a.a_warehouse(catalog.sessions))
    counts = [
        pb.StockCount(sku=more.sku, counted_quantity=8),
        pb.StockCount(variant_id=str(fewer.id), counted_quantity=3),
        pb.StockCount(sku=same.sku, counted_quantity=5),
        pb.StockCount(sku=new.sku, counted_quantity=2),
    ]
    request = pb.CountStockRequest(
        request_id=str(new_id()), warehouse_id=here, reason="yearly count", counts=counts
    )
    answers = await asyncio.gather(*(catalog.stock.CountStock(request, metadata=STAFF) for _ in range(3)))
    assert all(answer == answers[0] for answer in answers)
    assert [
        (counted.level.sku, counted.level.on_hand_quantity, counted.difference_quantity)
        for counted in answers[0].counted
    ] == [(more.sku, 8, 3), (fewer.sku, 3, -2), (same.sku, 5, 0), (new.sku, 2, 2)]
    booked = (await ledger(catalog, fewer))[0]
    assert (booked.kind, booked.quantity, booked.reason) == (pb.StockMovement.KIND_COUNT, -2, "yearly count")
    assert len(await ledger(catalog, same)) == 1
    again = pb.CountStockRequest(warehouse_id=here, reason="once more", counts=counts)
    counted = (await catalog.stock.CountStock(again, metadata=STAFF)).counted
    assert [found.difference_quantity for found in counted] == [0, 0, 0, 0]
    await a.assert_ledger_holds(catalog.sessions)


@pytest.mark.spec("C-20", "C-21")
async def test_a_count_below_what_is_reserved_changes_nothing(catalog: Catalog) -> None:
    """Every line that is too low is named; the others are not booked either."""
    good, low, lower = [await a.a_variant(catalog.sessions, stock=5) for _ in range(3)]
    for variant in (low, lower):
        await catalog.reservations.ReserveStock(reservation(variant, 4), metadata=ORDERS)
    request = pb.CountStockRequest(
        warehouse_id=str(await a.a_warehouse(catalog.sessions)),
        reason="count",
        counts=[
            pb.StockCount(sku=low.sku, counted_quantity=3),
            pb.StockCount(sku=good.sku, counted_quantity=9),
            pb.StockCount(sku=lower.sku, counted_quantity=0),
        ],
    )
    below = await refusal(catalog.stock.CountStock(request, metadata=STAFF))
    assert (below.code, below.reason) == ("FAILED_PRECONDITION", "STOCK_WOULD_BE_NEGATIVE")
    assert below.fields == {"counts[0].counted_quantity", "counts[2].counted_quantity"}
    assert [await a.level(catalog.sessions, variant) for variant in (good, low)] == [(5, 0), (5, 4)]
    await a.assert_ledger_holds(catalog.sessions)


async def test_wrong_counts_are_named(catalog: Catalog) -> None:
    chair = await a.a_variant(catalog.sessions, stock=5)
    here = str(await a.a_warehouse(catalog.sessions))

    async def refused(*counts: pb.StockCount, warehouse_id: str = here) -> tuple[str, set[str]]:
        request = pb.CountStockRequest(warehouse_id=warehouse_id, reason="x", counts=counts)
        found = await refusal(catalog.stock.CountStock(request, metadata=STAFF))
        return found.reason, found.fields

    empty = await refusal(catalog.stock.CountStock(pb.CountStockRequest(), metadata=STAFF))
    assert empty.fields == {"warehouse_id", "reason", "counts"}
    one = pb.StockCount(sku=chair.sku, counted_quantity=1)
    assert await refused(*[one] * 1001) == ("INVALID_FIELDS", {"counts"})
    assert await refused(one, pb.StockCount(variant_id=str(chair.id)), one) == (
        "INVALID_FIELDS", {"counts[1]", "counts[2]"},
    )  # fmt: skip
    wrong = pb.StockCount(sku="a\0", variant_id="x", counted_quantity=-1)
    assert await refused(one, wrong) == (
        "INVALID_FIELDS",
        {"counts[1].sku", "counts[1].variant_id", "counts[1].counted_quantity"},
    )
    absent = [pb.StockCount(sku="absent"), pb.StockCount(variant_id=NOBODY)]
    assert await refused(absent[0], one, absent[1]) == (
        "VARIANT_NOT_FOUND", {"counts[0].sku", "counts[2].variant_id"},
    )  # fmt: skip
    assert (await refused(one, warehouse_id=NOBODY))[0] == "WAREHOUSE_NOT_FOUND"


@pytest.mark.spec("C-20")
async def test_a_thousand_variants_are_counted_at_once(catalog: Catalog) -> None:
    first = await a.a_variant(catalog.sessions)
    async with catalog.sessions.begin() as session:
        await session.execute(
            sa.text(
                "INSERT INTO variants (id, product_id, position, sku, code, options)"
                " SELECT gen_random_uuid(), :product, n, 'N-' || n, 'n' || n, '[]' FROM generate_series(1, 999) n"
            ),
            {"product": first.product_id},
        )
    skus = [first.sku, *(f"N-{number}" for number in range(1, 1000))]
    request = pb.CountStockRequest(
        warehouse_id=str(await a.a_warehouse(catalog.sessions)),
        reason="count",
        counts=[pb.StockCount(sku=sku, counted_quantity=number) for number, sku in enumerate(skus)],
    )
    counted = (await catalog.stock.CountStock(request, metadata=STAFF)).counted
    assert [found.level.sku for found in counted] == skus
    assert [found.difference_quantity for found in counted] == list(range(1000))
    await a.assert_ledger_holds(catalog.sessions)


@pytest.mark.spec("C-22")
async def test_what_waits_is_listed_in_the_order_of_filling(catalog: Catalog) -> None:
    book, other = [await a.a_variant(catalog.sessions, policy="BACKORDER", stock=1) for _ in range(2)]
    facts = []
    for minute, variant in ((30, book), (20, other), (10, book), (0, book)):
        request = reservation(variant, 3)
        await catalog.reservations.ReserveStock(request, metadata=ORDERS)
        time = datetime.datetime(2026, 11, 21, 12, minute, tzinfo=datetime.UTC)
        order, attempt = UUID(request.order_id), UUID(request.attempt_id)
        facts.append(OrderFact("PLACED", order, attempt, {variant.id: 3}, time))
    async with catalog.sessions.begin() as session:
        await firming.apply(session, facts[:3])  # the last one is only held
    expected = pb.MoveStockRequest(
        sku=book.sku, warehouse_id=str(await a.a_warehouse(catalog.sessions)), quantity=1,
        kind=pb.StockMovement.KIND_RECEIPT, expected_date=date_pb2.Date(year=2026, month=12, day=24),
    )  # fmt: skip
    await catalog.stock.MoveStock(expected, metadata=STAFF)
    asked, found = pb.ListBackordersRequest(page_size=1), []
    while True:
        answer = await catalog.stock.ListBackorders(asked, metadata=STAFF)
        found.extend(answer.backorders)
        if not answer.next_page_token:
            break
        asked.page_token = answer.next_page_token
    assert [backorder.order_id for backorder in found] == [str(fact.order_id) for fact in facts[2::-1]]
    assert [backorder.missing_quantity for backorder in found] == [2, 2, 2]
    assert [backorder.expected_date.day for backorder in found] == [24, 0, 24]
    assert (found[0].sku, found[0].line_id, found[0].place_time.ToDatetime().minute) == (book.sku, "1", 10)
    asked = pb.ListBackordersRequest(variant_id=str(other.id))
    assert [one.sku for one in (await catalog.stock.ListBackorders(asked, metadata=STAFF)).backorders] == [
        other.sku
    ]


@pytest.mark.spec("C-22")
async def test_a_customer_who_gives_back_does_not_hear_who_gets_it(catalog: Catalog) -> None:
    """Events name the account that acted, and its audit shows them; the order that is filled is somebody else's."""
    book = await a.a_variant(catalog.sessions, policy="BACKORDER", stock=2)
    has, waits = reservation(book, 2), reservation(book, 2)
    for request in (has, waits):
        await catalog.reservations.ReserveStock(request, metadata=ORDERS)
    fact = OrderFact("PLACED", UUID(waits.order_id), UUID(waits.attempt_id), {book.id: 2})
    async with catalog.sessions.begin() as session:
        await firming.apply(session, [fact])
    account = new_id()
    metadata = (*as_customer(new_id(), account), *as_service("catalog.reserve", vouching=True))
    await catalog.reservations.ReleaseStock(
        pb.ReleaseStockRequest(order_id=has.order_id, attempt_id=has.attempt_id), metadata=metadata
    )
    async with catalog.sessions() as session:
        payload = await session.scalar(
            sa.text("SELECT payload FROM outbox WHERE subject = 'commis.catalog.v1.backorder_filled'")
        )
    event = events_pb2.BackorderFilled.FromString(payload or b"")
    assert (event.order_id, event.quantity, event.missing_quantity) == (waits.order_id, 2, 0)
    assert (event.attribution.order_id, event.attribution.account_id) == (waits.order_id, "")


async def test_who_may_see_and_move_what(catalog: Catalog) -> None:
    calls = (
        (catalog.stock.TransferStock, pb.TransferStockRequest()),
        (catalog.stock.CountStock, pb.CountStockRequest()),
        (catalog.stock.ListBackorders, pb.ListBackordersRequest()),
    )
    for call, request in calls:
        assert (await refusal(call(request, metadata=as_staff("FINANCE")))).code == "PERMISSION_DENIED"
    wrong = pb.ListBackordersRequest(variant_id="x")
    assert (await refusal(catalog.stock.ListBackorders(wrong, metadata=STAFF))).fields == {"variant_id"}
    wrong = pb.ListBackordersRequest(page_token="x", page_size=-1)
    assert (await refusal(catalog.stock.ListBackorders(wrong, metadata=STAFF))).fields == {"page_size"}
