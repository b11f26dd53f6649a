"""Many ship the same order at once."""

from __future__ import annotations

import asyncio

import pytest
from commis.orders.v1 import orders_pb2
from commis.orders.v1 import shipments_pb2 as pb

from chassis.ids import new_id
from services.orders.tests.rpc.test_fulfilment import outcome
from services.orders.tests.rpc.test_shipments import listed, moved, open_of, processing, ship
from services.orders.tests.shop import Shop, refused


@pytest.mark.spec("O-32")
async def test_twenty_clients_never_ship_more_than_was_ordered(shop: Shop) -> None:
    order = await processing(shop, ("A", 7), ("B", 1))
    answers = await asyncio.gather(*(outcome(ship(shop, order, 1)) for _ in range(20)))
    made = [answer for answer in answers if isinstance(answer, pb.Shipment)]
    assert len(made) == 7
    assert sorted(each.position for each in made) == list(range(1, 8))
    assert {answer.reason for answer in answers if not isinstance(answer, pb.Shipment)} == {"INVALID_FIELDS"}
    answer = await listed(shop, order.id)
    assert open_of(answer) == [(7, 7, 0), (1, 0, 1)]
    assert len(await shop.events("shipment_created")) == 7


@pytest.mark.spec("O-32", "O-21")
async def test_a_shipment_that_is_sent_again_is_one(shop: Shop) -> None:
    order = await processing(shop, ("A", 5))
    request_id = str(new_id())
    made = await asyncio.gather(*(ship(shop, order, 2, request_id=request_id) for _ in range(8)))
    assert all(each == made[0] for each in made)
    assert open_of(await listed(shop, order.id)) == [(5, 2, 3)]
    async with refused("REQUEST_ID_REUSED"):
        await ship(shop, order, 1, request_id=request_id)


@pytest.mark.spec("O-32", "O-33")
async def test_cancelling_and_shipping_at_once_end_in_one_of_them(shop: Shop) -> None:
    for _ in range(5):
        order = await processing(shop, ("A", 2))
        cancel = shop.orders.CancelOrder(
            orders_pb2.CancelOrderRequest(order_id=order.id), metadata=shop.staff
        )
        rest = shop.orders.ShipOrder(orders_pb2.ShipOrderRequest(order_id=order.id), metadata=shop.staff)
        await asyncio.gather(outcome(cancel), outcome(rest), outcome(ship(shop, order, 1)))
        now = (await shop.get(order.id)).state
        left = sum(each.shipped_quantity for each in (await listed(shop, order.id)).open_lines)
        assert (left == 0) == (now == orders_pb2.Order.STATE_CANCELLED)
    assert all(sum(quantities) <= 2 for quantities, _ in moved(await shop.events("shipment_created")))
