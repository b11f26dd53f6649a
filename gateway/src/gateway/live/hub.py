"""Who follows what in this process: handing on by topic, limits, heartbeats, and ending lines."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from gateway import metrics
from gateway.live.closing import DRAINING, SIGN_IN
from gateway.live.line import Line
from gateway.problems import Problem

HEARTBEAT_SECONDS = 15
_TICK_SECONDS = 1.0
# As long as an access token of a session may outlive it, and no more sessions than can end in that time.
ENDED_SECONDS = 600
MAX_ENDED = 100_000


class Beat:
    """Time to say that the line is alive."""


class Check:
    """Time to ask whether the line may still be there, and whether it has missed anything."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Lines of one caller and of this process; seconds after which the rights of a line are looked at again even when
    nothing was heard that could have changed them."""

    per_caller: int
    lines: int
    check_seconds: int


class Hub:
    def __init__(self, limits: Limits, clock: Callable[[], float] = time.time) -> None:
        self._limits = limits
        self._clock = clock
        self._topics: dict[str, set[Line]] = {}
        self._due: dict[Line, int] = {}
        self._callers: Counter[str] = Counter()
        self._ended: dict[str, int] = {}
        self._ticks = 0
        self._joined = 0
        self._draining = False

    def __iter__(self) -> Iterator[Line]:
        return iter(list(self._due))

    def __contains__(self, topic: str) -> bool:
        return topic in self._topics

    def on(self, topic: str) -> Iterator[Line]:
        return iter(list(self._topics.get(topic, ())))

    def join(self, line: Line) -> None:
        """Raises Problem 401, 429, 503."""
        caller = line.caller.name
        if line.caller.session_id in self._ended:
            challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            raise Problem(401, "SESSION_ENDED", "The session has ended; sign in again.", headers=challenge)
        if self._draining or len(self._due) >= self._limits.lines:
            raise Problem(
                503, "FEEDS_BUSY", "This server takes no more feeds now.", headers={"Retry-After": "1"}
            )
        if self._callers[caller] >= self._limits.per_caller:
            detail = f"Nobody follows more than {self._limits.per_caller} feeds at once."
            raise Problem(429, "TOO_MANY_FEEDS", detail, headers={"Retry-After": "10"})
        self._callers[caller] += 1
        self._topics.setdefault(line.topic, set()).add(line)
        # Spread, so that those who came together do not all speak, or ask, at once.
        self._joined += 1
        self._due[line] = self._ticks + self._joined % self._limits.check_seconds
        metrics.FEED_LINES.set(len(self._due))

    def leave(self, line: Line) -> None:
        if self._due.pop(line, None) is None:
            return
        self._callers[line.caller.name] -= 1
        if not self._callers[line.caller.name]:
            del self._callers[line.caller.name]
        there = self._topics[line.topic]
        there.discard(line)
        if not there:
            del self._topics[line.topic]
        metrics.FEED_LINES.set(len(self._due))

    def publish(self, topic: str, item: Any) -> None:
        for line in self.on(topic):
            line.offer(item)

    def notice(self, topic: str, number: int) -> None:
        for line in self.on(topic):
            line.notice(number)

    def check(self, which: Callable[[Line], bool] = lambda _line: True) -> None:
        """Have those lines ask again whether they may be there."""
        for line in self:
            if which(line):
                line.offer(Check())

    def close(self, code: int, reason: str, which: Callable[[Line], bool]) -> None:
        for line in self:
            if which(line):
                line.close(code, reason)

    def end_sessions(self, session_ids: Iterable[str]) -> None:
        """Their lines end, also those that are being opened: the token of such a session is good for a while yet."""
        ended = dict.fromkeys(session_ids, self._ticks)
        self._ended |= ended
        while len(self._ended) > MAX_ENDED:
            del self._ended[next(iter(self._ended))]
        self.close(SIGN_IN, "SESSION_ENDED", lambda line: line.caller.session_id in ended)

    def drain(self) -> None:
        """Nobody comes in any more; those who are there go on elsewhere."""
        self._draining = True
        self.close(DRAINING, "RESTARTING", lambda _line: True)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self.tick()

    def tick(self) -> None:
        """One second has passed."""
        self._ticks += 1
        now = self._clock()
        while self._ended and next(iter(self._ended.values())) < self._ticks - ENDED_SECONDS:
            del self._ended[next(iter(self._ended))]
        for line, due in list(self._due.items()):
            if line.caller.expires <= now:
                line.close(SIGN_IN, "TOKEN_EXPIRED")
                continue
            if (self._ticks - due) % HEARTBEAT_SECONDS == 0:
                line.offer(Beat())
            if (self._ticks - due) % self._limits.check_seconds == 0:
                line.offer(Check())
