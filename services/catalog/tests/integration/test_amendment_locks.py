"""Facts that are applied together lock holds first and levels then, as everybody does who reserves."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa
from commis.orders.v1 import events_pb2 as order_events

from catalog.reservations import levels, store
from chassis.db import Sessions
from chassis.ids import new_id

from .. import factories as a
from .test_amendments import beyond, event, rows, tell
from .test_backorders import place, reserve


async def somebody_waits(sessions: Sessions) -> None:
    """For a lock of another transaction."""
    async with sessions() as session, asyncio.timeout(10):
        query = sa.text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                        " AND wait_event_type = 'Lock'")  # fmt: skip
        while not await session.scalar(query):
            await asyncio.sleep(0.01)


@pytest.mark.spec("N-09", "C-21")
async def test_a_cancelled_order_that_is_being_held_is_waited_for_before_levels_are_locked(
    sessions: Sessions,
) -> None:
    chair = await a.a_variant(sessions, stock=10)
    order, other = await place(sessions, await reserve(sessions, a.a_line(chair, 4, "1"))), new_id()
    attempt, _ = await beyond(sessions, order, a.a_line(chair, 6, "1"))
    facts = event(order, attempt, a.a_line(chair, 6, "1")), order_events.OrderCancelled(order_id=str(other))
    async with sessions.begin() as session:
        await store.claim(session, other, new_id())
        telling = asyncio.create_task(tell(sessions, *facts))
        await somebody_waits(sessions)
        await levels.lock_levels(session, [chair.id])  # would be a deadlock
    await telling
    assert await rows(sessions, order) == [("1", 6, 6)]
    await a.assert_ledger_holds(sessions)
