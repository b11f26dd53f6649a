"""Shared orders over gRPC."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import grpc
from commis.orders.v1 import shared_orders_pb2 as pb
from commis.orders.v1 import shared_orders_pb2_grpc
from google.protobuf.message import Message

from chassis import client
from chassis.errors import Kind, ServiceError
from chassis.tokens import ServiceTokens
from notifications.sheets.told import NUMBERS


class GrpcSharedOrders:
    def __init__(self, channel: grpc.aio.Channel, tokens: ServiceTokens) -> None:
        self._stub = shared_orders_pb2_grpc.SharedOrderServiceStub(channel)
        self._tokens = tokens

    async def find_shared_order(self, order_id: UUID, side: str) -> pb.SharedOrder | None:
        request = pb.GetSharedOrderRequest(order_id=str(order_id), side=NUMBERS[side])
        answer = await self._find(self._stub.GetSharedOrder, request)
        return None if answer is None else answer.shared_order

    async def find_change(self, order_id: UUID, sequence: int) -> pb.SheetChange | None:
        request = pb.ListSheetChangesRequest(order_id=str(order_id), after_sequence=sequence - 1, page_size=1)
        answer = await self._find(self._stub.ListSheetChanges, request)
        found = answer.changes[0] if answer is not None and answer.changes else None
        return found if found is not None and found.sequence == sequence else None

    async def _find(self, method: Any, request: Message) -> Any:
        """None for what is not there."""
        try:
            return await client.call(method, request, service=self._tokens, forward=False)
        except ServiceError as error:
            if error.kind is Kind.NOT_FOUND:
                return None
            raise
