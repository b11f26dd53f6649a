"""The ports over gRPC."""

from __future__ import annotations

from uuid import UUID

import grpc
from commis.customers.v1 import accounts_pb2, sessions_pb2, sessions_pb2_grpc
from commis.orders.v1 import orders_pb2, orders_pb2_grpc

from chassis import client, ids
from chassis.errors import Kind, ServiceError
from chassis.tokens import ServiceTokens
from notifications.feeds.ports import ReaderFacts


class GrpcAccess:
    def __init__(
        self, to_customers: grpc.aio.Channel, to_orders: grpc.aio.Channel, tokens: ServiceTokens
    ) -> None:
        self._access = sessions_pb2_grpc.AccessServiceStub(to_customers)
        self._orders = orders_pb2_grpc.OrderServiceStub(to_orders)
        self._tokens = tokens

    async def find_facts(self, account_id: UUID) -> ReaderFacts | None:
        request = sessions_pb2.GetOrderingContextRequest(account_id=str(account_id))
        try:
            answer = await client.call(self._access.GetOrderingContext, request, service=self._tokens)
        except ServiceError as error:
            if error.kind is Kind.NOT_FOUND:
                return None
            raise
        found = answer.context
        role = accounts_pb2.Person.Role.Name(found.membership_role).removeprefix("ROLE_")
        return ReaderFacts(role, ids.parse_id(found.assistance.community_id))

    async def may_see_order(self, order_id: UUID) -> bool:
        """Our own token would show every order, so it is not sent along."""
        request = orders_pb2.GetOrderRequest(order_id=str(order_id))
        try:
            await client.call(self._orders.GetOrder, request)
        except ServiceError as error:
            if error.kind is Kind.NOT_FOUND:
                return False
            raise
        return True
