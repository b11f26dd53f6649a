"""Ends holds whose time is over, but never on time alone: orders is asked first, and while it cannot answer, every
hold stays."""

from __future__ import annotations

import asyncio
import datetime
from contextlib import suppress
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.ports import Orders, Placement
from catalog.reservations import amending, backorders, levels, store
from catalog.reservations.store import Hold
from catalog.reservations.use_cases import release
from chassis.db import Sessions
from chassis.errors import ServiceError
from chassis.logs import log

BATCH = 100

_EXPIRED = sql.statement("""
    SELECT order_id, expire_time, amends_order_id FROM stock_holds WHERE state = 'HELD' AND expire_time < now()
    ORDER BY expire_time LIMIT :batch
""")


class Sweeper:
    """Background task; safe to run in every replica."""

    def __init__(
        self, sessions: Sessions, orders: Orders, *, hold_time: datetime.timedelta, every_seconds: float
    ) -> None:
        self._sessions = sessions
        self._orders = orders
        self._hold_time = hold_time
        self._every = every_seconds
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        while not self._stopping.is_set():
            try:
                while await self.sweep() == BATCH:
                    pass
            except ServiceError as error:
                log.warning("holds kept: orders cannot answer", reason=error.reason)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._every)

    async def stop(self) -> None:
        self._stopping.set()

    async def sweep(self) -> int:
        """Settles one batch of expired holds; the number that orders knew an answer for. Raises ServiceError."""
        async with self._sessions() as session:
            rows = await sql.rows(session, _EXPIRED, {"batch": BATCH})
        expired: dict[UUID, list[sql.Row]] = {}
        for row in rows:
            expired.setdefault(row.amends_order_id or row.order_id, []).append(row)
        if not expired:
            return 0
        settled = 0
        for placement in await self._orders.placements(list(expired)):
            for row in expired.pop(placement.order_id, ()):
                if row.amends_order_id is None:
                    await self._settle(placement, row.expire_time)
                else:
                    await self._settle_amendment(placement, row.order_id, row.expire_time)
                settled += 1
        return settled

    async def _settle_amendment(
        self, placement: Placement, attempt_id: UUID, seen: datetime.datetime
    ) -> None:
        """Never what the order itself has: that is firm. While the attempt amends, or has amended, it is kept; its
        event will say more."""
        kept = placement.state in ("PLACED", "IN_PROGRESS") and placement.attempt_id == attempt_id
        until = datetime.datetime.now(datetime.UTC) + self._hold_time if kept else None
        async with self._sessions.begin() as session:
            await amending.settle(session, placement.order_id, attempt_id, seen, until)

    async def _settle(self, placement: Placement, seen: datetime.datetime) -> None:
        """Only when nobody renewed the hold since orders was asked about it."""
        async with self._sessions.begin() as session:
            hold = (await store.lock_holds(session, [placement.order_id])).get(placement.order_id)
            if hold is None or hold.state != "HELD" or hold.expire_time != seen:
                return
            if placement.state in ("NOT_PLACED", "UNKNOWN", "CANCELLED"):
                lines = (await store.lines_of(session, [hold.order_id])).get(hold.order_id, [])
                await levels.lock_levels(session, [line.variant_id for line in lines])
                await release(session, hold, hold.attempt_id)
                log.info("hold expired", order_id=str(hold.order_id))
            elif placement.state == "PLACED" and placement.attempt_id == hold.attempt_id:
                await store.set_states(session, [hold.with_state("FIRM")])
                if hold.waits:
                    await _queue(session, hold)
            else:  # under way, or placed by another attempt: its event will say more
                now = datetime.datetime.now(datetime.UTC)
                await store.renew(session, hold.order_id, now + self._hold_time)


async def _queue(session: AsyncSession, hold: Hold) -> None:
    lines = (await store.lines_of(session, [hold.order_id])).get(hold.order_id, [])
    await levels.lock_levels(session, [line.variant_id for line in lines])
    await backorders.fill(session, await backorders.place(session, {hold.order_id: None}))
    await backorders.tell_opened(session, {hold.order_id: hold.attempt_id})
