"""Statements on holds of amendments, and on what the amended order has.

Such a hold has a row of its own beside that of its order: its key is the attempt, `amends_order_id` names the order,
and its lines are what goes beyond. The row of the order is locked before it, always.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.reservations.pooling import Freed, Place, Waiting
from catalog.reservations.store import Hold

_CLAIM = sql.statement("""
    INSERT INTO stock_holds (order_id, attempt_id, amends_order_id, state, expire_time)
    VALUES (:attempt_id, :attempt_id, :order_id, 'REFUSED', now())
    ON CONFLICT (order_id) DO UPDATE SET update_time = now()
    RETURNING attempt_id, state, released_attempt_id, content_hash, answer, expire_time, (xmax = 0) AS fresh, waits
""")
_BURY = sql.statement("""
    INSERT INTO stock_holds (order_id, attempt_id, amends_order_id, state, released_attempt_id, expire_time)
    VALUES (:attempt_id, :attempt_id, :order_id, 'RELEASED', :attempt_id, now())
    ON CONFLICT (order_id) DO NOTHING RETURNING 1
""")
_OTHERS = sql.statement("""
    SELECT order_id, attempt_id, state, released_attempt_id, NULL::bytea, NULL::bytea, expire_time, false AS fresh,
        waits
    FROM stock_holds WHERE amends_order_id = :order_id AND state = 'HELD' AND order_id <> :attempt_id
    ORDER BY order_id FOR UPDATE
""")
_WAITING = sql.statement("""
    SELECT order_id, line_id, variant_id, warehouse_id, missing, place_time FROM stock_backorders
    WHERE order_id = ANY(CAST(:ids AS uuid[])) FOR UPDATE
""")
_DROP_WAITING = sql.statement("DELETE FROM stock_backorders WHERE order_id = ANY(CAST(:ids AS uuid[]))")
_WAIT = sql.statement("""
    INSERT INTO stock_backorders (order_id, line_id, variant_id, warehouse_id, missing, place_time)
    VALUES (:order_id, :line_id, :variant_id, :warehouse_id, :missing, :since)
""")
_FREE = sql.statement("""
    UPDATE stock_levels s SET reserved = s.reserved - g.quantity, waiting = s.waiting - g.missing
    FROM unnest(CAST(:variants AS uuid[]), CAST(:warehouses AS uuid[]), CAST(:quantities AS integer[]),
        CAST(:missing AS integer[])) AS g(variant_id, warehouse_id, quantity, missing)
    WHERE s.variant_id = g.variant_id AND s.warehouse_id = g.warehouse_id
    RETURNING s.variant_id, s.on_hand - s.reserved AS available, g.quantity
""")
_MERGE = sql.statement("""
    UPDATE stock_holds SET state = 'FIRM', update_time = now(),
        attempt_id = :attempt_id, waits = CASE WHEN order_id = :order_id THEN :waits ELSE false END
    WHERE order_id = :order_id OR (order_id = :attempt_id AND state = 'HELD')
""")


async def claim(session: AsyncSession, order_id: UUID, attempt_id: UUID) -> Hold:
    """The locked row of the attempt, made when it is new."""
    row = await sql.first(session, _CLAIM, {"order_id": order_id, "attempt_id": attempt_id})
    assert row is not None, "an upsert returns its row"
    return Hold(attempt_id, *row)


async def bury(session: AsyncSession, order_id: UUID, attempt_id: UUID) -> bool:
    """Remember a release that came before its hold. False when the attempt has a row."""
    row = await sql.first(session, _BURY, {"order_id": order_id, "attempt_id": attempt_id})
    return row is not None


async def others(session: AsyncSession, order_id: UUID, attempt_id: UUID) -> list[Hold]:
    """What other attempts to amend the order hold, locked."""
    rows = await sql.rows(session, _OTHERS, {"order_id": order_id, "attempt_id": attempt_id})
    return [Hold(*row) for row in rows]


async def waiting(
    session: AsyncSession, order_ids: Sequence[UUID], now: datetime.datetime
) -> dict[UUID, list[Waiting]]:
    """By hold; what does not queue yet queues from `now`."""
    found: dict[UUID, list[Waiting]] = {}
    for row in await sql.rows(session, _WAITING, {"ids": list(order_ids)}):
        since = row.place_time or now
        found.setdefault(row.order_id, []).append(
            Waiting(row.line_id, row.variant_id, row.warehouse_id, row.missing, since)
        )
    return found


async def set_waiting(
    session: AsyncSession, order_id: UUID, instead_of: Sequence[UUID], rows: Iterable[Waiting]
) -> None:
    await sql.run(session, _DROP_WAITING, {"ids": list(instead_of)})
    written = [row._asdict() | {"order_id": order_id} for row in rows]
    if written:
        await sql.run(session, _WAIT, written)


async def free(session: AsyncSession, freed: Mapping[Place, Freed]) -> list[UUID]:
    """Takes it off the levels, which must be locked; the variants that were sold out before."""
    if not freed:
        return []
    columns = {
        "variants": [variant_id for variant_id, _ in freed],
        "warehouses": [warehouse_id for _, warehouse_id in freed],
        "quantities": [each.quantity for each in freed.values()],
        "missing": [each.missing for each in freed.values()],
    }
    rows = await sql.rows(session, _FREE, columns)
    return [row.variant_id for row in rows if row.available - row.quantity <= 0]


async def merge(session: AsyncSession, order_id: UUID, attempt_id: UUID, *, waits: bool) -> None:
    """The order has it all from now on, by this attempt."""
    await sql.run(session, _MERGE, {"order_id": order_id, "attempt_id": attempt_id, "waits": waits})
