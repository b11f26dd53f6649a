"""After placing: the back office's moves, cancelling, and what the database itself refuses."""

import asyncio
from typing import Any

import grpc
import pytest
from commis.orders.v1 import events_pb2
from commis.orders.v1 import orders_pb2 as pb
from sqlalchemy.exc import IntegrityError

from chassis import status
from chassis.ids import new_id
from chassis.testing import as_service
from services.orders.tests.shop import Shop, refused


async def outcome(work: Any) -> Any:
    """The answer, or the error as ours."""
    try:
        return await work
    except grpc.aio.AioRpcError as error:
        return status.from_rpc_error(error, "orders")


async def placement(shop: Shop, order_id: str) -> pb.Placement:
    request = pb.GetPlacementsRequest(order_ids=[order_id])
    answer = await shop.placements.GetPlacements(
        request, metadata=as_service("orders.placement", vouching=True)
    )
    return answer.placements[0]


async def change_row(shop: Shop, statement: str) -> None:
    async with shop.infra.sessions.begin() as session:
        await (await session.connection()).exec_driver_sql(statement)


@pytest.mark.spec("O-31")
async def test_the_back_office_moves_an_order_to_its_end(shop: Shop) -> None:
    order = await shop.placed(("A", 1))
    steps = (
        (shop.orders.ProcessOrder, pb.ProcessOrderRequest, pb.Order.STATE_PROCESSING, "order_processed"),
        (shop.orders.ShipOrder, pb.ShipOrderRequest, pb.Order.STATE_SHIPPED, "order_shipped"),
        (shop.orders.DeliverOrder, pb.DeliverOrderRequest, pb.Order.STATE_DELIVERED, "order_delivered"),
        (shop.orders.CloseOrder, pb.CloseOrderRequest, pb.Order.STATE_CLOSED, "order_closed"),
    )
    async with refused("ORDER_STATE") as errors:
        await shop.orders.ShipOrder(pb.ShipOrderRequest(order_id=order.id), metadata=shop.staff)
    assert errors[0].metadata["allowed_verbs"] == "process, cancel"
    for call, request, state, fact in steps:
        async with refused("PERMISSION_DENIED"):
            await call(request(order_id=order.id), metadata=shop.customer)
        request_id = str(new_id())
        moved = (await call(request(order_id=order.id, request_id=request_id), metadata=shop.staff)).order
        assert moved.state == state
        again = (await call(request(order_id=order.id, request_id=request_id), metadata=shop.staff)).order
        assert again == moved
        (payload,) = await shop.events(fact)
        event = events_pb2.OrderShipped.FromString(payload)  # the facts of all these steps are alike
        assert (event.number, event.account_id) == (order.number, order.parties.customer.id)
        assert event.total == order.totals.total
    assert moved.fulfilment_state == pb.Order.FULFILMENT_STATE_DELIVERED
    assert not moved.allowed_verbs
    async with refused("ORDER_STATE") as errors:
        await shop.orders.CancelOrder(pb.CancelOrderRequest(order_id=order.id), metadata=shop.staff)
    assert errors[0].metadata["allowed_verbs"] == "nothing"
    actions = [entry.action for entry in await shop.history(order.id)]
    assert actions == ["created", "placed", "processed", "shipped", "delivered", "closed"]


@pytest.mark.spec("O-33")
async def test_cancelling_tells_the_holders_once(shop: Shop) -> None:
    order = await shop.placed(("A", 1))
    request = pb.CancelOrderRequest(order_id=order.id, reason="changed my mind")
    answers = await asyncio.gather(
        *(outcome(shop.orders.CancelOrder(request, metadata=shop.customer)) for _ in range(5))
    )
    cancelled = [answer.order for answer in answers if isinstance(answer, pb.CancelOrderResponse)]
    assert len(cancelled) == 1
    assert {a.reason for a in answers if not isinstance(a, pb.CancelOrderResponse)} == {"ORDER_STATE"}
    assert cancelled[0].state == pb.Order.STATE_CANCELLED
    (payload,) = await shop.events("order_cancelled")
    event = events_pb2.OrderCancelled.FromString(payload)
    assert (event.order_id, event.number, event.was_placed) == (order.id, order.number, True)
    assert event.total == order.totals.total
    assert (await shop.history(order.id))[-1].detail == "changed my mind"
    assert (await placement(shop, order.id)).state == pb.Placement.STATE_CANCELLED


async def test_a_cancelled_cart_makes_room_for_a_new_one(shop: Shop) -> None:
    cart = (await shop.orders.OpenCart(pb.OpenCartRequest(), metadata=shop.customer)).order
    await shop.orders.CancelOrder(pb.CancelOrderRequest(order_id=cart.id), metadata=shop.customer)
    following = (await shop.orders.OpenCart(pb.OpenCartRequest(), metadata=shop.customer)).order
    assert following.id != cart.id
    event = events_pb2.OrderCancelled.FromString((await shop.events("order_cancelled"))[0])
    assert not event.was_placed
    assert not event.approval_asked


async def test_staff_move_orders_while_customers_is_away(shop: Shop) -> None:
    order = await shop.placed(("A", 1))
    shop.customers.down = True
    moved = await shop.orders.ProcessOrder(pb.ProcessOrderRequest(order_id=order.id), metadata=shop.staff)
    assert moved.order.state == pb.Order.STATE_PROCESSING
    async with refused("UNAVAILABLE"):
        await shop.orders.CancelOrder(pb.CancelOrderRequest(order_id=order.id), metadata=shop.as_rep)


@pytest.mark.spec("O-12")
async def test_the_database_refuses_online_payment_by_a_rep(shop: Shop) -> None:
    chosen = await shop.sheet(("A", 1), who=shop.as_rep)
    placed = await shop.place((await shop.sheet(("A", 1), who=shop.as_rep)).id, shop.as_rep)
    for order_id, change in (
        (chosen.id, "payment_method = 'ELECTRONIC'"),
        (placed.id, "payment_method = 'ELECTRONIC', payment_actor = 'PERSON'"),
        (chosen.id, "payment_actor = NULL"),
    ):
        with pytest.raises(IntegrityError):
            await change_row(shop, f"UPDATE orders SET {change} WHERE id = '{order_id}'")


@pytest.mark.spec("O-31")
async def test_the_database_keeps_orders_and_history(shop: Shop) -> None:
    order = await shop.placed(("A", 1))
    for statement in (
        f"DELETE FROM orders WHERE id = '{order.id}'",
        "DELETE FROM order_history",
        "UPDATE order_history SET action = 'created'",
        "UPDATE terms SET texts = '{}'",
    ):
        with pytest.raises(IntegrityError):
            await change_row(shop, statement)
