"""Holds that ran out: their fate is asked of orders, never guessed from the clock."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Sequence

from chassis.db import Sessions
from chassis.errors import ServiceError
from chassis.logs import log
from library import attribution
from library.budgets.store import BudgetStore
from library.holds.domain import State
from library.holds.store import Expired, HoldStore
from library.holds.use_cases import settle
from library.ports import Orders, Placement

BATCH = 200
POSTPONE_SECONDS = 5
# Longer than any delayed call or redelivered event (streams keep 7 days).
TOMBSTONE_DAYS = 14
UNKNOWN = Placement("UNKNOWN")


async def sweep(sessions: Sessions, orders: Orders, now: datetime.datetime) -> int:
    """Look at holds that ran out before `now`; the number of those that are decided.

    Raises ServiceError while orders cannot answer: then everything is kept as it is.
    """
    decided = 0
    async with sessions() as session:
        expired = await HoldStore(session).expired(now, BATCH)
    if expired:
        placements = await orders.get_placements(list(dict.fromkeys(hold.asked_about for hold in expired)))
        waiting = []
        for hold in expired:
            placement = placements.get(hold.asked_about, UNKNOWN)
            amended = hold.amends is not None and placement == Placement("PLACED", hold.attempt_id)
            if placement.state == "IN_PROGRESS" or amended:  # the event of an amendment will say more
                waiting.append(hold)
            else:
                await _decide(sessions, hold, placement)
                decided += 1
        await _postpone(sessions, waiting, now)
    async with sessions.begin() as session:
        await HoldStore(session).purge(now - datetime.timedelta(days=TOMBSTONE_DAYS), BATCH)
    return decided


async def _decide(sessions: Sessions, expired: Expired, placement: Placement) -> None:
    async with sessions.begin() as session:
        hold = await HoldStore(session).find(expired.order_id)
        # A new attempt came while we asked: the answer is not about this hold any more.
        if hold is None or hold.state is not State.HELD or hold.attempt_id != expired.attempt_id:
            return
        await BudgetStore(session).lock(hold.lines)
        match placement.state:
            case _ if hold.amends is not None:  # what the order itself has stays
                movements = hold.release(expired.attempt_id)
            case "PLACED":
                movements = hold.confirm(placement.attempt_id or expired.attempt_id)
            case "CANCELLED":
                movements = hold.cancel()
            case _:
                movements = hold.release(expired.attempt_id)
        who = attribution.current(hold.account_id, expired.asked_about)
        await settle(session, hold, movements, who, f"hold ran out, order {placement.state}")
    log.info("expired hold settled", order_id=str(expired.order_id), placement=placement.state)


async def _postpone(sessions: Sessions, waiting: Sequence[Expired], now: datetime.datetime) -> None:
    if waiting:
        until = now + datetime.timedelta(seconds=POSTPONE_SECONDS)
        async with sessions.begin() as session:
            await HoldStore(session).postpone([hold.order_id for hold in waiting], until)


class Sweeper:
    """A background task; harmless to run in every replica."""

    def __init__(self, sessions: Sessions, orders: Orders, every_seconds: float) -> None:
        self._sessions = sessions
        self._orders = orders
        self._every = every_seconds
        self._stopped = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self) -> None:
        self._stopped.clear()
        self._idle.clear()
        try:
            while not self._stopped.is_set():
                await self._once()
                try:
                    await asyncio.wait_for(self._stopped.wait(), self._every)
                except TimeoutError:
                    continue
        finally:
            self._idle.set()

    async def _once(self) -> None:
        try:
            while await sweep(self._sessions, self._orders, datetime.datetime.now(datetime.UTC)) >= BATCH:
                continue
        except ServiceError as error:
            log.warning("expired holds kept, orders cannot answer", reason=error.reason)
        except Exception as error:  # the database may be away: try again next time
            log.warning("expired holds not looked at", error=repr(error))

    async def stop(self) -> None:
        self._stopped.set()
        await self._idle.wait()
