"""A payment provider in memory, and what tests of payments do all day."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from commis.orders.v1 import orders_pb2, payments_pb2, payments_pb2_grpc

from chassis.ids import new_id
from chassis.money import Money
from chassis.testing import as_service
from orders.payments import following
from orders.payments.domain import Payment, RefundState
from orders.payments.online import Online
from orders.payments.ports import PaymentFact, ProviderAway, RefundFact, WantedPayment
from services.orders.tests.shop import Shop

RETURN = "https://shop.example/thanks"
MAIL = as_service("mail.links", vouching=True)


@dataclass
class FakeProvider:
    """Makes one payment per id, however often it is asked. `away` answers nothing; `lost` takes effect, but its answer
    is lost; `refuse` raises it."""

    name: str = "mollie"
    facts: dict[str, PaymentFact] = field(default_factory=dict)
    wanted: dict[UUID, tuple[WantedPayment, str]] = field(default_factory=dict)
    refunds: dict[UUID, RefundFact] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    away: bool = False
    lost: set[str] = field(default_factory=set)
    refuse: Exception | None = None
    seconds: float = 0.0

    async def _called(self, name: str) -> None:
        self.calls[name] += 1
        await asyncio.sleep(self.seconds)
        if self.away:
            raise ProviderAway("away")

    def _lose(self, name: str) -> None:
        if name in self.lost:
            self.lost.remove(name)
            raise ProviderAway("the answer was lost")

    async def create(self, wanted: WantedPayment) -> PaymentFact:
        await self._called("create")
        if self.refuse is not None:
            raise self.refuse
        if wanted.id not in self.wanted:
            name = f"tr_{len(self.wanted) + 1}x{str(wanted.id)[-6:]}"
            self.wanted[wanted.id] = (wanted, name)
            page = f"https://pay.example/{name}"
            self.facts[name] = PaymentFact(name, Payment.OPEN, wanted.amount, page, cancellable=True)
        self._lose("create")
        return self.facts[self.wanted[wanted.id][1]]

    async def get(self, provider_id: str) -> PaymentFact:
        await self._called("get")
        return self.facts[provider_id]

    async def cancel(self, provider_id: str) -> None:
        await self._called("cancel")
        if self.facts[provider_id].state is Payment.OPEN:
            self.tell(provider_id, Payment.CANCELED)

    async def refund(self, provider_id: str, refund_id: UUID, amount: Money, description: str) -> RefundFact:
        await self._called("refund")
        if self.refuse is not None:
            raise self.refuse
        if refund_id not in self.refunds:
            made = RefundFact(f"re_{new_id().hex[-8:]}", RefundState.PENDING, amount, refund_id)
            self.refunds[refund_id] = made
            fact = self.facts[provider_id]
            self.facts[provider_id] = replace(fact, refunds=(*fact.refunds, made))
        self._lose("refund")
        return self.refunds[refund_id]

    def tell(self, provider_id: str, state: Payment) -> None:
        self.facts[provider_id] = replace(self.facts[provider_id], state=state)

    def settle_refunds(self, provider_id: str, state: RefundState = RefundState.REFUNDED) -> None:
        fact = self.facts[provider_id]
        self.facts[provider_id] = replace(
            fact, refunds=tuple(replace(each, state=state) for each in fact.refunds)
        )


class Till:
    """A shop whose orders are paid online."""

    def __init__(self, shop: Shop, provider: FakeProvider) -> None:
        assert shop.infra.online is not None
        self.shop = shop
        self.provider = provider
        self.online: Online = shop.infra.online
        self.payments = payments_pb2_grpc.PaymentServiceStub(shop.channel)

    async def placed(self, **fields: Any) -> orders_pb2.Order:
        given = {"payment_method": orders_pb2.PAYMENT_METHOD_ELECTRONIC} | fields
        sheet = await self.shop.sheet(("A", 2), **given)
        return await self.shop.place(sheet.id)

    async def start(self, order_id: str, who: Any = None, **fields: Any) -> payments_pb2.StartPaymentResponse:
        request = payments_pb2.StartPaymentRequest(
            **({"order_id": order_id, "return_address": RETURN} | fields)
        )
        answer: payments_pb2.StartPaymentResponse = await self.payments.StartPayment(
            request, metadata=who or self.shop.customer
        )
        return answer

    async def list(self, order_id: str, who: Any = None) -> list[payments_pb2.Payment]:
        request = payments_pb2.ListPaymentsRequest(order_id=order_id)
        return list((await self.payments.ListPayments(request, metadata=who or self.shop.customer)).payments)

    def name_of(self, payment_id: str) -> str:
        """The provider's."""
        return self.provider.wanted[UUID(payment_id)][1]

    async def notify(self, provider_id: str) -> None:
        request = payments_pb2.NotifyPaymentRequest(provider="mollie", provider_payment_id=provider_id)
        await self.payments.NotifyPayment(request)

    async def tell(self, payment_id: str, state: Payment) -> None:
        """It happens at the provider, which calls; then the follower comes by."""
        name = self.name_of(payment_id)
        self.provider.tell(name, state)
        await self.notify(name)
        await self.follow()

    async def follow(self) -> None:
        """Until nothing is due."""
        while await following.follow(self.shop.infra, self.online):
            pass

    async def paid(self, **fields: Any) -> tuple[orders_pb2.Order, str]:
        """An order that is paid, and its payment."""
        order = await self.placed(**fields)
        payment = (await self.start(order.id)).payment
        await self.tell(payment.id, Payment.PAID)
        return await self.shop.get(order.id), payment.id

    async def due_now(self) -> None:
        """As if the follower had waited long enough."""
        async with self.shop.infra.sessions.begin() as session:
            connection = await session.connection()
            await connection.exec_driver_sql(
                "UPDATE payments SET check_time = now() WHERE check_time IS NOT NULL"
            )
