"""The driver's own connection, for the statements of the hot path: a fifth of the CPU of the layers above it.

Connections come from the pool of the engine, with its limits. Within a session it is the session's connection,
so that the statements belong to its transaction.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from chassis import db

Connection = Any  # asyncpg.Connection, or a proxy of it
_NAME = re.compile(r"(?<![:\w]):([a-z]\w*)")


# The statements of the hot path have one good plan each, which PostgreSQL would make anew every time, for half
# of the time they take.
_ONE_PLAN = "plan_cache_mode = force_generic_plan"
# Parameters of a search say how selective it is: a plan made without them would be wrong for most.
_OWN_PLANS = "plan_cache_mode = force_custom_plan"


@asynccontextmanager
async def transaction(engine: AsyncEngine, *, own_plans: bool = False) -> AsyncIterator[Connection]:
    """Statements are planned once, or with `own_plans` each time for their parameters."""
    async with db.driver(engine) as connection:
        try:
            await _run(connection, f"BEGIN; SET LOCAL {_OWN_PLANS if own_plans else _ONE_PLAN}")
            yield connection
            await _run(connection, "COMMIT")
        except BaseException:
            try:
                await connection.execute("ROLLBACK")
            except BaseException:  # nobody may get this connection with a transaction left open
                connection.terminate()
            raise


def planning_once(engine: AsyncEngine) -> AsyncEngine:
    """An engine of its own for statements that are not in a transaction and have one good plan each."""

    @event.listens_for(engine.sync_engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        connection.run_async(lambda driver: driver.execute(f"SET {_ONE_PLAN}"))

    return engine


async def _run(connection: Connection, statement: str) -> None:
    try:
        await connection.execute(statement)
    except asyncpg.PostgresError as error:
        raise translated(error) from error


async def of(session: AsyncSession) -> Connection:
    """The connection of a session; its transaction begins with the session's first own statement."""
    connection = await session.connection()
    return (await connection.get_raw_connection()).driver_connection


async def fetch(connection: Connection, statement: str, *arguments: Any) -> Sequence[Any]:
    try:
        rows: Sequence[Any] = await connection.fetch(statement, *arguments)
    except asyncpg.PostgresError as error:
        raise translated(error) from error
    return rows


class Row(asyncpg.Record):  # type: ignore[misc]
    """Columns by name, as attributes too."""

    __getattr__ = asyncpg.Record.__getitem__


async def named(connection: Connection, statement: str, parameters: Mapping[str, Any]) -> Sequence[Any]:
    """`fetch` for a statement that names its parameters; it may leave some of them out. Rows have attributes."""
    text, names = _numbered(statement)
    try:
        rows: Sequence[Any] = await connection.fetch(
            text, *[parameters[name] for name in names], record_class=Row
        )
    except asyncpg.PostgresError as error:
        raise translated(error) from error
    return rows


@lru_cache(maxsize=2_000)
def _numbered(statement: str) -> tuple[str, tuple[str, ...]]:
    names = tuple(dict.fromkeys(_NAME.findall(statement)))
    return _NAME.sub(lambda found: f"${names.index(found[1]) + 1}", statement), names


def translated(error: asyncpg.PostgresError) -> DBAPIError:
    """As the engine would have raised it, so that the chassis knows a busy database from a defect."""
    return DBAPIError(None, None, error)
