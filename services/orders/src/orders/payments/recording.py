"""The transactions that write what became of payments: payment, refunds, the order's state, a history row, an event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from chassis import db
from chassis.logs import log
from orders import store as orders
from orders.domain.model import HistoryEntry, Order
from orders.domain.states import State
from orders.infrastructure import Infrastructure
from orders.payments import domain, events, store
from orders.payments.domain import OnlinePayment, Payment, RefundState
from orders.payments.errors import PaymentNotFound
from orders.payments.merging import merged
from orders.payments.ports import PaymentFact


async def locked(
    connection: AsyncConnection, order_id: UUID, payment_id: UUID
) -> tuple[Order, tuple[OnlinePayment, ...], OnlinePayment]:
    """First in a transaction. Raises PaymentNotFound."""
    order = await orders.lock(connection, order_id)
    payments = await store.of_order(connection, order_id)
    for payment in payments:
        if order is not None and payment.id == payment_id:
            return order, payments, payment
    raise PaymentNotFound(payment_id)


async def told(infra: Infrastructure, order_id: UUID, payment_id: UUID, fact: PaymentFact) -> OnlinePayment:
    """What the provider says now. A repeated, late or overtaken fact changes nothing and tells nobody.

    Money that nothing is due for goes back by itself, once.
    """
    async with infra.sessions.begin() as session:
        connection = await session.connection()
        order, payments, before = await locked(connection, order_id, payment_id)
        try:
            after = merged(before, fact, infra.clock())
        except ValueError as error:
            log.error("provider told of something else", payment_id=str(payment_id), error=str(error))
            return before
        others = [each for each in payments if each.id != payment_id]
        surplus = domain.excess(order, after, [*others, after])
        if surplus:
            after = domain.with_refund(after, domain.automatic_refund(after, surplus, infra.clock()))
        await _write(infra, session, order, others, before, after)
        if surplus and infra.online is not None:
            db.after_commit(session, infra.online.wake.set)
    return after


async def ended(infra: Infrastructure, order_id: UUID, payment_id: UUID, state: Payment) -> None:
    """The provider never made it, or will not."""
    async with infra.sessions.begin() as session:
        connection = await session.connection()
        order, payments, before = await locked(connection, order_id, payment_id)
        after = replace(before, state=domain.joined(before.state, state), update_time=infra.clock())
        await _write(infra, session, order, [each for each in payments if each is not before], before, after)


async def refund_failed(infra: Infrastructure, order_id: UUID, payment_id: UUID, refund_id: UUID) -> None:
    """The provider refuses it for good; people have to look at it."""
    async with infra.sessions.begin() as session:
        connection = await session.connection()
        order, payments, before = await locked(connection, order_id, payment_id)
        refunds = tuple(
            replace(each, state=RefundState.FAILED) if each.id == refund_id else each
            for each in before.refunds
        )
        after = replace(before, refunds=refunds, update_time=infra.clock())
        await _write(infra, session, order, [each for each in payments if each is not before], before, after)


async def _write(
    infra: Infrastructure,
    session: AsyncSession,
    order: Order,
    others: Sequence[OnlinePayment],
    before: OnlinePayment,
    after: OnlinePayment,
) -> None:
    """The order's version moves only when its people can see a difference."""
    connection = await session.connection()
    now = infra.clock()
    after = replace(after, check_time=domain.next_check(after, now))
    await store.save(connection, before, after)
    state = domain.order_payment_state(order, [*others, after])
    seen = (before.state, before.refunded, order.payment_state)
    if seen == (after.state, after.refunded, state):
        return
    order.payment_state = state
    order.version += 1
    order.update_time = now
    detail = after.state if after.state is not before.state else RefundState.REFUNDED
    await orders.move(connection, order, _entry(order, detail))
    events.changed(session, order, after)


async def order_changed(infra: Infrastructure, session: AsyncSession, order: Order) -> None:
    """In the transaction that cancels or amends the order: what was paid beyond what is due now goes back, what is
    under way is stopped; the follower does both, once. An amendment that what was paid no longer covers, or covers
    again, is told; a cancellation tells of itself."""
    connection = await session.connection()
    payments = list(await store.of_order(connection, order.id))
    now = infra.clock()
    for place, before in enumerate(payments):
        after = before
        if before.under_way:
            after = replace(before, to_cancel=True, check_time=now)
        surplus = domain.excess(order, before, payments)
        if surplus:
            refund = domain.automatic_refund(before, surplus, now)
            after = replace(domain.with_refund(before, refund), check_time=now)
        payments[place] = after  # the next one gives back what is too much beyond this
        await store.save(connection, before, after)
    came = order.payment_state
    if payments or order.state is State.CANCELLED:
        order.payment_state = domain.order_payment_state(order, payments)
    if payments and order.payment_state is not came and order.state is not State.CANCELLED:
        events.changed(session, order, max(payments, key=lambda each: (each.received > 0, each.id)))
    if payments and infra.online is not None:
        db.after_commit(session, infra.online.wake.set)


def _entry(order: Order, detail: str) -> HistoryEntry:
    return HistoryEntry(
        sequence=order.version,
        time=order.update_time,
        actor=events.PROVIDER,
        account_id=order.account_id,
        channel="API",
        action="payment_changed",
        from_state=order.state,
        to_state=order.state,
        detail=detail,
    )
