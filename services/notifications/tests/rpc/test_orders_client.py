"""Orders for mails: whoever asks at the same time shares one call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, ClassVar
from uuid import UUID

import pytest
from commis.orders.v1 import orders_pb2 as pb
from commis.orders.v1 import orders_pb2_grpc

from chassis.access import PUBLIC
from chassis.errors import ServiceError, Unavailable
from chassis.ids import new_id
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


@pytest.fixture
def neighbour() -> Orders:
    return Orders()


@pytest.fixture
async def orders(neighbour: Orders) -> AsyncIterator[GrpcOrders]:
    add = orders_pb2_grpc.add_OrderServiceServicer_to_server
    servicers = [(add, neighbour, "commis.orders.v1.OrderService")]
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
