"""Follows payments to their end: makes those whose beginning broke off, asks the provider after each of its calls and,
when it does not call, by and by; stops what is no longer wanted; sends refunds. One worker per replica; a payment is
with one of them at a time."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from uuid import UUID

from chassis import crash
from chassis.logs import log
from chassis.money import Money
from orders import store as orders
from orders.domain.model import Order
from orders.infrastructure import Infrastructure
from orders.payments import recording, starting, store
from orders.payments.domain import OnlinePayment, Payment, RefundState
from orders.payments.online import Online
from orders.payments.ports import ProviderAway, ProviderRefused
from orders.payments.unpaid import UnpaidOrders

_AT_ONCE = 8
_LEASE_SECONDS = 60.0
_AWAY = datetime.timedelta(seconds=20)
_REFUSED = datetime.timedelta(hours=1)
_IDLE_SECONDS = 2.0
_UNPAID_SECONDS = 60.0


async def follow(infra: Infrastructure, online: Online) -> int:
    """Everything that is due, at most eight at once; how many those were."""
    taken = await store.take(infra.engine, _AT_ONCE, _LEASE_SECONDS)
    await asyncio.gather(*(_one(infra, online, payment_id, order_id) for payment_id, order_id in taken))
    return len(taken)


async def _one(infra: Infrastructure, online: Online, payment_id: UUID, order_id: UUID) -> None:
    wait = None
    try:
        await _follow(infra, online, payment_id, order_id)
    except ProviderAway as away:
        log.warning("payment provider away", payment_id=str(payment_id), error=str(away))
        wait = _AWAY
    except ProviderRefused as refused:
        log.error("payment provider refuses", payment_id=str(payment_id), status=refused.status)
        wait = _REFUSED
    except Exception as error:
        log.exception("payment not followed", payment_id=str(payment_id), error=repr(error))
        wait = _AWAY
    if wait is not None:
        with contextlib.suppress(Exception):  # the lease ends by itself
            await store.retry(infra.engine, payment_id, wait)


async def _follow(infra: Infrastructure, online: Online, payment_id: UUID, order_id: UUID) -> None:
    order = await orders.find_alone(infra.engine, order_id)
    payments = await store.of_order_alone(infra.engine, order_id)
    payment = next(each for each in payments if each.id == payment_id)
    if order is None:
        return
    if not payment.provider_id:
        if payment.to_cancel or not payment.under_way:  # nobody was shown its page
            await recording.ended(infra, order_id, payment_id, Payment.CANCELED)
        else:
            await _make(infra, online, order, payment)
        return
    if payment.to_cancel and payment.under_way:
        await online.provider.cancel(payment.provider_id)
    # Before a refund is asked for (again), what the provider has of it is taken up.
    fact = await online.provider.get(payment.provider_id)
    payment = await recording.told(infra, order_id, payment_id, fact)
    for refund in payment.refunds:
        if refund.state is RefundState.PENDING and not refund.provider_id:
            await _send(infra, online, order, payment, refund.id, refund.amount)


async def _make(infra: Infrastructure, online: Online, order: Order, payment: OnlinePayment) -> None:
    try:
        await starting.make(infra, online, order, payment)
    except ProviderRefused as refused:
        log.error("payment provider refuses", payment_id=str(payment.id), status=refused.status)


async def _send(
    infra: Infrastructure,
    online: Online,
    order: Order,
    payment: OnlinePayment,
    refund_id: UUID,
    amount: int,
) -> None:
    money = Money(amount, payment.currency)
    try:
        await online.provider.refund(payment.provider_id, refund_id, money, order.number)
    except ProviderRefused as refused:
        log.error("refund refused", refund_id=str(refund_id), status=refused.status, field=refused.field)
        await recording.refund_failed(infra, order.id, payment.id, refund_id)
        return
    crash.point("refund_after_create")
    await recording.told(infra, order.id, payment.id, await online.provider.get(payment.provider_id))


class Follower:
    """A background task; harmless to run in every replica."""

    def __init__(self, infra: Infrastructure, online: Online) -> None:
        self._infra = infra
        self._online = online
        self._unpaid = UnpaidOrders(infra, online)
        self._stopped = False

    async def stop(self) -> None:
        self._stopped = True
        self._online.wake.set()

    async def run(self) -> None:
        self._stopped = False
        loop = asyncio.get_running_loop()
        looked = -_UNPAID_SECONDS
        while not self._stopped:
            self._online.wake.clear()
            again = False
            try:
                busy = await follow(self._infra, self._online)
                if self._unpaid.more or loop.time() - looked >= _UNPAID_SECONDS:
                    looked = loop.time()
                    await self._unpaid.cancel()
                again = busy > 0 or self._unpaid.more
            except Exception as error:
                log.warning("payments not followed", error=repr(error))
            if not again:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._online.wake.wait(), _IDLE_SECONDS)
