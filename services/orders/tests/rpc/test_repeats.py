"""The same command twice, and many at once."""

import asyncio

import pytest
from commis.orders.v1 import orders_pb2 as pb

from chassis.ids import new_id
from chassis.testing import as_customer
from services.orders.tests.provider import Till
from services.orders.tests.rpc import test_quick_entry as entries
from services.orders.tests.shop import Shop, amount, found, refused


async def add(shop: Shop, order: pb.Order, *lines: pb.LineInput, **fields: str) -> pb.Order:
    request = pb.AddOrderLinesRequest(order_id=order.id, lines=lines, **fields)
    return (await shop.orders.AddOrderLines(request, metadata=shop.customer)).order


async def test_a_client_made_id_makes_one_order(shop: Shop) -> None:
    order_id = str(new_id())
    first = await shop.sheet(("A", 1), order_id=order_id, note="offline")
    again = await shop.sheet(("A", 1), order_id=order_id, note="offline")
    assert first == again
    async with refused("ORDER_ID_TAKEN"):
        await shop.sheet(("A", 2), order_id=order_id, note="offline")
    foreign = shop.customers.add()
    async with refused("ORDER_ID_TAKEN"):
        await shop.sheet(("A", 1), who=as_customer(new_id(), foreign), order_id=order_id, note="offline")
    async with refused("INVALID_FIELDS") as errors:
        await shop.sheet(("A", 1), order_id="0199d0c2-5b7e-4c3a-9f00-000000000000")
    assert found(errors) == {("order_id", "INVALID")}


async def test_the_same_request_id_answers_the_same_order(shop: Shop) -> None:
    request_id = str(new_id())
    answers = await asyncio.gather(*(shop.sheet(("A", 1), request_id=request_id) for _ in range(8)))
    assert len({answer.SerializeToString() for answer in answers}) == 1
    async with refused("REQUEST_ID_REUSED"):
        await shop.sheet(("A", 2), request_id=request_id)
    assert (await shop.rows("SELECT count(*) AS n FROM orders"))[0].n == 1

    sheet = answers[0]
    add_id = str(new_id())
    lines = [pb.LineInput(sku="B", quantity=1)]
    added = await asyncio.gather(*(add(shop, sheet, *lines, request_id=add_id) for _ in range(8)))
    assert len({answer.SerializeToString() for answer in added}) == 1
    assert len((await shop.get(sheet.id)).lines) == 2


async def test_an_answer_that_is_all_there_is_to_keep_is_one_for_all(shop: Shop, till: Till) -> None:
    """Nothing is locked where nothing is changed: all are at work before the first has its answer stored."""
    sheet = await shop.sheet()
    request_id = str(new_id())
    checked = await asyncio.gather(
        *(entries.add(shop, sheet.id, "nothing;1", request_id=request_id) for _ in range(8))
    )
    assert len({answer.SerializeToString() for answer in checked}) == 1
    order = await till.placed()
    started = await asyncio.gather(*(till.start(order.id, request_id=request_id) for _ in range(8)))
    assert len({answer.SerializeToString() for answer in started}) == 1
    kept = await shop.rows("SELECT method FROM idempotency WHERE method IN ('AddEntry', 'StartPayment')")
    assert len(kept) == 2


@pytest.mark.spec("O-35")
async def test_a_stale_version_is_refused_with_the_current_one(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    request = pb.UpdateOrderRequest(order=pb.Order(id=sheet.id, note="first", etag=sheet.etag))
    changed = (await shop.orders.UpdateOrder(request, metadata=shop.customer)).order
    stale = {"order_id": sheet.id, "etag": sheet.etag}
    line = {"line_id": sheet.lines[0].id}
    for call, stale_request in (
        (
            shop.orders.UpdateOrder,
            pb.UpdateOrderRequest(order=pb.Order(id=sheet.id, note="2", etag=sheet.etag)),
        ),
        (
            shop.orders.AddOrderLines,
            pb.AddOrderLinesRequest(lines=[pb.LineInput(sku="A", quantity=1)], **stale),
        ),
        (
            shop.orders.UpdateOrderLine,
            pb.UpdateOrderLineRequest(line=pb.LineInput(quantity=2), **stale, **line),
        ),
        (shop.orders.RemoveOrderLine, pb.RemoveOrderLineRequest(**stale, **line)),
        (shop.orders.PlaceOrder, pb.PlaceOrderRequest(request_id=str(new_id()), **stale)),
        (shop.orders.CancelOrder, pb.CancelOrderRequest(**stale)),
    ):
        async with refused("ETAG_MISMATCH") as errors:
            await call(stale_request, metadata=shop.customer)
        assert errors[0].metadata["current_etag"] == changed.etag
    assert await shop.get(sheet.id) == changed


@pytest.mark.spec("O-35")
async def test_many_edits_at_once_lose_nothing(shop: Shop) -> None:
    sheet = await shop.sheet()
    await asyncio.gather(*(add(shop, sheet, pb.LineInput(sku="C", quantity=1)) for _ in range(20)))
    sheet = await shop.get(sheet.id)
    assert [line.position for line in sheet.lines] == list(range(1, 21))
    assert amount(sheet.totals.goods) == "100.00"
    assert [entry.sequence for entry in await shop.history(sheet.id)] == list(range(1, 22))
