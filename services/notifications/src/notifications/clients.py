"""The ports over gRPC."""

from __future__ import annotations

import asyncio
import datetime
import json
import time
from typing import Any
from uuid import UUID

import grpc
from commis.common.v1 import common_pb2
from commis.customers.v1 import platforms_pb2, platforms_pb2_grpc, sessions_pb2, sessions_pb2_grpc
from commis.orders.v1 import (
    messages_pb2,
    messages_pb2_grpc,
    orders_pb2,
    orders_pb2_grpc,
    shipments_pb2,
    shipments_pb2_grpc,
)
from google.protobuf.message import Message

from chassis import client
from chassis.errors import Kind, NotFound, ServiceError
from chassis.tokens import ServiceTokens
from notifications.ports import BusinessRequestMail, CredentialLink, ReceiptMail, Recipient

LINK_NOT_VALID = "LINK_NOT_VALID"
CARE_PLATFORM_NOT_FOUND = "CARE_PLATFORM_NOT_FOUND"

_AT_ONCE = 100  # as many as BatchGetOrders takes


class OrderMissing(NotFound):
    reason = "ORDER_NOT_FOUND"


class GrpcCustomers:
    def __init__(self, channel: grpc.aio.Channel, tokens: ServiceTokens) -> None:
        self._stub = sessions_pb2_grpc.RecipientServiceStub(channel)
        self._tokens = tokens

    async def _find(self, method: Any, request: Message) -> Any:
        """None for what is not there."""
        try:
            return await client.call(method, request, service=self._tokens, forward=False)
        except ServiceError as error:
            if error.kind is Kind.NOT_FOUND or error.reason == LINK_NOT_VALID:
                return None
            raise

    async def find_person(self, person_id: UUID) -> Recipient | None:
        return await self._party(common_pb2.PARTY_KIND_PERSON, person_id)

    async def find_account_name(self, account_id: UUID) -> str | None:
        party = common_pb2.Party(kind=common_pb2.PARTY_KIND_ACCOUNT, id=str(account_id))
        found = await self._find(self._stub.GetRecipient, sessions_pb2.GetRecipientRequest(party=party))
        return None if found is None else found.company_name or found.display_name

    async def find_holder(self, account_id: UUID) -> Recipient | None:
        return await self._party(common_pb2.PARTY_KIND_ACCOUNT, account_id)

    async def find_representative(self, representative_id: UUID, account_id: UUID) -> Recipient | None:
        return await self._party(common_pb2.PARTY_KIND_REP, representative_id, account_id)

    async def _party(
        self, kind: common_pb2.PartyKind.ValueType, party_id: UUID, about: UUID | None = None
    ) -> Recipient | None:
        party = common_pb2.Party(kind=kind, id=str(party_id))
        request = sessions_pb2.GetRecipientRequest(party=party, account_id=str(about or ""))
        found = await self._find(self._stub.GetRecipient, request)
        return None if found is None else _recipient(found)

    async def list_administrators(self, account_id: UUID) -> list[Recipient]:
        request = sessions_pb2.ListAdministratorsRequest(account_id=str(account_id))
        found = await self._find(self._stub.ListAdministrators, request)
        return [] if found is None else [_recipient(one) for one in found.administrators]

    async def find_business_request(
        self, request_id: UUID, message_id: UUID | None = None
    ) -> BusinessRequestMail | None:
        request = sessions_pb2.GetBusinessRequestMailRequest(
            business_request_id=str(request_id), message_id=str(message_id or "")
        )
        found = await self._find(self._stub.GetBusinessRequestMail, request)
        if found is None:
            return None
        return BusinessRequestMail(_recipient(found), found.company_name, found.account_number, found.text)

    async def find_receipt(self, receipt_id: UUID) -> ReceiptMail | None:
        request = sessions_pb2.GetReceiptMailRequest(receipt_id=str(receipt_id))
        found = await self._find(self._stub.GetReceiptMail, request)
        return None if found is None else ReceiptMail(_recipient(found), found.receipt)

    async def find_credential_link(self, credential_request_id: UUID) -> CredentialLink | None:
        request = sessions_pb2.GetCredentialLinkRequest(credential_request_id=str(credential_request_id))
        found = await self._find(self._stub.GetCredentialLink, request)
        if found is None:
            return None
        return CredentialLink(
            found.email,
            found.display_name,
            found.language_code,
            found.link,
            found.expire_time.ToDatetime(tzinfo=datetime.UTC),
        )


def _recipient(found: Any) -> Recipient:
    """Of any answer that names one."""
    return Recipient(found.email, found.display_name, found.language_code)


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
    """Orders asked for in the same turn of the event loop share one call."""

    def __init__(self, channel: grpc.aio.Channel, tokens: ServiceTokens) -> None:
        self._stub = orders_pb2_grpc.OrderServiceStub(channel)
        self._shipments = shipments_pb2_grpc.ShipmentServiceStub(channel)
        self._messages = messages_pb2_grpc.OrderMessageServiceStub(channel)
        self._tokens = tokens
        self._wanted: set[str] = set()
        self._call: asyncio.Task[dict[str, orders_pb2.Order]] | None = None

    async def get_order(self, order_id: UUID) -> orders_pb2.Order:
        wanted = str(order_id)
        if self._call is None or len(self._wanted) == _AT_ONCE:
            self._wanted = set()
            self._call = asyncio.create_task(self._fetch(self._wanted))
        self._wanted.add(wanted)
        found = (await asyncio.shield(self._call)).get(wanted)
        if found is None:
            raise OrderMissing(f"Order {order_id} does not exist.", order_id=order_id)
        return found

    async def list_shipments(self, order_id: UUID) -> shipments_pb2.ListShipmentsResponse:
        request = shipments_pb2.ListShipmentsRequest(order_id=str(order_id))
        answer: shipments_pb2.ListShipmentsResponse = await client.call(
            self._shipments.ListShipments, request, service=self._tokens, forward=False
        )
        return answer

    async def find_message(self, message_id: UUID) -> messages_pb2.OrderMessage | None:
        request = messages_pb2.GetOrderMessageRequest(order_message_id=str(message_id))
        try:
            answer: messages_pb2.GetOrderMessageResponse = await client.call(
                self._messages.GetOrderMessage, request, service=self._tokens, forward=False
            )
        except ServiceError as error:
            if error.kind is Kind.NOT_FOUND:
                return None
            raise
        return answer.message

    async def _fetch(self, wanted: set[str]) -> dict[str, orders_pb2.Order]:
        await asyncio.sleep(0)  # whoever else runs in this turn adds to it
        if self._wanted is wanted:
            self._call = None
        request = orders_pb2.BatchGetOrdersRequest(order_ids=wanted)
        answer = await client.call(self._stub.BatchGetOrders, request, service=self._tokens, forward=False)
        return {order.id: order for order in answer.orders}


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
