"""Writes the states of many mails in one statement, in the order they were told.

Whoever tells waits for nothing or for the commit of the batch its mark is in. While the database is away the
marks stay in memory and are tried again: a mail that the server took is never forgotten and never sent twice
by a process that lives.
"""

from __future__ import annotations

import asyncio
import contextlib
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from chassis import crash
from chassis.logs import log
from notifications.mails import events, store
from notifications.mails.store import Mark, Marked, State

BATCH = 200
RETRY_SECONDS = (0.1, 0.3, 1.0, 2.0)
# A mail may take this much longer, so that one statement serves those that come together.
LINGER_SECONDS = 0.01


class Marks:
    """`enough` marks are written without waiting for more."""

    def __init__(self, engine: AsyncEngine, sender_id: UUID, *, enough: int) -> None:
        self._engine = engine
        self._sender_id = sender_id
        self._waiting: list[tuple[Mark, asyncio.Future[bool]]] = []
        self._enough = enough
        self._arrived = asyncio.Event()
        self._full = asyncio.Event()
        self._closing = False

    def tell(self, mark: Mark) -> asyncio.Future[bool]:
        """Awaited: whether the mark still applied, once it is committed. Need not be awaited."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((mark, future))
        self._arrived.set()
        if len(self._waiting) >= self._enough:
            self._full.set()
        return future

    async def run(self) -> None:
        """Until `close`, and then until everything told is written."""
        self._closing = False
        while not (self._closing and not self._waiting):
            if not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._full.wait(), LINGER_SECONDS)
            self._full.clear()
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            done = {marked.mail_id for marked in await self._write([mark for mark, _ in batch])}
            for mark, future in batch:
                if not future.done():
                    future.set_result(mark.mail_id in done)

    def close(self) -> None:
        self._closing = True
        self._arrived.set()
        self._full.set()

    async def _write(self, marks: list[Mark]) -> list[Marked]:
        tries = 0
        while True:
            try:
                return await self._once(marks)
            except Exception as error:
                delay = RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)]
                log.warning("mail states not written yet", mails=len(marks), error=repr(error))
                tries += 1
                await asyncio.sleep(delay)

    async def _once(self, marks: list[Mark]) -> list[Marked]:
        crash.point("notifications.mark.before")
        if any(mark.state is State.FAILED for mark in marks):
            async with AsyncSession(self._engine) as session, session.begin():
                marked = await store.mark(await session.connection(), self._sender_id, marks)
                for mail in marked:
                    if mail.state is State.FAILED:
                        events.publish_failed(session, mail)
            return marked
        async with self._engine.connect() as connection:
            # One statement is its own transaction: no BEGIN and COMMIT to pay for.
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            return await store.mark(connection, self._sender_id, marks)
