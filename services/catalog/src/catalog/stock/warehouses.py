"""Warehouses, and the rows that must exist before stock can be locked or taken."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from chassis.db import Sessions
from chassis.ids import new_id

DEFAULT_CODE = "MAIN"

_FIRST = sql.statement("SELECT id FROM warehouses ORDER BY rank LIMIT 1")
_BY_CODE = sql.statement("SELECT id, code FROM warehouses WHERE code = ANY(CAST(:codes AS text[]))")
_NEW = sql.statement("INSERT INTO warehouses (id, code) VALUES (:id, :code) ON CONFLICT (code) DO NOTHING")
_NEW_LEVELS = sql.statement("""
    INSERT INTO stock_levels (variant_id, warehouse_id)
    SELECT variant_id, warehouse_id FROM unnest(CAST(:variants AS uuid[]), CAST(:warehouses AS uuid[]))
        AS n(variant_id, warehouse_id)
    ORDER BY 1, 2 ON CONFLICT DO NOTHING
""")


async def by_code(session: AsyncSession, codes: Sequence[str]) -> dict[str, UUID]:
    """The warehouses of these codes; unknown ones are made."""
    if not codes:
        return {}
    wanted = sorted(set(codes))
    found = {row.code: row.id for row in await sql.rows(session, _BY_CODE, {"codes": wanted})}
    missing = [code for code in wanted if code not in found]
    if missing:
        await sql.run(session, _NEW, [{"id": new_id(), "code": code} for code in missing])
        found = {row.code: row.id for row in await sql.rows(session, _BY_CODE, {"codes": wanted})}
    return found


async def ensure_levels(sessions: Sessions, pairs: Sequence[tuple[UUID, UUID]]) -> None:
    """Makes the missing (variant, warehouse) rows, in a transaction of their own."""
    if pairs:
        async with sessions.begin() as session:
            await make_levels(session, pairs)


async def make_levels(session: AsyncSession, pairs: Sequence[tuple[UUID, UUID]]) -> None:
    """The same in a transaction that has no level locked yet."""
    columns = {"variants": [variant for variant, _ in pairs], "warehouses": [place for _, place in pairs]}
    await sql.run(session, _NEW_LEVELS, columns)


async def first(sessions: Sessions) -> UUID:
    """The warehouse of the highest rank; a default one is made when there is none."""
    async with sessions.begin() as session:
        found = await sql.first(session, _FIRST)
        if found is None:
            return (await by_code(session, [DEFAULT_CODE]))[DEFAULT_CODE]
        return UUID(str(found.id))
