"""Shipped orders: what they had leaves the stock and the ledger says so.

What a line still waited for leaves as well: from what is free, and where that is not enough more was there than was
counted; a correction before the shipment says so. Pieces of other orders stay theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.reservations import backorders
from catalog.reservations.backorders import Part
from catalog.reservations.domain import Reservation
from chassis.ids import new_id

_FREE = sql.statement("""
    SELECT variant_id, warehouse_id, on_hand - reserved + waiting AS free FROM stock_levels
    WHERE variant_id = ANY(CAST(:variants AS uuid[])) ORDER BY variant_id, warehouse_id FOR UPDATE
""")
_LEAVE = sql.statement("""
    UPDATE stock_levels s SET reserved = s.reserved - g.quantity, waiting = s.waiting - g.missing,
        on_hand = s.on_hand - g.quantity + g.found
    FROM unnest(CAST(:variants AS uuid[]), CAST(:warehouses AS uuid[]), CAST(:quantities AS integer[]),
        CAST(:missing AS integer[]), CAST(:found AS integer[]))
        AS g(variant_id, warehouse_id, quantity, missing, found)
    WHERE s.variant_id = g.variant_id AND s.warehouse_id = g.warehouse_id
""")
_MOVE = sql.statement("""
    INSERT INTO stock_movements (id, variant_id, warehouse_id, kind, quantity, reason, order_id)
    VALUES (:id, :variant_id, :warehouse_id, :kind, :quantity, :reason, :order_id)
""")


@dataclass(slots=True)
class _Leaving:
    """From one level; `found` is what was not counted before."""

    quantity: int = 0
    missing: int = 0
    found: int = 0


async def ship(session: AsyncSession, orders: Mapping[UUID, Sequence[Reservation]], waits: bool) -> None:
    """`orders` with their lines, whose levels must be locked; `waits`: some of them may have waited."""
    taken = [
        (line.variant_id, Part(order_id, line.line_id, warehouse_id), quantity)
        for order_id, lines in orders.items()
        for line in lines
        for warehouse_id, quantity in line.takes
    ]
    if not taken:
        return
    missing = await backorders.end(session, list(orders)) if waits else {}
    rows = await sql.rows(session, _FREE, {"variants": sorted({variant_id for variant_id, *_ in taken})})
    free = {(row.variant_id, row.warehouse_id): row.free for row in rows}
    leaving: dict[tuple[UUID, UUID], _Leaving] = {}
    movements: list[dict[str, object]] = []
    for variant_id, part, quantity in taken:
        place = (variant_id, part.warehouse_id)
        missed = missing.get(part, 0)
        found = max(0, missed - free[place])
        free[place] -= missed - found
        sums = leaving.setdefault(place, _Leaving())
        sums.quantity += quantity
        sums.missing += missed
        sums.found += found
        if found:
            movements.append(
                _movement(place, "CORRECTION", found, part.order_id, "Shipped more than was counted")
            )
        movements.append(_movement(place, "SHIPMENT", -quantity, part.order_id, ""))
    columns = {
        "variants": [variant_id for variant_id, _ in leaving],
        "warehouses": [warehouse_id for _, warehouse_id in leaving],
        "quantities": [sums.quantity for sums in leaving.values()],
        "missing": [sums.missing for sums in leaving.values()],
        "found": [sums.found for sums in leaving.values()],
    }
    await sql.run(session, _LEAVE, columns)
    await sql.run(session, _MOVE, movements)


def _movement(
    place: tuple[UUID, UUID], kind: str, quantity: int, order_id: UUID, reason: str
) -> dict[str, object]:
    return {
        "id": new_id(),
        "variant_id": place[0],
        "warehouse_id": place[1],
        "kind": kind,
        "quantity": quantity,
        "reason": reason,
        "order_id": order_id,
    }
