"""Changes what is on hand: the level and its ledger together, whoever waits is filled, and the fact is published.

Every command goes through here: missing levels are made first, all in order; then all are locked in order (variant,
warehouse); so no cycle of waiting transactions can form.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from commis.catalog.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.attribution import attribution
from catalog.reservations import backorders
from catalog.reservations.levels import mark_stale
from catalog.stock import warehouses
from catalog.stock.domain import (
    MAX_QUANTITY,
    Change,
    Level,
    Movement,
    Short,
    StockTooLarge,
    StockWouldBeNegative,
)
from chassis import outbox
from chassis.ids import new_id

Place = tuple[UUID, UUID]  # variant and warehouse

_LOCK = sql.statement("""
    SELECT s.variant_id, v.sku, s.warehouse_id, s.on_hand, s.reserved, s.expected_date, s.waiting
    FROM stock_levels s
    JOIN unnest(CAST(:variants AS uuid[]), CAST(:warehouses AS uuid[])) AS w(variant_id, warehouse_id)
        USING (variant_id, warehouse_id)
    JOIN variants v ON v.id = s.variant_id
    ORDER BY s.variant_id, s.warehouse_id FOR UPDATE OF s
""")
_CHANGE = sql.statement("""
    UPDATE stock_levels s SET on_hand = s.on_hand + c.quantity,
        expected_date = coalesce(c.expected_date, s.expected_date)
    FROM unnest(CAST(:variants AS uuid[]), CAST(:warehouses AS uuid[]), CAST(:quantities AS integer[]),
        CAST(:dates AS date[])) AS c(variant_id, warehouse_id, quantity, expected_date)
    WHERE s.variant_id = c.variant_id AND s.warehouse_id = c.warehouse_id
    RETURNING s.variant_id, s.warehouse_id, s.on_hand, s.reserved, s.expected_date
""")
_MOVE = sql.statement("""
    INSERT INTO stock_movements (id, variant_id, warehouse_id, kind, quantity, reason, transfer_id, actor_id)
    SELECT n.id, n.variant_id, n.warehouse_id, n.kind, n.quantity, n.reason, n.transfer_id, :actor_id
    FROM unnest(CAST(:ids AS uuid[]), CAST(:variants AS uuid[]), CAST(:warehouses AS uuid[]), CAST(:kinds AS text[]),
        CAST(:quantities AS integer[]), CAST(:reasons AS text[]), CAST(:transfers AS uuid[]))
        AS n(id, variant_id, warehouse_id, kind, quantity, reason, transfer_id)
    RETURNING id, create_time
""")


@dataclass(frozen=True, slots=True)
class Locked:
    """A level whose row is locked until the end of the transaction."""

    level: Level
    waiting: int


async def lock(session: AsyncSession, places: Iterable[Place]) -> dict[Place, Locked]:
    """Levels of variants and warehouses that exist; missing rows are made. Nothing may be locked before."""
    wanted = sorted(set(places))
    await warehouses.make_levels(session, wanted)
    columns = {"variants": [variant for variant, _ in wanted], "warehouses": [place for _, place in wanted]}
    rows = await sql.rows(session, _LOCK, columns)
    return {(row.variant_id, row.warehouse_id): Locked(Level(*row[:6]), row.waiting) for row in rows}


async def book(
    session: AsyncSession, locked: dict[Place, Locked], changes: Sequence[Change], actor_id: str
) -> list[tuple[Movement, Level]]:
    """One change at most per level, none of them 0; in the order of the changes.

    What leaves may not be reserved: raises StockWouldBeNegative with all that would; StockTooLarge.
    """
    if not changes:
        return []
    _check(locked, changes)
    after = await _write_levels(session, locked, changes)
    movements = await _write_movements(session, changes, actor_id)
    await mark_stale(
        session,
        sorted(
            {
                change.variant_id
                for change in changes
                if (locked[change.place].level.available > 0) != (after[change.place].available > 0)
            }
        ),
    )
    for movement, level in zip(movements, (after[change.place] for change in changes), strict=True):
        _publish(session, movement, level)
    filled = [change.place for change in changes if change.quantity > 0 and locked[change.place].waiting]
    await backorders.fill(session, filled)
    return [(movement, after[change.place]) for movement, change in zip(movements, changes, strict=True)]


def _check(locked: dict[Place, Locked], changes: Sequence[Change]) -> None:
    short: list[Short] = []
    for change in changes:
        level = locked[change.place].level
        if level.on_hand + change.quantity > MAX_QUANTITY:
            raise StockTooLarge(level.sku)
        if change.quantity < 0 and level.on_hand + change.quantity < level.reserved:
            short.append(Short(change.field, level.sku, level.on_hand, level.reserved, change.quantity))
    if short:
        raise StockWouldBeNegative(short)


async def _write_levels(
    session: AsyncSession, locked: dict[Place, Locked], changes: Sequence[Change]
) -> dict[Place, Level]:
    columns = {
        "variants": [change.variant_id for change in changes],
        "warehouses": [change.warehouse_id for change in changes],
        "quantities": [change.quantity for change in changes],
        "dates": [change.expected_date for change in changes],
    }
    rows = await sql.rows(session, _CHANGE, columns)
    return {
        (row.variant_id, row.warehouse_id): Level(
            row.variant_id,
            locked[row.variant_id, row.warehouse_id].level.sku,
            row.warehouse_id,
            row.on_hand,
            row.reserved,
            row.expected_date,
        )
        for row in rows
    }


async def _write_movements(session: AsyncSession, changes: Sequence[Change], actor_id: str) -> list[Movement]:
    ids = [new_id() for _ in changes]
    columns = {
        "ids": ids,
        "variants": [change.variant_id for change in changes],
        "warehouses": [change.warehouse_id for change in changes],
        "kinds": [change.kind for change in changes],
        "quantities": [change.quantity for change in changes],
        "reasons": [change.reason for change in changes],
        "transfers": [change.transfer_id for change in changes],
        "actor_id": actor_id,
    }
    times: dict[UUID, datetime.datetime] = {
        row.id: row.create_time for row in await sql.rows(session, _MOVE, columns)
    }
    return [
        Movement(
            movement_id, change.variant_id, change.warehouse_id, change.kind, change.quantity, change.reason, None,
            actor_id, change.transfer_id, times[movement_id],
        )
        for movement_id, change in zip(ids, changes, strict=True)
    ]  # fmt: skip


def _publish(session: AsyncSession, movement: Movement, level: Level) -> None:
    event = events_pb2.StockMoved(
        attribution=attribution(),
        variant_id=str(movement.variant_id),
        warehouse_id=str(movement.warehouse_id),
        quantity=movement.quantity,
        available_quantity=level.available,
    )
    outbox.add(session, event, subject="commis.catalog.v1.stock_moved", aggregate_id=str(movement.variant_id))
