"""Erases, day by day, what was kept only because the law demanded it."""

from __future__ import annotations

import asyncio
import contextlib
import datetime

from chassis.db import Sessions
from chassis.logs import log
from orders.privacy import statements

EVERY_SECONDS = 6 * 3600.0


async def erase_expired(sessions: Sessions, today: datetime.date) -> int:
    """How many orders lost their names."""
    total = 0
    while True:
        async with sessions.begin() as session:
            done = await (await session.connection()).execute(statements.EXPIRED, {"today": today})
            total += done.rowcount
            if done.rowcount < statements.BATCH:
                return total


class Retention:
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
                await erase_expired(self._sessions, datetime.datetime.now(datetime.UTC).date())
            except Exception as error:
                log.warning("kept names not looked at", error=repr(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), EVERY_SECONDS)
