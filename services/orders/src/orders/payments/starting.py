"""Opening the provider's page for an order, exactly one payment at a time.

1. Written first, under the order's lock: the payment that the provider is to make, unless one is under way. 2. Made at
the provider, outside of any transaction, with our id as its idempotency key; whoever wrote it makes it, everybody else
waits for that. 3. What the provider answered is written. After a crash anywhere the follower makes it, with that key.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from uuid import UUID

from chassis import crash
from chassis.money import Money
from orders import store as orders
from orders.domain.errors import OrderNotFound
from orders.domain.model import Order
from orders.infrastructure import Infrastructure
from orders.payments import domain, recording, store
from orders.payments.domain import OnlinePayment, Payment
from orders.payments.errors import (
    PaymentInProgress,
    PaymentNotDue,
    PaymentProviderAway,
    PaymentRefused,
)
from orders.payments.mollie import locale
from orders.payments.online import Online
from orders.payments.ports import PaymentFact, ProviderAway, ProviderRefused, WantedPayment

_ROUNDS = 3
_POLL_SECONDS = 0.05
_WAIT_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class _Intent:
    """`mine`: written just now. `fits`: it is of what is due."""

    order: Order
    payment: OnlinePayment
    mine: bool
    fits: bool


async def open_page(
    infra: Infrastructure, online: Online, order_id: UUID, return_address: str
) -> OnlinePayment:
    """A payment of all that is due, with the address of its page.

    Raises PaymentNotDue, PaymentRefused, PaymentInProgress, PaymentProviderAway, OrderNotFound.
    """
    for _ in range(_ROUNDS):
        intent = await _intend(infra, online, order_id, return_address)
        payment = intent.payment
        if intent.mine:
            payment = await _make(infra, online, intent.order, payment)
        elif not payment.provider_id:
            payment = await _made(infra, payment)
        if not intent.fits or _ran_out(infra, payment):
            payment = await refreshed(infra, online, payment)
            continue
        if payment.under_way and payment.checkout_address:
            return payment
    raise PaymentInProgress(order_id)


async def _intend(infra: Infrastructure, online: Online, order_id: UUID, return_address: str) -> _Intent:
    async with infra.sessions.begin() as session:
        connection = await session.connection()
        order = await orders.lock(connection, order_id)
        if order is None:
            raise OrderNotFound(order_id)
        payments = await store.of_order(connection, order_id)
        amount = domain.due(order, payments)
        if not amount:
            raise PaymentNotDue(order_id)
        current = next((each for each in payments if each.under_way), None)
        if current is not None and current.amount == amount and not current.to_cancel:
            return _Intent(order, current, mine=False, fits=True)
        if current is not None:
            stopped = replace(current, to_cancel=True, check_time=infra.clock())
            await store.save(connection, current, stopped)
            return _Intent(order, stopped, mine=False, fits=False)
        name = online.provider.name
        begun = domain.begun(order, amount, name, return_address, infra.clock())
        await store.insert(connection, begun)
        return _Intent(order, begun, mine=True, fits=True)


async def _make(infra: Infrastructure, online: Online, order: Order, payment: OnlinePayment) -> OnlinePayment:
    try:
        return await make(infra, online, order, payment)
    except ProviderAway:
        raise PaymentProviderAway from None
    except ProviderRefused as refused:
        raise PaymentRefused(refused.field) from None


async def make(infra: Infrastructure, online: Online, order: Order, payment: OnlinePayment) -> OnlinePayment:
    """At the provider, then here. Raises ProviderAway, ProviderRefused; after the latter the payment has failed."""
    crash.point("payment_before_create")
    wanted = WantedPayment(
        id=payment.id,
        amount=Money(payment.amount, payment.currency),
        description=order.number,
        return_address=payment.return_address,
        locale=locale(order.header.language, order.header.billing.region_code),
    )
    try:
        fact = await online.provider.create(wanted)
    except ProviderRefused:
        await recording.ended(infra, order.id, payment.id, Payment.FAILED)
        raise
    crash.point("payment_after_create")
    return await recording.told(infra, order.id, payment.id, fact)


async def _made(infra: Infrastructure, payment: OnlinePayment) -> OnlinePayment:
    """By whoever wrote it. Raises PaymentProviderAway when that takes too long."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _WAIT_SECONDS
    while loop.time() < until:
        for found in await store.of_order_alone(infra.engine, payment.order_id):
            if found.id == payment.id and (found.provider_id or not found.under_way):
                return found
        await asyncio.sleep(_POLL_SECONDS)
    raise PaymentProviderAway


def _ran_out(infra: Infrastructure, payment: OnlinePayment) -> bool:
    return payment.under_way and payment.expire_time is not None and payment.expire_time <= infra.clock()


async def refreshed(infra: Infrastructure, online: Online, payment: OnlinePayment) -> OnlinePayment:
    """As the provider sees it now; stopped before, when it is to be. Raises PaymentProviderAway."""
    if not payment.provider_id:
        return payment
    try:
        if payment.to_cancel and payment.under_way:
            await online.provider.cancel(payment.provider_id)
        fact: PaymentFact = await online.provider.get(payment.provider_id)
    except (ProviderAway, ProviderRefused):
        raise PaymentProviderAway from None
    return await recording.told(infra, payment.order_id, payment.id, fact)
