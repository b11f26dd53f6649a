"""What placed lines wait for, as catalog tells it: shown, not shipped before it is there."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from commis.catalog.v1 import events_pb2
from commis.orders.v1 import orders_pb2
from commis.orders.v1 import shipments_pb2 as pb
from google.type import date_pb2

from chassis.consumer import Permanent
from chassis.ids import new_id
from orders.shipments.consumers import BACKORDERS
from services.orders.tests.rpc.test_shipments import listed, open_of, processing, ship
from services.orders.tests.shop import Shop, found, refused

WAREHOUSE = str(new_id())
SOON = date_pb2.Date(year=2027, month=3, day=1)


async def tell(shop: Shop, event: Any) -> None:
    assert BACKORDERS.handler is not None
    async with shop.infra.sessions.begin() as session:
        await BACKORDERS.handler(session, event, None)


async def attempt_of(shop: Shop, order: orders_pb2.Order) -> str:
    async with shop.infra.sessions() as session:
        found = await session.scalar(
            sa.text("SELECT placing_attempt FROM orders WHERE id = :id"), {"id": UUID(order.id)}
        )
    return str(found)


async def opened(shop: Shop, order: orders_pb2.Order, missing: int, attempt: str = "") -> Any:
    return events_pb2.BackorderOpened(
        order_id=order.id,
        line_id=order.lines[0].id,
        warehouse_id=WAREHOUSE,
        missing_quantity=missing,
        expected_date=SOON,
        attempt_id=attempt or await attempt_of(shop, order),
    )


def filled(order: orders_pb2.Order, missing: int) -> events_pb2.BackorderFilled:
    return events_pb2.BackorderFilled(
        order_id=order.id,
        line_id=order.lines[0].id,
        warehouse_id=WAREHOUSE,
        quantity=1,
        missing_quantity=missing,
    )


async def waiting(shop: Shop, order: orders_pb2.Order) -> tuple[int, date_pb2.Date]:
    line = (await listed(shop, order.id)).open_lines[0]
    return line.backorder_quantity, line.expected_date


@pytest.mark.spec("O-32", "C-22")
async def test_what_waits_for_goods_is_shown_and_stays_open(shop: Shop) -> None:
    order = await processing(shop, ("A", 5), ("B", 1))
    await tell(shop, await opened(shop, order, 3))
    assert await waiting(shop, order) == (3, SOON)
    async with refused("INVALID_FIELDS") as errors:
        await ship(shop, order, 3)
    assert found(errors) == {("lines[0].quantity", "ON_BACKORDER")}
    made = await ship(shop, order)  # all that has stock
    assert [line.quantity for line in made.lines] == [2, 1]
    assert open_of(await listed(shop, order.id)) == [(5, 2, 3), (1, 1, 0)]
    async with refused("INVALID_FIELDS") as errors:
        await ship(shop, order)
    assert found(errors) == {("lines", "NOTHING_TO_SHIP")}
    await tell(shop, filled(order, 1))
    assert await waiting(shop, order) == (1, SOON)
    await ship(shop, order, 2)
    await tell(shop, filled(order, 0))
    assert await waiting(shop, order) == (0, date_pb2.Date())
    last = await ship(shop, order)
    assert [line.quantity for line in last.lines] == [1]
    assert (await shop.get(order.id)).fulfilment_state == orders_pb2.Order.FULFILMENT_STATE_SHIPPED


@pytest.mark.spec("O-32", "C-22")
async def test_the_whole_order_ships_whatever_was_counted(shop: Shop) -> None:
    order = await processing(shop, ("A", 5))
    await tell(shop, await opened(shop, order, 3))
    request = orders_pb2.ShipOrderRequest(order_id=order.id)
    await shop.orders.ShipOrder(request, metadata=shop.staff)
    answer = await listed(shop, order.id)
    assert [line.quantity for line in answer.shipments[0].lines] == [5]
    assert answer.open_lines[0].backorder_quantity == 0


@pytest.mark.spec("M-05", "C-22")
async def test_news_in_any_order_says_the_same(shop: Shop) -> None:
    order = await processing(shop, ("A", 5))
    for event in (filled(order, 2), await opened(shop, order, 4), filled(order, 3)):
        await tell(shop, event)
    assert (await waiting(shop, order))[0] == 2


@pytest.mark.spec("C-22")
async def test_what_an_earlier_attempt_waited_for_counts_no_more(shop: Shop) -> None:
    early = str(new_id())
    order = await processing(shop, ("A", 5))
    await tell(shop, await opened(shop, order, 4, early))
    assert (await waiting(shop, order))[0] == 0
    await tell(shop, await opened(shop, order, 1))
    await tell(shop, await opened(shop, order, 4, early))
    assert (await waiting(shop, order))[0] == 1
    wrong = events_pb2.BackorderFilled(order_id=order.id, line_id="x", warehouse_id=WAREHOUSE)
    with pytest.raises(Permanent):
        await tell(shop, wrong)


@pytest.mark.spec("C-22")
async def test_a_filling_that_is_heard_of_alone_is_kept(shop: Shop) -> None:
    order = await processing(shop, ("A", 5))
    event = filled(order, 2)
    event.expected_date.CopyFrom(SOON)
    await tell(shop, event)
    assert await waiting(shop, order) == (2, SOON)
    made: pb.Shipment = await ship(shop, order, 3)
    assert made.position == 1
