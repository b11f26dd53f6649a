"""Forgets mails that were to be forgotten once they were sent: the receipt of an erasure itself."""

from __future__ import annotations

import asyncio
import contextlib

from chassis.db import Sessions
from chassis.logs import log
from notifications.privacy import erasing

EVERY_SECONDS = 5.0


class Forgetting:
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
                await erasing.forget_sent(self._sessions)
            except Exception as error:
                log.warning("sent mails not forgotten", error=repr(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), EVERY_SECONDS)
