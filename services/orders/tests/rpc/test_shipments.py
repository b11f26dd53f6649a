"""Partial shipments: what left, what is still to come, and what the order's state says of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from commis.orders.v1 import events_pb2, orders_pb2, shipments_pb2_grpc
from commis.orders.v1 import shipments_pb2 as pb

from chassis.ids import new_id
from chassis.testing import as_service
from services.orders.tests.shop import Shop, found, refused

SHIPPED, PROCESSING = orders_pb2.Order.STATE_SHIPPED, orders_pb2.Order.STATE_PROCESSING
PARTLY = orders_pb2.Order.FULFILMENT_STATE_PARTLY_SHIPPED
WHOLLY = orders_pb2.Order.FULFILMENT_STATE_SHIPPED
DELIVERED = orders_pb2.Order.FULFILMENT_STATE_DELIVERED


def shipping(shop: Shop) -> Any:
    return shipments_pb2_grpc.ShipmentServiceStub(shop.channel)


async def processing(shop: Shop, *lines: tuple[str, int]) -> orders_pb2.Order:
    order = await shop.placed(*lines)
    request = orders_pb2.ProcessOrderRequest(order_id=order.id)
    return (await shop.orders.ProcessOrder(request, metadata=shop.staff)).order


async def ship(shop: Shop, order: orders_pb2.Order, *quantities: int, **fields: Any) -> pb.Shipment:
    """`quantities` of the lines in their order; 0: not this one."""
    lines = [
        pb.ShipmentLine(line_id=line.id, quantity=quantity)
        for line, quantity in zip(order.lines, quantities, strict=False)
        if quantity
    ]
    request = pb.CreateShipmentRequest(order_id=order.id, lines=lines, **fields)
    return (await shipping(shop).CreateShipment(request, metadata=shop.staff)).shipment


async def listed(shop: Shop, order_id: str, who: Any = None) -> pb.ListShipmentsResponse:
    request = pb.ListShipmentsRequest(order_id=order_id)
    answer: pb.ListShipmentsResponse = await shipping(shop).ListShipments(
        request, metadata=who or shop.customer
    )
    return answer


def open_of(answer: pb.ListShipmentsResponse) -> list[tuple[int, int, int]]:
    return [(line.ordered_quantity, line.shipped_quantity, line.open_quantity) for line in answer.open_lines]


def moved(payloads: Sequence[bytes]) -> list[tuple[list[int], bool]]:
    events = [events_pb2.ShipmentCreated.FromString(payload) for payload in payloads]
    return [([line.quantity for line in event.lines], event.complete) for event in events]


@pytest.mark.spec("O-31", "O-32")
async def test_an_order_leaves_in_parts(shop: Shop) -> None:
    order = await processing(shop, ("A", 3), ("B", 2), ("C", 1))
    assert open_of(await listed(shop, order.id)) == [(3, 0, 3), (2, 0, 2), (1, 0, 1)]
    first = await ship(
        shop,
        order,
        2,
        0,
        1,
        carrier="bpost",
        tracking_number="3SABC",
        tracking_address="https://track.example/3SABC?a=1&b=2",
        etag=order.etag,
    )
    assert (first.position, first.weight_grams, first.etag) == (1, 1500, '"1"')
    assert [(line.sku, line.quantity, line.description) for line in first.lines] == [
        ("A", 2, "Article A"), ("C", 1, "Article C"),
    ]  # fmt: skip
    now = await shop.get(order.id)
    assert (now.state, now.fulfilment_state, list(now.allowed_verbs)) == (SHIPPED, PARTLY, ["ship"])
    assert open_of(await listed(shop, order.id)) == [(3, 2, 1), (2, 0, 2), (1, 1, 0)]
    second = await ship(shop, order, 1, 2, carrier="DHL", weight_grams=77)
    assert (second.position, second.weight_grams) == (2, 77)
    now = await shop.get(order.id)
    assert (now.state, now.fulfilment_state, list(now.allowed_verbs)) == (SHIPPED, WHOLLY, ["deliver"])
    activity = now.activity
    assert (activity.shipment_count, list(activity.carriers)) == (2, ["DHL", "bpost"])
    assert activity.shipped_weight_grams == 1577
    assert activity.last_ship_time == second.ship_time
    answer = await listed(shop, order.id)
    assert [each.id for each in answer.shipments] == [first.id, second.id]
    assert all(line.open_quantity == 0 for line in answer.open_lines)
    assert moved(await shop.events("shipment_created")) == [([2, 1], False), ([1, 2], True)]
    (told,) = await shop.events("order_shipped")
    assert events_pb2.OrderShipped.FromString(told).shipment_id == first.id
    entries = [(entry.action, entry.detail) for entry in (await shop.history(order.id))[-2:]]
    assert entries == [("shipped", "shipment 1"), ("shipped", "shipment 2")]


@pytest.mark.spec("O-32")
async def test_what_cannot_leave_is_named_all_at_once(shop: Shop) -> None:
    order = await processing(shop, ("A", 3), ("B", 2))
    await ship(shop, order, 1)
    a, b = order.lines[0].id, order.lines[1].id
    lines = [(a, 3), (b, 1), (str(new_id()), 1), (b, 2)]
    request = pb.CreateShipmentRequest(
        order_id=order.id,
        lines=[pb.ShipmentLine(line_id=line, quantity=quantity) for line, quantity in lines],
    )
    async with refused("INVALID_FIELDS") as errors:
        await shipping(shop).CreateShipment(request, metadata=shop.staff)
    assert found(errors) == {
        ("lines[0].quantity", "QUANTITY_NOT_OPEN"),
        ("lines[2].line_id", "UNKNOWN_LINE"),
        ("lines[3].line_id", "DUPLICATE"),
    }
    async with refused("ETAG_MISMATCH"):
        await ship(shop, order, 0, 1, etag=order.etag)
    await ship(shop, order)  # the rest
    async with refused("ORDER_STATE") as errors:
        await ship(shop, order)
    assert errors[0].metadata["allowed_verbs"] == "deliver"


@pytest.mark.spec("O-31", "O-32")
async def test_only_an_order_in_hand_ships_and_only_staff_ships(shop: Shop) -> None:
    draft, placed = await shop.sheet(("A", 1)), await shop.placed(("A", 1))
    for order, allowed in ((draft, "share, place, cancel"), (placed, "process, cancel")):
        async with refused("ORDER_STATE") as errors:
            await ship(shop, order, 1)
        assert errors[0].metadata["allowed_verbs"] == allowed
    request = pb.CreateShipmentRequest(order_id=placed.id)
    for who in (shop.customer, shop.as_rep):
        async with refused("PERMISSION_DENIED"):
            await shipping(shop).CreateShipment(request, metadata=who)
    assert (await listed(shop, draft.id)).open_lines == []
    assert open_of(await listed(shop, placed.id, as_service("orders.read"))) == [(1, 0, 1)]
    async with refused("ORDER_NOT_FOUND"):
        await listed(shop, str(new_id()))


@pytest.mark.spec("O-31", "O-32")
async def test_the_old_verbs_mean_everything_that_is_open(shop: Shop) -> None:
    order = await processing(shop, ("A", 3), ("B", 2))
    await ship(shop, order, 1)
    request = orders_pb2.DeliverOrderRequest(order_id=order.id)
    async with refused("ORDER_STATE") as errors:
        await shop.orders.DeliverOrder(request, metadata=shop.staff)
    assert errors[0].metadata["allowed_verbs"] == "ship"
    rest = orders_pb2.ShipOrderRequest(order_id=order.id, request_id=str(new_id()))
    shipped = (await shop.orders.ShipOrder(rest, metadata=shop.staff)).order
    assert (await shop.orders.ShipOrder(rest, metadata=shop.staff)).order == shipped
    assert (shipped.state, shipped.fulfilment_state) == (SHIPPED, WHOLLY)
    assert moved(await shop.events("shipment_created")) == [([1], False), ([2, 2], True)]
    assert len(await shop.events("order_shipped")) == 1
    await shop.orders.DeliverOrder(request, metadata=shop.staff)
    assert len(await shop.events("shipment_delivered")) == 2
    assert all(each.HasField("deliver_time") for each in (await listed(shop, order.id)).shipments)


@pytest.mark.spec("O-31", "O-32")
async def test_an_order_is_delivered_with_its_last_shipment(shop: Shop) -> None:
    order = await processing(shop, ("A", 2))
    first = await ship(shop, order, 1)
    arrived = pb.DeliverShipmentRequest(order_id=order.id, shipment_id=first.id)
    answer = await shipping(shop).DeliverShipment(arrived, metadata=shop.staff)
    assert answer.shipment.HasField("deliver_time")
    assert (await shop.get(order.id)).fulfilment_state == PARTLY
    async with refused("SHIPMENT_STATE"):
        await shipping(shop).DeliverShipment(arrived, metadata=shop.staff)
    second = await ship(shop, order, 1)
    again = pb.DeliverShipmentRequest(order_id=order.id, shipment_id=second.id, request_id=str(new_id()))
    once, twice = [await shipping(shop).DeliverShipment(again, metadata=shop.staff) for _ in range(2)]
    assert once == twice
    now = await shop.get(order.id)
    assert (now.state, now.fulfilment_state) == (orders_pb2.Order.STATE_DELIVERED, DELIVERED)
    assert len(await shop.events("order_delivered")) == 1
    other = pb.DeliverShipmentRequest(order_id=order.id, shipment_id=str(new_id()))
    async with refused("SHIPMENT_NOT_FOUND"):
        await shipping(shop).DeliverShipment(other, metadata=shop.staff)
    actions = [entry.action for entry in await shop.history(order.id)]
    assert actions[-4:] == ["shipped", "shipment_delivered", "shipped", "delivered"]


@pytest.mark.spec("O-32", "O-35")
async def test_how_it_travels_can_be_put_right(shop: Shop) -> None:
    order = await processing(shop, ("A", 2))
    made = await ship(shop, order, 1, carrier="bpost", tracking_number="1")
    change = pb.Shipment(id=made.id, tracking_number="2", carrier="unseen", etag=made.etag)
    request = pb.UpdateShipmentRequest(shipment=change)
    request.update_mask.paths.append("tracking_number")
    changed = (await shipping(shop).UpdateShipment(request, metadata=shop.staff)).shipment
    assert (changed.carrier, changed.tracking_number, changed.etag) == ("bpost", "2", '"2"')
    assert list(changed.lines) == list(made.lines)
    async with refused("ETAG_MISMATCH") as errors:
        await shipping(shop).UpdateShipment(request, metadata=shop.staff)
    assert errors[0].metadata["current_etag"] == '"2"'
    assert (await shop.history(order.id))[-1].action == "shipment_changed"
    missing = pb.UpdateShipmentRequest(shipment=pb.Shipment(id=str(new_id())))
    async with refused("SHIPMENT_NOT_FOUND"):
        await shipping(shop).UpdateShipment(missing, metadata=shop.staff)
    wrong = pb.UpdateShipmentRequest(
        shipment=pb.Shipment(id=made.id, tracking_address="javascript:alert(1)", weight_grams=-1)
    )
    wrong.update_mask.paths.append("lines_of_code")
    async with refused("INVALID_FIELDS") as errors:
        await shipping(shop).UpdateShipment(wrong, metadata=shop.staff)
    assert {field for field, _ in found(errors)} == {
        "shipment.tracking_address", "shipment.weight_grams", "update_mask",
    }  # fmt: skip


@pytest.mark.spec("O-33")
async def test_an_order_of_which_something_left_is_not_cancelled(shop: Shop) -> None:
    order = await processing(shop, ("A", 2))
    await ship(shop, order, 1)
    async with refused("ORDER_STATE") as errors:
        await shop.orders.CancelOrder(orders_pb2.CancelOrderRequest(order_id=order.id), metadata=shop.staff)
    assert errors[0].metadata["allowed_verbs"] == "ship"
    assert await shop.events("order_cancelled") == []


@pytest.mark.spec("O-33")
async def test_cancelling_says_what_could_not_be_undone(shop: Shop) -> None:
    order, sheet = await shop.placed(("A", 1)), await shop.sheet(("A", 1))
    assert list(order.not_undone) == []
    for each, told in ((order, ["MAILS_SENT"]), (sheet, [])):
        request = orders_pb2.CancelOrderRequest(order_id=each.id)
        cancelled = (await shop.orders.CancelOrder(request, metadata=shop.staff)).order
        assert list(cancelled.not_undone) == told
        assert list((await shop.get(each.id)).not_undone) == told
