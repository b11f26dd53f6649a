"""Orders with online payment that nobody paid in time are cancelled, in the ordinary way: stock and budget follow."""

from __future__ import annotations

import asyncio
import datetime
from uuid import UUID

from chassis.errors import ServiceError
from chassis.logs import log
from orders import direct
from orders import store as orders
from orders.access import Caller
from orders.domain.states import PaymentState, State, Verb
from orders.fulfilment.changing import Change
from orders.fulfilment.use_cases import MoveOrder, move
from orders.infrastructure import Infrastructure
from orders.payments import events, starting, store
from orders.payments.domain import Payment
from orders.payments.online import Online
from orders.payments.tables import UNPAID

REASON = "not paid in time"
AT_ONCE = 8
_START = (datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC), UUID(int=0))
_ITSELF = Caller(events.PROVIDER.kind, events.PROVIDER.id, "API", None, False, True)
# A link that was mailed is kept to what it says; a bank transfer that is on its way is waited for.
_FIND = direct.statement(f"""
    SELECT place_time, id FROM orders o WHERE {UNPAID} AND total > 0 AND place_time <= :before
        AND place_time >= :after_time AND (place_time, id) > (:after_time, :after_id)
        AND NOT EXISTS (SELECT FROM payment_links l
            WHERE l.order_id = o.id AND l.end_time IS NULL AND l.expire_time > :now)
        AND NOT EXISTS (SELECT FROM payments p
            WHERE p.order_id = o.id AND p.state IN ('PENDING', 'AUTHORIZED', 'PAID'))
    ORDER BY place_time, id LIMIT :size""")  # noqa: S608  # constants


class UnpaidOrders:
    """Goes through them a few at a time, the oldest first. One whose payment the provider cannot tell about now is left
    for the next round, and keeps no younger one from its turn."""

    def __init__(self, infra: Infrastructure, online: Online) -> None:
        self._infra = infra
        self._online = online
        self._after = _START
        self.more = False

    async def cancel(self) -> int:
        """How many of the next few were cancelled; whether there are `more` in this round."""
        self.more = False
        now = self._infra.clock()
        given = {
            "now": now,
            "before": now - datetime.timedelta(hours=self._online.unpaid_hours),
            "after_time": self._after[0],
            "after_id": self._after[1],
            "size": AT_ONCE,
        }
        found = await direct.rows_alone(self._infra.engine, _FIND, given)
        cancelled = await asyncio.gather(*(self._one(row["id"]) for row in found))
        self.more = len(found) == AT_ONCE
        self._after = (found[-1]["place_time"], found[-1]["id"]) if self.more else _START
        return sum(cancelled)

    async def _one(self, order_id: UUID) -> bool:
        try:
            return await _cancel(self._infra, self._online, order_id)
        except ServiceError as error:
            log.warning("unpaid order not cancelled", order_id=str(order_id), reason=error.reason)
        except Exception as error:
            log.exception("unpaid order not cancelled", order_id=str(order_id), error=repr(error))
        return False


async def _cancel(infra: Infrastructure, online: Online, order_id: UUID) -> bool:
    """What is open is looked at first: somebody may have paid a moment ago."""
    for payment in await store.of_order_alone(infra.engine, order_id):
        if payment.under_way:
            told = await starting.refreshed(infra, online, payment)
            if told.under_way and told.state is not Payment.OPEN:
                return False
    async with infra.sessions.begin() as session:
        connection = await session.connection()
        order = await orders.lock(connection, order_id)
        if order is None or order.state is not State.PLACED or order.payment_state is not PaymentState.OPEN:
            return False
        change = Change(session, connection, order, events.PROVIDER, _ITSELF, infra.clock())
        await move(infra, change, MoveOrder(order_id, Verb.CANCEL, reason=REASON))
    return True
