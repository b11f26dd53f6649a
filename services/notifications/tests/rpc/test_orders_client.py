"""Orders for mails: whoever asks at the same time shares one call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, ClassVar
from uuid import UUID

import pytest
from commis.orders.v1 import (
    messages_pb2,
    messages_pb2_grpc,
    orders_pb2_grpc,
    shipments_pb2,
    shipments_pb2_grpc,
)
from commis.orders.v1 import orders_pb2 as pb

from chassis.access import PUBLIC
from chassis.errors import NotFound, ServiceError, Unavailable
from chassis.ids import new_id
from chassis.server import Servicer
from chassis.testing import grpc_server
from chassis.testkit.issuer import service_token
from chassis.tokens import ServiceTokens
from notifications.clients import GrpcOrders


class Orders(orders_pb2_grpc.OrderServiceServicer):
    RULES: ClassVar[Any] = {
        method.name: PUBLIC for method in pb.DESCRIPTOR.services_by_name["OrderService"].methods
    }

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.known: set[str] = set()
        self.away = False

    async def BatchGetOrders(self, request: pb.BatchGetOrdersRequest, _: Any) -> pb.BatchGetOrdersResponse:
        if self.away:
            raise Unavailable("away")
        self.calls.append(len(request.order_ids))
        return pb.BatchGetOrdersResponse(
            orders=[pb.Order(id=each) for each in request.order_ids if each in self.known]
        )


class MessageGone(NotFound):
    reason = "ORDER_MESSAGE_NOT_FOUND"


class Messages(messages_pb2_grpc.OrderMessageServiceServicer):
    """Knows all but those whose id begins with f."""

    RULES: ClassVar[Any] = {
        method.name: PUBLIC
        for method in messages_pb2.DESCRIPTOR.services_by_name["OrderMessageService"].methods
    }

    async def GetOrderMessage(
        self, request: messages_pb2.GetOrderMessageRequest, _: Any
    ) -> messages_pb2.GetOrderMessageResponse:
        if request.order_message_id.startswith("f"):
            raise MessageGone("gone")
        found = messages_pb2.OrderMessage(id=request.order_message_id, text="hello")
        return messages_pb2.GetOrderMessageResponse(message=found)


class Shipments(shipments_pb2_grpc.ShipmentServiceServicer):
    RULES: ClassVar[Any] = {
        method.name: PUBLIC for method in shipments_pb2.DESCRIPTOR.services_by_name["ShipmentService"].methods
    }

    async def ListShipments(
        self, request: shipments_pb2.ListShipmentsRequest, _: Any
    ) -> shipments_pb2.ListShipmentsResponse:
        one = shipments_pb2.Shipment(order_id=request.order_id, carrier="bpost")
        return shipments_pb2.ListShipmentsResponse(shipments=[one])


@pytest.fixture
def neighbour() -> Orders:
    return Orders()


@pytest.fixture
async def orders(neighbour: Orders) -> AsyncIterator[GrpcOrders]:
    add = orders_pb2_grpc.add_OrderServiceServicer_to_server
    servicers: list[Servicer] = [
        (add, neighbour, "commis.orders.v1.OrderService"),
        (
            messages_pb2_grpc.add_OrderMessageServiceServicer_to_server,
            Messages(),
            "commis.orders.v1.OrderMessageService",
        ),
        (
            shipments_pb2_grpc.add_ShipmentServiceServicer_to_server,
            Shipments(),
            "commis.orders.v1.ShipmentService",
        ),
    ]
    async with grpc_server(servicers, domain="orders.commis") as running:
        yield GrpcOrders(running.channel, ServiceTokens(service_token("orders.read")))


async def test_250_orders_asked_for_at_once_take_three_calls(orders: GrpcOrders, neighbour: Orders) -> None:
    wanted = [new_id() for _ in range(250)]
    neighbour.known.update(map(str, wanted))
    found = await asyncio.gather(*map(orders.get_order, wanted))
    assert [UUID(each.id) for each in found] == wanted
    assert sorted(neighbour.calls) == [50, 100, 100]


async def test_an_order_that_does_not_exist_spoils_no_other(orders: GrpcOrders, neighbour: Orders) -> None:
    there = new_id()
    neighbour.known.add(str(there))
    found, missing = await asyncio.gather(
        orders.get_order(there), orders.get_order(new_id()), return_exceptions=True
    )
    assert isinstance(found, pb.Order)
    assert found.id == str(there)
    assert isinstance(missing, ServiceError)
    assert missing.reason == "ORDER_NOT_FOUND"


async def test_who_gives_up_takes_the_answer_from_nobody(orders: GrpcOrders, neighbour: Orders) -> None:
    there = new_id()
    neighbour.known.add(str(there))
    impatient = asyncio.create_task(orders.get_order(new_id()))
    patient = asyncio.create_task(orders.get_order(there))
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await patient).id == str(there)


async def test_everybody_hears_that_orders_is_away_and_the_next_call_asks_again(
    orders: GrpcOrders, neighbour: Orders
) -> None:
    there = new_id()
    neighbour.known.add(str(there))
    neighbour.away = True
    answers = await asyncio.gather(*(orders.get_order(there) for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [type(answers[0])] * 3
    assert isinstance(answers[0], ServiceError)
    neighbour.away = False
    assert (await orders.get_order(there)).id == str(there)


async def test_what_left_and_what_was_written_is_fetched_by_id(orders: GrpcOrders) -> None:
    order, message = new_id(), new_id()
    assert [each.order_id for each in (await orders.list_shipments(order)).shipments] == [str(order)]
    found = await orders.find_message(message)
    assert found is not None
    assert (found.id, found.text) == (str(message), "hello")
    assert await orders.find_message(UUID(int=2**128 - 1)) is None
