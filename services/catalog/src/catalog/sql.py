"""Statements are written as SQL, once per module, and run without the ORM; this is the little glue they need.

`rows` and `run` take the session of a use case, so that events of the outbox leave with the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

Row = Any  # what columns it has, only its statement knows


def statement(text: str) -> sa.TextClause:
    return sa.text(text)


async def rows(
    session: AsyncSession, statement: sa.Executable, parameters: Mapping[str, Any] | None = None
) -> Sequence[Row]:
    connection = await session.connection()
    return (await connection.execute(statement, parameters or {})).all()


async def first(
    session: AsyncSession, statement: sa.Executable, parameters: Mapping[str, Any] | None = None
) -> Row | None:
    connection = await session.connection()
    return (await connection.execute(statement, parameters or {})).first()


async def run(
    session: AsyncSession,
    statement: sa.Executable,
    parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
) -> int:
    """The number of rows touched; several parameter sets are sent as one batch."""
    connection = await session.connection()
    return int((await connection.execute(statement, parameters or {})).rowcount)
