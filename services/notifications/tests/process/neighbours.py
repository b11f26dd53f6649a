"""The neighbours of a real notifications process: orders and customers over gRPC, answering from memory."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from commis.customers.v1 import sessions_pb2, sessions_pb2_grpc
from commis.orders.v1 import orders_pb2, orders_pb2_grpc

from chassis import server
from chassis.access import PUBLIC, Rule
from chassis.context import Principal
from chassis.testing import issuer


def _open(descriptor: Any) -> Mapping[str, Rule]:
    return {method.name: PUBLIC for method in descriptor.methods}


class Orders(orders_pb2_grpc.OrderServiceServicer):
    RULES = _open(orders_pb2.DESCRIPTOR.services_by_name["OrderService"])

    def __init__(self, orders: Mapping[str, orders_pb2.Order]) -> None:
        self._orders = orders

    async def BatchGetOrders(
        self, request: orders_pb2.BatchGetOrdersRequest, _: Any
    ) -> orders_pb2.BatchGetOrdersResponse:
        return orders_pb2.BatchGetOrdersResponse(orders=[self._orders[each] for each in request.order_ids])


class Tokens(sessions_pb2_grpc.TokenServiceServicer):
    RULES = _open(sessions_pb2.DESCRIPTOR.services_by_name["TokenService"])

    async def GetJwks(self, request: Any, _: Any) -> sessions_pb2.GetJwksResponse:
        return sessions_pb2.GetJwksResponse(jwks_json=json.dumps(await issuer.jwks()))

    async def IssueServiceToken(self, request: Any, _: Any) -> sessions_pb2.IssueServiceTokenResponse:
        who = Principal("notifications", "SERVICE", scopes=frozenset(["orders.read"]))
        answer = sessions_pb2.IssueServiceTokenResponse(access_token=issuer.token(who))
        answer.expire_time.FromSeconds(int(time.time()) + 600)
        return answer


@asynccontextmanager
async def neighbours(orders: Mapping[str, orders_pb2.Order]) -> AsyncIterator[str]:
    """Their common target."""
    servicers = [
        (orders_pb2_grpc.add_OrderServiceServicer_to_server, Orders(orders), "orders"),
        (sessions_pb2_grpc.add_TokenServiceServicer_to_server, Tokens(), "customers"),
    ]
    running, _surroundings, _health = server.build(servicers, issuer.verifier, "test.commis")
    port = running.add_insecure_port("127.0.0.1:0")
    await running.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await running.stop(0)
