"""What happens to shared orders by itself: an offer ends, somebody is to be reminded.

Each row is claimed by the update that marks it, so that several replicas tell each thing once.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa
from commis.orders.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import outbox
from chassis.errors import ServiceError
from chassis.logs import log
from orders import wire
from orders.attribution import attribution
from orders.infrastructure import Infrastructure
from orders.shared import negotiating, recording
from orders.shared.domain import answering
from orders.shared.domain.sheet import Actor, Command, Sheet
from orders.shared.domain.terms import Side
from orders.shared.finishing import finish_interrupted
from orders.shared.tables import shared_order_changes, shared_orders
from orders.shared.turns import Turn
from orders.tables import orders

EVERY_SECONDS = 60.0
UNANSWERED = datetime.timedelta(days=3)
SOON = datetime.timedelta(days=2)
_AT_ONCE = 100
_C = shared_orders.c
_SENT = sa.and_(_C.open, _C.sent > 0)


def _due(
    session: AsyncSession, now: datetime.datetime, order_id: UUID, account_id: UUID, **facts: object
) -> None:
    outbox.add(
        session,
        events_pb2.SheetReminderDue(
            attribution=attribution(now, account_id=account_id, order_id=order_id),
            order_id=str(order_id),
            account_id=str(account_id),
            **facts,  # type: ignore[arg-type]  # fields of the event
        ),
        subject="commis.orders.v1.sheet_reminder_due",
        aggregate_id=str(order_id),
    )


async def _mark(infra: Infrastructure, why: str, flag: str, which: Iterable[sa.ColumnElement[bool]]) -> Turn:
    """Tells it of all that it is due for, and marks them."""
    now = infra.clock()
    batch = sa.select(_C.order_id).where(_SENT, *which).limit(_AT_ONCE).with_for_update(skip_locked=True)
    statement = (
        sa.update(shared_orders)
        .where(_C.order_id.in_(batch))
        .values({flag: True})
        .returning(_C.order_id, _C.account_id, _C.waiting_for, _C.expire_date)
    )
    async with infra.sessions.begin() as session:
        found = (await session.execute(statement)).all()
        for row in found:
            expire = wire.date(row.expire_date)
            _due(
                session, now, row.order_id, row.account_id, side=row.waiting_for, why=why, expire_date=expire
            )
    return Turn.of(len(found), len(found), _AT_ONCE)


async def remind_waiting(infra: Infrastructure) -> Turn:
    """Once per hand-over, of a side that did nothing for three days."""
    changes = shared_order_changes.c
    answered = sa.exists().where(
        changes.order_id == _C.order_id, changes.side == _C.waiting_for, changes.occur_time > _C.send_time
    )
    late = _C.send_time <= infra.clock() - UNANSWERED
    which = (~_C.reminded_waiting, ~_C.expired, _C.waiting_for.is_not(None), late, ~answered)
    return await _mark(infra, "waiting", "reminded_waiting", which)


async def remind_expiring(infra: Infrastructure) -> Turn:
    """Once per hand-over, two days before the offer ends."""
    today = infra.today()
    which = (~_C.reminded_expiring, ~_C.expired, _C.expire_date.between(today, today + SOON))
    return await _mark(infra, "expiring", "reminded_expiring", (*which, _C.waiting_for.is_not(None)))


async def expire(infra: Infrastructure) -> Turn:
    """Into the log, once; accepting is refused since the date itself. What is being placed now is looked at again the
    next time."""
    which = (_SENT, ~_C.expired, _C.expire_date < infra.today(), orders.c.state.in_(recording.OPEN))
    due = sa.select(_C.order_id).join(orders, orders.c.id == _C.order_id).where(*which)
    async with infra.engine.connect() as connection:
        found = await connection.execute(due.order_by(_C.expire_date, _C.order_id).limit(_AT_ONCE))
        ids = list(found.scalars())
    if ids:
        await infra.methods.everything()
    ended = 0
    for order_id in ids:
        with contextlib.suppress(ServiceError):  # ended, or being placed, a moment ago
            ended += await _expire(infra, order_id)
    return Turn.of(ended, len(ids), _AT_ONCE)


async def _expire(infra: Infrastructure, order_id: UUID) -> bool:
    async with infra.sessions.begin() as session:
        order, sheet = await negotiating.locked(session, order_id)
        if sheet.expired or sheet.expire_date is None or sheet.expire_date >= infra.today():
            return False
        now = infra.clock()
        answering.expire(sheet, Command(Actor(recording.ITSELF, None), sheet.revision, now))
        await recording.write(infra, session, order, sheet, recording.ITSELF, "API")
        side = _asked(sheet)
        expire_date = wire.date(sheet.expire_date)
        _due(session, now, order_id, order.account_id, side=side, why="expired", expire_date=expire_date)
    return True


def _asked(sheet: Sheet) -> Side:
    return sheet.waiting_for or sheet.started_by.other


class Reminders:
    """A background task; harmless to run in every replica."""

    def __init__(self, infra: Infrastructure) -> None:
        self._infra = infra
        self._stop = asyncio.Event()

    async def stop(self) -> None:
        self._stop.set()

    async def run(self) -> None:
        self._stop.clear()
        while not self._stop.is_set():
            await self.turn()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), EVERY_SECONDS)

    async def turn(self) -> None:
        """All that is due now."""
        for work in (expire, remind_expiring, remind_waiting, finish_interrupted):
            try:
                while (await work(self._infra)).more and not self._stop.is_set():
                    pass
            except Exception as error:
                log.warning("shared orders not looked at", work=work.__name__, error=repr(error))
