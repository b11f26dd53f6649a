"""Orders with online payment that nobody paid in time are cancelled, in the ordinary way: stock and budget follow."""

from __future__ import annotations

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
_SIZE = 100
_ITSELF = Caller(events.PROVIDER.kind, events.PROVIDER.id, "API", None, False, True)
# A link that was mailed is kept to what it says; a bank transfer that is on its way is waited for.
_FIND = direct.statement(f"""
    SELECT id FROM orders o WHERE {UNPAID} AND total > 0 AND place_time <= :before
        AND NOT EXISTS (SELECT FROM payment_links l
            WHERE l.order_id = o.id AND l.end_time IS NULL AND l.expire_time > :now)
        AND NOT EXISTS (SELECT FROM payments p
            WHERE p.order_id = o.id AND p.state IN ('PENDING', 'AUTHORIZED', 'PAID'))
    ORDER BY place_time LIMIT {_SIZE}""")  # noqa: S608  # constants


async def cancel_unpaid(infra: Infrastructure, online: Online) -> int:
    """How many were cancelled. One whose payment the provider cannot tell about now is left for the next time."""
    now = infra.clock()
    before = now - datetime.timedelta(hours=online.unpaid_hours)
    found = await direct.rows_alone(infra.engine, _FIND, {"before": before, "now": now})
    cancelled = 0
    for row in found:
        try:
            cancelled += await _cancel(infra, online, row["id"])
        except ServiceError as error:
            log.warning("unpaid order not cancelled", order_id=str(row["id"]), reason=error.reason)
    return cancelled


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
