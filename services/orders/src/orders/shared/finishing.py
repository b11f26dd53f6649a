"""What both sides agreed to is placed, or amends the placed order: at once; and by itself, where the process that was
to do so died in between, or a neighbour was away.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from chassis import context as requests
from chassis.context import Principal, Request
from chassis.errors import FieldViolation, ServiceError
from chassis.ids import new_id
from chassis.logs import log
from orders import access, store
from orders.domain.model import Order, PaymentMethod
from orders.domain.parties import Party
from orders.domain.states import State
from orders.infrastructure import Infrastructure
from orders.shared import amending, placing
from orders.shared import store as sheets
from orders.shared.passing import passes
from orders.shared.tables import AGREED
from orders.shared.turns import Turn

# After the agreement; by then whoever agreed has been answered, or never will be.
_GRACE = datetime.timedelta(seconds=60)
# Until it is tried once more, where the process that tried died as well, or a neighbour is away still.
_AGAIN = datetime.timedelta(minutes=5)
_AT_ONCE = 20
# Only the customer's side, or a care worker's session, may use them.
_THEIRS = frozenset((PaymentMethod.ELECTRONIC, PaymentMethod.MONTHLY_RESIDENCE))
_INTERRUPTED = FieldViolation(
    "order", "was interrupted when both had agreed: accepting once more goes on", "INTERRUPTED"
)
# What an administrator refused is tried again by people alone. What was not tried yet comes before what failed.
_CLAIM = sa.text(f"""
    UPDATE shared_orders SET retry_time = :again WHERE order_id IN (
        SELECT order_id FROM shared_orders s
        WHERE {AGREED} AND update_time <= :before AND (retry_time IS NULL OR retry_time <= :now)
            AND (amending_until IS NULL OR amending_until <= clock_timestamp())
            AND EXISTS (SELECT FROM orders o WHERE o.id = s.order_id
                AND (o.state = 'PLACED' OR o.state = 'NEGOTIATING' AND o.approval IS NULL)
                AND (o.placing_until IS NULL OR o.placing_until <= clock_timestamp()))
        ORDER BY retry_time NULLS FIRST, update_time LIMIT :at_once FOR UPDATE SKIP LOCKED)
    RETURNING order_id""")  # noqa: S608  # a constant


async def finish(infra: Infrastructure, order_id: UUID) -> tuple[FieldViolation, ...]:
    """As the caller; once, however often it is asked for. What stands against it only for a while is answered, and not
    kept: it is tried again by itself, unless that is left to people."""
    try:
        await _finish(infra, order_id)
    except ServiceError as failed:
        if not passes(failed):
            raise
        away = (FieldViolation("order", failed.message, failed.reason),)
        found = await _find(infra, order_id)
        if found is not None:
            await _keep(infra, order_id, found, away if _is_left_to_people(found.order) else ())
        return away
    return ()


async def _finish(infra: Infrastructure, order_id: UUID, said: Party | None = None) -> None:
    """As the caller, or in the name of who `said` the last word."""
    await placing.place(infra, order_id, said)
    await amending.amend(infra, order_id, said)


async def finish_interrupted(infra: Infrastructure) -> Turn:
    """Sheets that are agreed, with nothing that stands against it, and with nobody at work on them; several replicas
    take different ones. Each has an end or an obstacle afterwards, or is tried again later."""
    now = infra.clock()
    given = {"now": now, "before": now - _GRACE, "again": now + _AGAIN, "at_once": _AT_ONCE}
    async with infra.sessions.begin() as session:
        ids = list((await session.execute(_CLAIM, given)).scalars())
    done = 0
    for order_id in ids:
        service = Principal("orders", "SERVICE", scopes=frozenset((access.READ_SCOPE,)))
        with requests.bind(Request(str(new_id()), service=service)):
            try:
                await _finish_interrupted(infra, order_id)
                done += 1
            except Exception as error:
                log.warning("agreed order not placed", order_id=str(order_id), error=repr(error))
    return Turn.of(done, len(ids), _AT_ONCE)


@dataclass(frozen=True, slots=True)
class _Found:
    order: Order
    revision: int
    said: Party


async def _find(infra: Infrastructure, order_id: UUID) -> _Found | None:
    async with infra.engine.connect() as connection:
        order, sheet = await store.find(connection, order_id), await sheets.find(connection, order_id)
        if order is None or sheet is None or not sheet.agreed:
            return None
        return _Found(order, sheet.revision, await sheets.last_word(connection, order_id))


async def _finish_interrupted(infra: Infrastructure, order_id: UUID) -> None:
    """Raises ServiceError for what passes."""
    found = await _find(infra, order_id)
    if found is None:
        return
    against = _INTERRUPTED
    if not _is_theirs(found.order):
        try:
            return await _finish(infra, order_id, found.said)
        except ServiceError as refused:
            if passes(refused):
                raise
            against = FieldViolation("order", refused.message, refused.reason)
    await _keep(infra, order_id, found, [against])


async def _keep(
    infra: Infrastructure, order_id: UUID, found: _Found, against: Sequence[FieldViolation]
) -> None:
    async with infra.sessions.begin() as session:
        await sheets.set_obstacles(await session.connection(), order_id, found.revision, against)


def _is_theirs(order: Order) -> bool:
    return order.parties.assistance is not None or order.header.payment_method in _THEIRS


def _is_left_to_people(order: Order) -> bool:
    """By the payment method, or because an administrator refused it."""
    return _is_theirs(order) or (order.state is State.NEGOTIATING and order.approval is not None)
