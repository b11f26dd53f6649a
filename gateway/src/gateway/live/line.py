"""One client's open feed, seen from inside: a bounded queue of what it has to hear, and its end."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from gateway import metrics
from gateway.live.closing import SLOW, Closing

# A client that is further behind than this resumes by its last number: cheaper than keeping everything for it.
QUEUE = 256


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom the token is for. `expires` in seconds since 1970; `account_id`: the account that it acts for."""

    token: str
    name: str
    session_id: str
    actor_kind: str
    actor_id: str
    account_id: UUID | None
    expires: float


class Line:
    """`offer` and `notice` from anywhere in the process, `next` in the line's own task, which `close` interrupts."""

    def __init__(self, caller: Caller, topic: str) -> None:
        self.caller = caller
        self.topic = topic
        self.closing: Closing | None = None
        self._queue: deque[Any] = deque()
        self._noticed: int | None = None
        self._wake = asyncio.Event()
        self._task: asyncio.Task[Any] | None = None

    def begin(self) -> None:
        """The current task is the line's own from here on."""
        self._task = asyncio.current_task()

    def end(self) -> bool:
        """No more interruptions; whether the task was being interrupted because the line is to close."""
        task, self._task = self._task, None
        interrupted = task is not None and self.closing is not None
        while task is not None and task.cancelling():
            task.uncancel()
        return interrupted

    def offer(self, item: Any) -> None:
        """Never waits. A line whose queue is full closes."""
        if self.closing is not None:
            return
        if len(self._queue) >= QUEUE:
            metrics.FEED_DROPPED.inc(len(self._queue))
            self._queue.clear()
            self.close(SLOW, "SLOW_READER")
            return
        self._queue.append(item)
        self._wake.set()

    def notice(self, number: int) -> None:
        """Never waits: of several numbers that were not taken yet only the last one counts."""
        self._noticed = number
        self._wake.set()

    async def next(self) -> Any:
        while not self._queue and self._noticed is None:
            self._wake.clear()
            await self._wake.wait()
        if self._queue:
            return self._queue.popleft()
        noticed, self._noticed = self._noticed, None
        return noticed

    def close(self, code: int, reason: str) -> None:
        """The first reason counts."""
        if self.closing is None:
            self.closing = Closing(code, reason)
            if self._task is not None:
                self._task.cancel()
