"""Payment links, as orders makes them for mails."""

from __future__ import annotations

import datetime
from uuid import UUID

import grpc
from commis.orders.v1 import payments_pb2, payments_pb2_grpc

from chassis import client, money
from chassis.errors import ServiceError
from chassis.tokens import ServiceTokens
from notifications.ports import PaymentLink

# There is nothing (any more) to pay by it; without a provider there are no links at all.
_ENDED = frozenset(("PAYMENT_LINK_NOT_FOUND", "PAYMENT_NOT_OFFERED"))


class GrpcPaymentLinks:
    def __init__(self, channel: grpc.aio.Channel, tokens: ServiceTokens) -> None:
        self._stub = payments_pb2_grpc.PaymentServiceStub(channel)
        self._tokens = tokens

    async def find_payment_link(self, payment_link_id: UUID) -> PaymentLink | None:
        request = payments_pb2.GetPaymentLinkMailRequest(payment_link_id=str(payment_link_id))
        try:
            found = await client.call(
                self._stub.GetPaymentLinkMail, request, service=self._tokens, forward=False
            )
        except ServiceError as error:
            if error.reason in _ENDED:
                return None
            raise
        return PaymentLink(
            order_id=UUID(found.order_id),
            number=found.order_number,
            email=found.recipient,
            language=found.language_code,
            link=found.address,
            amount=money.from_proto(found.amount),
            expire_time=found.expire_time.ToDatetime(tzinfo=datetime.UTC),
        )
