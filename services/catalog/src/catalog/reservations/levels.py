"""Statements that take from stock levels and give back.

Lock order, everywhere in this service: holds first, by order id; then stock levels, by variant and warehouse.
Rows are locked by `SELECT ... ORDER BY ... FOR UPDATE`, which locks in that order; missing rows are made in a
transaction of their own before; so no cycle of waiting transactions can form.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.reservations import backorders
from catalog.reservations.domain import MAX_OWED, Reservation, Take

_LOCK_LEVELS = sql.statement("""
    SELECT 1 FROM stock_levels WHERE variant_id = ANY(CAST(:variants AS uuid[]))
    ORDER BY variant_id, warehouse_id FOR UPDATE
""")
# The condition is evaluated again on the newest row after a wait for its lock (READ COMMITTED).
_TAKE = sql.statement(f"""
    WITH wanted AS (
        SELECT * FROM unnest(CAST(:variants AS uuid[]), CAST(:warehouses AS uuid[]), CAST(:quantities AS integer[]),
            CAST(:backordered AS boolean[])) AS w(variant_id, warehouse_id, quantity, backordered)
    ), locked AS MATERIALIZED (
        SELECT s.variant_id, s.warehouse_id FROM stock_levels s JOIN wanted w USING (variant_id, warehouse_id)
        ORDER BY s.variant_id, s.warehouse_id FOR UPDATE OF s
    )
    UPDATE stock_levels s SET reserved = s.reserved + w.quantity,
        waiting = s.waiting + least(w.quantity, greatest(0, s.reserved + w.quantity - s.on_hand))
    FROM locked l JOIN wanted w USING (variant_id, warehouse_id)
    WHERE s.variant_id = l.variant_id AND s.warehouse_id = l.warehouse_id
        AND s.on_hand - s.reserved >= w.quantity - CASE WHEN w.backordered THEN {MAX_OWED} ELSE 0 END
    RETURNING s.variant_id, s.on_hand - s.reserved AS available
""")  # noqa: S608
_TAKE_ONE = sql.statement(f"""
    UPDATE stock_levels SET reserved = reserved + :quantity,
        waiting = waiting + least(:quantity, greatest(0, reserved + :quantity - on_hand))
    WHERE variant_id = :variant AND warehouse_id = :warehouse
        AND on_hand - reserved >= :quantity - CASE WHEN :backordered THEN {MAX_OWED} ELSE 0 END
    RETURNING variant_id, on_hand - reserved AS available
""")  # noqa: S608
_GIVE_BACK = sql.statement("""
    WITH ended AS (
        DELETE FROM stock_backorders WHERE order_id = ANY(CAST(:orders AS uuid[]))
        RETURNING variant_id, warehouse_id, missing
    ), missed AS (
        SELECT variant_id, warehouse_id, sum(missing) AS missing FROM ended GROUP BY variant_id, warehouse_id
    )
    UPDATE stock_levels s SET reserved = s.reserved - g.quantity, waiting = s.waiting - coalesce(m.missing, 0)
    FROM unnest(CAST(:variants AS uuid[]), CAST(:warehouses AS uuid[]), CAST(:quantities AS integer[]))
        AS g(variant_id, warehouse_id, quantity) LEFT JOIN missed m USING (variant_id, warehouse_id)
    WHERE s.variant_id = g.variant_id AND s.warehouse_id = g.warehouse_id
    RETURNING s.variant_id, s.warehouse_id, s.on_hand - s.reserved AS available, s.waiting, g.quantity
""")
_STALE = sql.statement("INSERT INTO search_stale (variant_id) SELECT unnest(CAST(:variants AS uuid[]))")


async def lock_levels(session: AsyncSession, variant_ids: Iterable[UUID]) -> None:
    await sql.rows(session, _LOCK_LEVELS, {"variants": sorted(set(variant_ids))})


async def take(session: AsyncSession, takes: Sequence[Take]) -> bool:
    """All or nothing is the caller's affair: False means that not every row could give what was asked, and the
    transaction must be rolled back."""
    if not takes:
        return True
    if len(takes) == 1:
        (one,) = takes
        parameters: dict[str, Any] = {"variant": one.variant_id, "warehouse": one.warehouse_id}
        parameters |= {"quantity": one.quantity, "backordered": one.backordered}
        rows = await sql.rows(session, _TAKE_ONE, parameters)
    else:
        rows = await sql.rows(
            session, _TAKE, _columns(takes) | {"backordered": [t.backordered for t in takes]}
        )
    if len(rows) != len(takes):
        return False
    await mark_stale(session, [row.variant_id for row in rows if row.available <= 0])
    return True


async def give_back(
    session: AsyncSession, order_ids: Sequence[UUID], reservations: Iterable[Reservation]
) -> None:
    """Everything these orders have, or wait for; who waits gets what they had. The rows must be locked already, in
    order."""
    total: dict[tuple[UUID, UUID], int] = {}
    for line in reservations:
        for warehouse_id, quantity in line.takes:
            key = (line.variant_id, warehouse_id)
            total[key] = total.get(key, 0) + quantity
    if total:
        takes = [
            Take(variant_id, warehouse_id, quantity) for (variant_id, warehouse_id), quantity in total.items()
        ]
        rows = await sql.rows(session, _GIVE_BACK, _columns(takes) | {"orders": list(order_ids)})
        await mark_stale(session, [row.variant_id for row in rows if row.available - row.quantity <= 0])
        await backorders.fill(
            session, [(row.variant_id, row.warehouse_id) for row in rows if 0 < row.waiting > -row.available]
        )


def _columns(takes: Sequence[Take]) -> dict[str, Any]:
    return {
        "variants": [take.variant_id for take in takes],
        "warehouses": [take.warehouse_id for take in takes],
        "quantities": [take.quantity for take in takes],
    }


async def mark_stale(session: AsyncSession, variant_ids: Sequence[UUID]) -> None:
    """Availability in the search index is refreshed after the commit; it need not wait for anybody here."""
    if variant_ids:
        await sql.run(session, _STALE, {"variants": list(variant_ids)})
