"""Orders that had shipped before there were shipments have one of everything."""

import runpy

import pytest
import sqlalchemy as sa
from commis.orders.v1 import orders_pb2

from services.orders.tests.conftest import MIGRATIONS
from services.orders.tests.rpc.test_shipments import listed, open_of
from services.orders.tests.shop import Shop


@pytest.mark.spec("O-32")
async def test_orders_that_shipped_before_have_one_shipment_of_everything(shop: Shop) -> None:
    shipped, delivered, placed = [await shop.placed(("A", 2), ("B", 1)) for _ in range(3)]
    for order in (shipped, delivered):
        for call, request in (
            (shop.orders.ProcessOrder, orders_pb2.ProcessOrderRequest),
            (shop.orders.ShipOrder, orders_pb2.ShipOrderRequest),
        ):
            await call(request(order_id=order.id), metadata=shop.staff)
    await shop.orders.DeliverOrder(orders_pb2.DeliverOrderRequest(order_id=delivered.id), metadata=shop.staff)
    async with shop.infra.sessions.begin() as session:
        await session.execute(sa.text("TRUNCATE shipments, shipment_lines"))
        for statement in _backfill():
            await session.execute(sa.text(statement))
    for order, arrived in ((shipped, False), (delivered, True)):
        answer = await listed(shop, order.id)
        assert open_of(answer) == [(2, 2, 0), (1, 1, 0)]
        assert [each.HasField("deliver_time") for each in answer.shipments] == [arrived]
        assert answer.shipments[0].weight_grams == 1500
    assert (await listed(shop, placed.id)).shipments == []


def _backfill() -> tuple[str, ...]:
    path = MIGRATIONS / "versions" / "0006_create_shipments_and_messages.py"
    found: tuple[str, ...] = runpy.run_path(str(path))["_SHIPPED_BEFORE"]
    return found
