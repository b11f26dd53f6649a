"""Paying an order, reading its payments, and giving money back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from commis.orders.v1 import payments_pb2 as pb

from chassis import context
from chassis.errors import FieldViolation, InvalidFields
from chassis.ids import new_id
from chassis.money import Money
from orders import access, answers
from orders.answers import Key
from orders.infrastructure import Infrastructure
from orders.payments import domain, recording, store, wire
from orders.payments.domain import OnlinePayment, Refund, RefundState
from orders.payments.errors import PaymentNotAllowed, PaymentNotFound, PaymentNotOffered, RefundTooHigh
from orders.payments.online import Online
from orders.payments.starting import open_page
from orders.sheets import listing

PAYER = "PERSON"


@dataclass(frozen=True, slots=True)
class StartPayment:
    order_id: UUID
    return_address: str
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class RefundPayment:
    """`amount`: all that is left when None."""

    payment_id: UUID
    amount: Money | None
    reason: str
    key: Key | None = None


def taken(infra: Infrastructure) -> Online:
    """Raises PaymentNotOffered."""
    if infra.online is None:
        raise PaymentNotOffered
    return infra.online


async def start_payment(infra: Infrastructure, cmd: StartPayment) -> pb.StartPaymentResponse:
    """Raises OrderNotFound, PaymentNotAllowed, PaymentNotOffered, InvalidFields, what `open_page` raises, and
    RequestIdReused."""
    order = await listing.get_order(infra, cmd.order_id)
    actor_kind = access.caller().actor_kind
    if actor_kind != PAYER:
        raise PaymentNotAllowed(actor_kind)
    online = taken(infra)
    async with infra.engine.connect() as connection:
        stored = await answers.find(connection, cmd.key)
    if stored is not None:
        return pb.StartPaymentResponse.FromString(stored)
    if not online.may_return_to(cmd.return_address):
        text = "must be below one of the addresses that the vendor allows"
        raise InvalidFields([FieldViolation("return_address", text, "ADDRESS_NOT_ALLOWED")])
    payment = await open_page(infra, online, order.id, cmd.return_address)
    answer = pb.StartPaymentResponse(payment=wire.payment(payment), checkout_address=payment.checkout_address)
    return await answers.store_alone(infra.engine, infra.sessions, cmd.key, answer)


async def list_payments(infra: Infrastructure, order_id: UUID) -> tuple[OnlinePayment, ...]:
    """The oldest first. Raises OrderNotFound, also for an order that the caller may not see."""
    order = await listing.get_order(infra, order_id)
    return await store.of_order_alone(infra.engine, order.id)


async def notify_payment(infra: Infrastructure, provider: str, provider_id: str) -> None:
    """Somebody says that there is news. Nothing of it is believed: the follower asks the provider."""
    if infra.online is not None and await store.told(infra.engine, provider, provider_id):
        infra.online.wake.set()


async def refund_payment(infra: Infrastructure, cmd: RefundPayment) -> pb.RefundPaymentResponse:
    """The refund is written; the follower sends it, once. Raises PaymentNotFound, RefundTooHigh, InvalidFields."""
    context.principal()
    order_id = await store.order_of(infra.engine, cmd.payment_id)
    if order_id is None:
        raise PaymentNotFound(cmd.payment_id)

    async def work() -> pb.RefundPaymentResponse:
        async with infra.sessions.begin() as session:
            connection = await session.connection()
            _order, _payments, before = await recording.locked(connection, order_id, cmd.payment_id)
            stored = await answers.find(connection, cmd.key)
            if stored is not None:
                return pb.RefundPaymentResponse.FromString(stored)
            after = _with_refund(infra, before, cmd)
            await store.save(connection, before, after)
            answer = pb.RefundPaymentResponse(payment=wire.payment(after))
            await answers.store(connection, cmd.key, answer)
        if infra.online is not None:
            infra.online.wake.set()
        return answer

    return await answers.once(infra.engine, cmd.key, pb.RefundPaymentResponse.FromString, work)


def _with_refund(infra: Infrastructure, payment: OnlinePayment, cmd: RefundPayment) -> OnlinePayment:
    """Raises RefundTooHigh, InvalidFields for another currency."""
    if cmd.amount is not None and cmd.amount.currency != payment.currency:
        text = f"must be {payment.currency}"
        raise InvalidFields([FieldViolation("amount.currency_code", text)])
    amount = payment.left if cmd.amount is None else cmd.amount.minor
    if not 0 < amount <= payment.left:
        raise RefundTooHigh(payment.id, payment.left, payment.currency)
    now = infra.clock()
    refund = Refund(new_id(), payment.id, amount, RefundState.PENDING, now, reason=cmd.reason)
    return replace(domain.with_refund(payment, refund), check_time=now, update_time=now)
