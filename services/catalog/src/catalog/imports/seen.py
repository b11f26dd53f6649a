"""What a job has met in its file so far; kept in the database, so that it survives with the checkpoint."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql

_FIND = sql.statement(
    "SELECT key FROM import_seen WHERE import_id = :id AND key = ANY(CAST(:keys AS text[]))"
)
_ADD = sql.statement(
    "INSERT INTO import_seen (import_id, key) SELECT :id, unnest(CAST(:keys AS text[])) ON CONFLICT DO NOTHING"
)


async def find(session: AsyncSession, import_id: UUID, keys: Iterable[str]) -> set[str]:
    rows = await sql.rows(session, _FIND, {"id": import_id, "keys": list(keys)})
    return {row.key for row in rows}


async def add(session: AsyncSession, import_id: UUID, keys: Iterable[str]) -> None:
    await sql.run(session, _ADD, {"id": import_id, "keys": list(dict.fromkeys(keys))})
