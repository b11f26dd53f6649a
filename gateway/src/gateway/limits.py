"""Token bucket per caller, in this process: a minute's quota as burst, refilled evenly."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MAX_CALLERS = 50_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reset` and `retry_after` in whole seconds."""

    allowed: bool
    remaining: int
    reset: int
    retry_after: int


class RateLimit:
    """Limit 0 allows everything. The least recently seen callers are forgotten beyond MAX_CALLERS."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self._rate = per_minute / 60
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str) -> Verdict:
        """Uses one request of the caller's quota."""
        now = self._clock()
        tokens, seen = self._buckets.get(caller, (float(self.per_minute), now))
        tokens = min(float(self.per_minute), tokens + (now - seen) * self._rate)
        allowed = tokens >= 1
        if allowed:
            tokens -= 1
        self._buckets[caller] = (tokens, now)
        self._buckets.move_to_end(caller)
        if len(self._buckets) > MAX_CALLERS:
            self._buckets.popitem(last=False)
        reset = math.ceil((self.per_minute - tokens) / self._rate)
        wait = 0 if allowed else max(1, math.ceil((1 - tokens) / self._rate))
        return Verdict(allowed, int(tokens), reset, wait)
