"""The ports over gRPC."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import grpc
from commis.customers.v1 import accounts_pb2, sessions_pb2, sessions_pb2_grpc
from commis.orders.v1 import orders_pb2, orders_pb2_grpc

from catalog.ports import Placement
from catalog.pricing.quote import Customer
from chassis import client
from chassis.ids import parse_id
from chassis.tokens import ServiceTokens


class CustomersClient:
    def __init__(self, channel: grpc.aio.Channel, tokens: ServiceTokens) -> None:
        self._stub = sessions_pb2_grpc.AccessServiceStub(channel)
        self._tokens = tokens

    async def ordering_context(self, account_id: UUID) -> Customer:
        request = sessions_pb2.GetOrderingContextRequest(account_id=str(account_id))
        answer = await client.call(self._stub.GetOrderingContext, request, service=self._tokens)
        facts = answer.context
        # As orders has it: of the place where the goods go, never of another address.
        place = facts.delivery_address if facts.HasField("delivery_address") else facts.billing_address
        return Customer(
            account_id=account_id,
            groups=tuple(facts.groups),
            region_code=facts.region_code,
            postal_code=place.postal_code,
            buyer_class=accounts_pb2.BuyerClass.Name(facts.buyer_class).removeprefix("BUYER_CLASS_"),
            business=facts.business,
            vat_number=facts.vat_number,
        )


class OrdersClient:
    def __init__(self, channel: grpc.aio.Channel, tokens: ServiceTokens) -> None:
        self._stub = orders_pb2_grpc.PlacementServiceStub(channel)
        self._tokens = tokens

    async def placements(self, order_ids: Sequence[UUID]) -> Sequence[Placement]:
        request = orders_pb2.GetPlacementsRequest(order_ids=[str(order_id) for order_id in order_ids])
        answer = await client.call(self._stub.GetPlacements, request, service=self._tokens, forward=False)
        return [
            Placement(
                UUID(found.order_id),
                orders_pb2.Placement.State.Name(found.state).removeprefix("STATE_"),
                parse_id(found.attempt_id),
            )
            for found in answer.placements
        ]
