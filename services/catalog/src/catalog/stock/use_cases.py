"""Moves stock: the level and its ledger change together."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.pricing.prices import VariantNotFound
from catalog.reservations.levels import mark_stale
from catalog.stock.domain import (
    MAX_QUANTITY,
    Level,
    Movement,
    MoveStock,
    StockTooLarge,
    StockWouldBeNegative,
    Warehouse,
    WarehouseCodeTaken,
    WarehouseNotFound,
)
from chassis import db
from chassis.ids import new_id

_NEW_WAREHOUSE = sql.statement("""
    INSERT INTO warehouses (id, code, display_name, region_code) VALUES (:id, :code, :display_name, :region_code)
    ON CONFLICT (code) DO NOTHING RETURNING id
""")
_FIND = sql.statement("""
    SELECT (SELECT id FROM variants WHERE id = :variant_id OR sku = :sku) AS variant_id,
        (SELECT sku FROM variants WHERE id = :variant_id OR sku = :sku) AS sku,
        (SELECT count(*) FROM warehouses WHERE id = :warehouse_id) AS warehouses
""")
_ENSURE = sql.statement("""
    INSERT INTO stock_levels (variant_id, warehouse_id) VALUES (:variant_id, :warehouse_id) ON CONFLICT DO NOTHING
""")
_LOCK = sql.statement("""
    SELECT on_hand, reserved FROM stock_levels WHERE variant_id = :variant_id AND warehouse_id = :warehouse_id
    FOR UPDATE
""")
_CHANGE = sql.statement("""
    UPDATE stock_levels SET on_hand = on_hand + :quantity,
        expected_date = coalesce(CAST(:expected_date AS date), expected_date)
    WHERE variant_id = :variant_id AND warehouse_id = :warehouse_id
    RETURNING on_hand, reserved, expected_date
""")
_MOVE = sql.statement("""
    INSERT INTO stock_movements (id, variant_id, warehouse_id, kind, quantity, reason, actor_id)
    VALUES (:id, :variant_id, :warehouse_id, :kind, :quantity, :reason, :actor_id) RETURNING create_time
""")


async def create_warehouse(
    session: AsyncSession, code: str, display_name: str, region_code: str
) -> Warehouse:
    """The newest warehouse has the lowest rank. Raises WarehouseCodeTaken."""
    made = Warehouse(new_id(), code, display_name, region_code)
    parameters = {"id": made.id, "code": code, "display_name": display_name, "region_code": region_code}
    if await sql.first(session, _NEW_WAREHOUSE, parameters) is None:
        raise WarehouseCodeTaken(code)
    return made


async def move_stock(session: AsyncSession, command: MoveStock) -> tuple[Movement, Level]:
    """Raises VariantNotFound, WarehouseNotFound, StockWouldBeNegative, StockTooLarge."""
    parameters = {
        "variant_id": command.variant_id,
        "sku": command.sku or None,
        "warehouse_id": command.warehouse_id,
    }
    found = await sql.first(session, _FIND, parameters)
    if found is None or found.variant_id is None:
        raise VariantNotFound(command.variant_id or command.sku)
    if not found.warehouses:
        raise WarehouseNotFound(command.warehouse_id)
    place = {"variant_id": found.variant_id, "warehouse_id": command.warehouse_id}
    await sql.run(session, _ENSURE, place)
    return await _move(session, command, found.variant_id, found.sku, place)


async def _move(
    session: AsyncSession, command: MoveStock, variant_id: UUID, sku: str, place: dict[str, UUID]
) -> tuple[Movement, Level]:
    before = await sql.first(session, _LOCK, place)
    assert before is not None, "the row was just ensured"
    if before.on_hand + command.quantity > MAX_QUANTITY:
        raise StockTooLarge(sku)
    change = place | {"quantity": command.quantity, "expected_date": command.expected_date}
    try:
        after = await sql.first(session, _CHANGE, change)
    except IntegrityError as error:
        if db.constraint_name(error) in ("ck_stock_levels_on_hand", "ck_stock_levels_not_sold_twice"):
            raise StockWouldBeNegative(sku, before.on_hand, before.reserved, command.quantity) from error
        raise
    movement_id = new_id()
    row = await sql.first(
        session,
        _MOVE,
        place
        | {
            "id": movement_id,
            "kind": command.kind,
            "quantity": command.quantity,
            "reason": command.reason,
            "actor_id": command.actor_id,
        },
    )
    assert after is not None, "the row is locked"
    assert row is not None, "an insert returns its row"
    if (before.on_hand > before.reserved) != (after.on_hand > after.reserved):
        await mark_stale(session, [variant_id])
    movement = Movement(
        movement_id, variant_id, command.warehouse_id, command.kind, command.quantity, command.reason, None,
        command.actor_id, row.create_time,
    )  # fmt: skip
    level = Level(variant_id, sku, command.warehouse_id, after.on_hand, after.reserved, after.expected_date)
    return movement, level
