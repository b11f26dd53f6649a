"""Hot statements straight over the driver (asyncpg), on connections of the pool.

SQLAlchemy's handling of a statement and of an 80-column row costs several times what the query itself does. A
statement that runs outside of a transaction commits by itself and needs no BEGIN and COMMIT around it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chassis import db
from chassis.errors import DatabaseUnavailable

_NAME = re.compile(r"(?<![:\w]):([a-z_]+)")
Row = Any  # an asyncpg.Record; what columns it has, only its statement knows
# Connection loss, resources, shutdown, lock timeout, deadlock, serialization, statement timeout.
_AWAY = ("08", "53", "57", "55P03", "40")
_LOST = ("08", "57P")


class Unanswered(ConnectionError):
    """The connection was lost, or no answer came in time: the statement may have taken effect."""


@dataclass(frozen=True, slots=True)
class Statement:
    """`names[i]` is the parameter $i+1 of `text`."""

    text: str
    names: tuple[str, ...]


def statement(sql: str) -> Statement:
    """From SQL with :names."""
    names: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        return f"${names.setdefault(match[1], len(names) + 1)}"

    return Statement(_NAME.sub(number, sql), tuple(names))


async def first(connection: AsyncConnection, wanted: Statement, given: Mapping[str, Any]) -> Row | None:
    """The first row. Raises DatabaseUnavailable when the database is away or busy."""
    return await _run(connection, "fetchrow", wanted, given)


async def rows(connection: AsyncConnection, wanted: Statement, given: Mapping[str, Any]) -> list[Row]:
    """All rows. Raises as `first`."""
    found: list[Row] = await _run(connection, "fetch", wanted, given)
    return found


async def _run(connection: AsyncConnection, fetch: str, wanted: Statement, given: Mapping[str, Any]) -> Any:
    driver = await _driver(connection)
    try:
        return await getattr(driver, fetch)(wanted.text, *[given[name] for name in wanted.names])
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        if driver.is_closed():
            await connection.invalidate(error)
            raise DatabaseUnavailable("connection lost") from error
        if isinstance(error, OSError) or str(getattr(error, "sqlstate", "") or "").startswith(_AWAY):
            raise DatabaseUnavailable(type(error).__name__) from error
        raise


async def alone(engine: AsyncEngine, wanted: Statement, given: Mapping[str, Any]) -> Row | None:
    """The first row of a statement that is a transaction of its own.

    Raises DatabaseUnavailable when it certainly did not take effect, Unanswered when nobody knows.
    """
    return await _alone(engine, "fetchrow", wanted, given)


async def rows_alone(engine: AsyncEngine, wanted: Statement, given: Mapping[str, Any]) -> list[Row]:
    """All rows of such a statement. Raises as `alone`."""
    found: list[Row] = await _alone(engine, "fetch", wanted, given)
    return found


async def _alone(engine: AsyncEngine, fetch: str, wanted: Statement, given: Mapping[str, Any]) -> Any:
    async with db.driver(engine) as driver:
        try:
            return await getattr(driver, fetch)(wanted.text, *[given[name] for name in wanted.names])
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            state = str(getattr(error, "sqlstate", None) or "")
            if driver.is_closed() or isinstance(error, OSError) or state.startswith(_LOST):
                raise Unanswered(type(error).__name__) from error
            if state.startswith(_AWAY):
                raise DatabaseUnavailable(type(error).__name__) from error
            raise


async def begin_with(connection: AsyncConnection, wanted: Statement, given: Mapping[str, Any]) -> Row | None:
    """The first row of the first statement of a transaction: SQLAlchemy has to see it to begin one."""
    found = await connection.exec_driver_sql(wanted.text, tuple([given[name] for name in wanted.names]))
    return found.first() if found.returns_rows else None


async def _driver(connection: AsyncConnection) -> Any:
    """Of the pooled connection; a fresh one when the server hung up while it lay in the pool."""
    sync = connection.sync_connection
    assert sync is not None
    if not sync.invalidated:
        driver = sync.connection.driver_connection
        if driver is not None and not driver.is_closed():
            return driver
        await connection.invalidate()
    raw = await connection.get_raw_connection()
    return raw.driver_connection
