"""The ports over gRPC."""

from __future__ import annotations

import datetime
import json
import time
from typing import Any, cast
from uuid import UUID

import grpc
from commis.customers.v1 import platforms_pb2, platforms_pb2_grpc, sessions_pb2, sessions_pb2_grpc
from commis.orders.v1 import orders_pb2, orders_pb2_grpc

from chassis import client
from chassis.errors import ServiceError
from chassis.tokens import ServiceTokens
from notifications.ports import CredentialLink

LINK_NOT_VALID = "LINK_NOT_VALID"
CARE_PLATFORM_NOT_FOUND = "CARE_PLATFORM_NOT_FOUND"


class GrpcCustomers:
    def __init__(self, channel: grpc.aio.Channel, tokens: ServiceTokens) -> None:
        self._stub = sessions_pb2_grpc.RecipientServiceStub(channel)
        self._tokens = tokens

    async def find_credential_link(self, credential_request_id: UUID) -> CredentialLink | None:
        request = sessions_pb2.GetCredentialLinkRequest(credential_request_id=str(credential_request_id))
        try:
            found = await client.call(
                self._stub.GetCredentialLink, request, service=self._tokens, forward=False
            )
        except ServiceError as error:
            if error.reason == LINK_NOT_VALID:
                return None
            raise
        return CredentialLink(
            found.email,
            found.display_name,
            found.language_code,
            found.link,
            found.expire_time.ToDatetime(tzinfo=datetime.UTC),
        )


class GrpcPlatforms:
    """Both ask with the caller's own token."""

    def __init__(self, channel: grpc.aio.Channel, tokens: ServiceTokens) -> None:
        self._platforms = platforms_pb2_grpc.CarePlatformServiceStub(channel)
        self._access = sessions_pb2_grpc.AccessServiceStub(channel)
        self._tokens = tokens

    async def exists(self, platform_id: UUID) -> bool:
        request = platforms_pb2.GetCarePlatformRequest(care_platform_id=str(platform_id))
        try:
            await client.call(self._platforms.GetCarePlatform, request)
        except ServiceError as error:
            if error.reason == CARE_PLATFORM_NOT_FOUND:
                return False
            raise
        return True

    async def trusted_platform(self) -> UUID:
        request = sessions_pb2.GetPlatformAccessRequest()
        found = await client.call(self._access.GetPlatformAccess, request, service=self._tokens)
        return UUID(found.platform_id)


class GrpcOrders:
    def __init__(self, channel: grpc.aio.Channel, tokens: ServiceTokens) -> None:
        self._stub = orders_pb2_grpc.OrderServiceStub(channel)
        self._tokens = tokens

    async def get_order(self, order_id: UUID) -> orders_pb2.Order:
        request = orders_pb2.GetOrderRequest(order_id=str(order_id))
        response = await client.call(self._stub.GetOrder, request, service=self._tokens, forward=False)
        return cast(orders_pb2.Order, response.order)


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
