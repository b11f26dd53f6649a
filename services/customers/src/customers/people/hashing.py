"""Argon2id in a pool of its own, and turns with a short queue: a flood of sign-ins is refused early and for nothing
instead of letting each of them wait; the threads give way to everybody who does not hash."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from chassis.errors import ResourceExhausted

# OWASP Password Storage Cheat Sheet, the first of its equivalent Argon2id settings; memory in KiB.
MEMORY_COST = 19456
TIME_COST = 2
PARALLELISM = 1
# Half of the processors answer everybody else without waiting for a hash to give way.
THREADS = max(1, (os.cpu_count() or 2) // 2)
QUEUE_LIMIT = 50
# A weight of about a tenth beside threads of the usual niceness (sched(7)).
NICENESS = 10

T = TypeVar("T")


class PasswordsBusy(ResourceExhausted):
    reason = "PASSWORDS_BUSY"

    def __init__(self) -> None:
        super().__init__(
            "Too many passwords are being checked right now; try again shortly.", retry_after=1.0
        )


def _give_way() -> None:
    """Linux counts niceness per thread; elsewhere it belongs to the whole process, which must not be slowed."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def owasp_hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=TIME_COST, memory_cost=MEMORY_COST, parallelism=PARALLELISM, type=Type.ID)


class HashPool:
    """Hashes and verifies; at most one more than `threads` have a turn at a time, and `queue_limit` wait for one."""

    def __init__(
        self,
        hasher: PasswordHasher | None = None,
        *,
        threads: int = THREADS,
        queue_limit: int = QUEUE_LIMIT,
    ) -> None:
        self._hasher = hasher or owasp_hasher()
        self._threads = ThreadPoolExecutor(threads, "argon2", initializer=_give_way)
        self._turns = asyncio.Semaphore(threads + 1)  # one at the database while the others hash
        self._capacity = threads + 1 + queue_limit
        self._pending = 0
        # What an unknown e-mail is checked against: the same work, and no password matches it.
        self._dummy = self._hasher.hash(secrets.token_bytes(32))

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Around everything that a client's password causes, what is asked of the database included: others get
        their answers between few such requests, not behind all of them. Raises PasswordsBusy, before anything of
        it has begun."""
        if self._pending >= self._capacity:
            raise PasswordsBusy
        self._pending += 1
        try:
            async with self._turns:
                yield
        finally:
            self._pending -= 1

    async def hash(self, password: str) -> str:
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the one of `stored`. None does the same work and answers False."""
        matches = await self._run(lambda: self._matches(stored or self._dummy, password))
        return matches and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether `stored` was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)
