"""The ports over gRPC."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import grpc
from commis.customers.v1 import sessions_pb2, sessions_pb2_grpc
from commis.orders.v1 import orders_pb2, orders_pb2_grpc

from chassis import client, ids
from chassis.errors import Kind, ServiceError
from chassis.tokens import ServiceTokens
from library.ports import Placement


class GrpcCustomers:
    def __init__(self, channel: grpc.aio.Channel, tokens: ServiceTokens) -> None:
        self._stub = sessions_pb2_grpc.AccessServiceStub(channel)
        self._tokens = tokens

    async def may_order_for(self, account_id: UUID) -> bool:
        request = sessions_pb2.GetOrderingContextRequest(account_id=str(account_id))
        try:
            await client.call(self._stub.GetOrderingContext, request, service=self._tokens)
        except ServiceError as error:
            if error.kind is Kind.NOT_FOUND:
                return False
            raise
        return True


class GrpcOrders:
    def __init__(self, channel: grpc.aio.Channel, tokens: ServiceTokens) -> None:
        self._stub = orders_pb2_grpc.PlacementServiceStub(channel)
        self._tokens = tokens

    async def get_placements(self, order_ids: Sequence[UUID]) -> Mapping[UUID, Placement]:
        request = orders_pb2.GetPlacementsRequest(order_ids=[str(order_id) for order_id in order_ids])
        response = await client.call(self._stub.GetPlacements, request, service=self._tokens)
        return {
            UUID(found.order_id): Placement(
                orders_pb2.Placement.State.Name(found.state).removeprefix("STATE_"),
                ids.parse_id(found.attempt_id),
            )
            for found in response.placements
        }


class TokenIssuer:
    """Keys and service tokens from customers."""

    def __init__(self, channel: grpc.aio.Channel, client_id: str, client_secret: str) -> None:
        self._stub = sessions_pb2_grpc.TokenServiceStub(channel)
        self._request = sessions_pb2.IssueServiceTokenRequest(
            client_id=client_id, client_secret=client_secret
        )

    async def jwks(self) -> dict[str, Any]:
        response = await client.call(self._stub.GetJwks, sessions_pb2.GetJwksRequest(), forward=False)
        keys: dict[str, Any] = json.loads(response.jwks_json)
        return keys

    async def issue(self) -> tuple[str, float]:
        """(token, seconds it lives)."""
        response = await client.call(self._stub.IssueServiceToken, self._request, forward=False)
        return response.access_token, response.expire_time.seconds - time.time()
