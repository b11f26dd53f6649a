"""Rows of one statement from one consistent view of the data, a few hundred at a time.

The connection is none of the pool: a slow reader keeps it for minutes. One that takes no rows for a minute is
cut off, for its snapshot holds up the clean-up of the whole database.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from chassis import db

ROWS = 200
_LIMITS = (
    "SET LOCAL statement_timeout = '10min'; SET LOCAL idle_in_transaction_session_timeout = '60s';"
    " SET LOCAL work_mem = '16MB'"
)
_SECONDS = 600.0


class Snapshot:
    """Several statements see the same data."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def rows(self, statement: str, *arguments: Any) -> AsyncIterator[Sequence[Any]]:
        cursor = await self._connection.cursor(statement, *arguments, timeout=_SECONDS)
        while found := await cursor.fetch(ROWS, timeout=_SECONDS):
            yield found

    async def all(self, statement: str, *arguments: Any) -> Sequence[Any]:
        found: Sequence[Any] = await self._connection.fetch(statement, *arguments)
        return found


@asynccontextmanager
async def snapshot(engine: AsyncEngine) -> AsyncIterator[Snapshot]:
    connection = await db.dedicated(engine)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.execute(_LIMITS)
            yield Snapshot(connection)
    finally:
        connection.terminate()  # nothing is to be said any more, and a close would wait for a reader who left
