"""Deletes what has served its time: inbox rows and idempotency keys, in small batches."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa

from chassis.db import Sessions
from chassis.idempotency import KEEP_HOURS
from chassis.logs import log

# Longer than a stream keeps a message and an outbox row waits for a reconcile (7 days each).
INBOX_DAYS = 21
EVERY_SECONDS = 900
_PURGES = [
    sa.text(
        f"DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table}"  # noqa: S608  # constants
        f" WHERE {column} < now() - interval '{keep}' LIMIT 1000 FOR UPDATE SKIP LOCKED))"
    )
    for table, column, keep in (
        ("inbox", "process_time", f"{INBOX_DAYS} days"),
        ("idempotency", "create_time", f"{KEEP_HOURS} hours"),
    )
]


async def purge(sessions: Sessions) -> int:
    """The number of rows deleted."""
    total = 0
    for statement in _PURGES:
        while True:
            async with sessions.begin() as session:
                deleted = (await session.connection()).execute(statement)
                count = (await deleted).rowcount
            total += count
            if count < 1000:
                break
    return total


class Housekeeping:
    """A background task; harmless to run in every replica."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._stop = asyncio.Event()

    async def stop(self) -> None:
        self._stop.set()

    async def run(self) -> None:
        self._stop.clear()
        while not self._stop.is_set():
            try:
                await purge(self._sessions)
            except Exception as error:
                log.warning("housekeeping failed", error=repr(error))
            try:
                await asyncio.wait_for(self._stop.wait(), EVERY_SECONDS)
            except TimeoutError:
                continue
