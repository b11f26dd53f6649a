"""Goods received, corrected, transferred and counted."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.pricing.prices import VariantNotFound
from catalog.stock import booking
from catalog.stock.domain import (
    Change,
    CountStock,
    Level,
    Movement,
    MoveStock,
    Named,
    TransferStock,
    Warehouse,
    WarehouseCodeTaken,
    WarehouseNotFound,
)
from chassis.errors import FieldViolation, Violations
from chassis.ids import new_id

_NEW_WAREHOUSE = sql.statement("""
    INSERT INTO warehouses (id, code, display_name, region_code) VALUES (:id, :code, :display_name, :region_code)
    ON CONFLICT (code) DO NOTHING RETURNING id
""")
_WAREHOUSES = sql.statement("SELECT id FROM warehouses WHERE id = ANY(CAST(:ids AS uuid[]))")
_VARIANTS = sql.statement("""
    SELECT id, sku FROM variants WHERE id = ANY(CAST(:ids AS uuid[])) OR sku = ANY(CAST(:skus AS text[]))
""")


class VariantsNotFound(VariantNotFound):
    def __init__(self, unknown: Sequence[Named]) -> None:
        """Says the first in words, and every one of them as a violation."""
        super().__init__(unknown[0].key)
        self.violations = tuple(
            FieldViolation(name.field, f"There is no variant {name.key}.", self.reason) for name in unknown
        )


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
    """Raises VariantsNotFound, WarehouseNotFound, StockWouldBeNegative, StockTooLarge."""
    (variant_id,) = await _variants(session, [command.variant])
    await _check_warehouses(session, command.warehouse_id)
    change = Change(
        variant_id,
        command.warehouse_id,
        command.kind,
        command.quantity,
        command.reason,
        expected_date=command.expected_date,
    )
    locked = await booking.lock(session, [change.place])
    (booked,) = await booking.book(session, locked, [change], command.actor_id)
    return booked


async def transfer_stock(session: AsyncSession, command: TransferStock) -> list[tuple[Movement, Level]]:
    """What goes out and what comes in. Raises VariantsNotFound, WarehouseNotFound, StockWouldBeNegative when it is
    not there or reserved, StockTooLarge."""
    (variant_id,) = await _variants(session, [command.variant])
    await _check_warehouses(session, command.from_warehouse_id, command.to_warehouse_id)
    transfer_id = new_id()
    changes = [
        Change(variant_id, warehouse_id, "TRANSFER", quantity, command.reason, transfer_id=transfer_id)
        for warehouse_id, quantity in (
            (command.from_warehouse_id, -command.quantity),
            (command.to_warehouse_id, command.quantity),
        )
    ]
    locked = await booking.lock(session, [change.place for change in changes])
    return await booking.book(session, locked, changes, command.actor_id)


async def count_stock(session: AsyncSession, command: CountStock) -> list[tuple[Level, int]]:
    """Per count the level it leads to, and the difference that was booked (0: none).

    Raises VariantsNotFound with every unknown one, WarehouseNotFound, InvalidFields for a variant counted twice,
    StockWouldBeNegative with every count below what is reserved.
    """
    variants = await _variants(session, [count.variant for count in command.counts])
    await _check_warehouses(session, command.warehouse_id)
    _check_repeats(variants)
    locked = await booking.lock(session, [(variant_id, command.warehouse_id) for variant_id in variants])
    changes = [
        Change(
            variant_id,
            command.warehouse_id,
            "COUNT",
            count.quantity - locked[variant_id, command.warehouse_id].level.on_hand,
            command.reason,
            field=f"counts[{number}].counted_quantity",
        )
        for number, (variant_id, count) in enumerate(zip(variants, command.counts, strict=True))
    ]
    different = [change for change in changes if change.quantity]
    booked = await booking.book(session, locked, different, command.actor_id)
    after = {level.variant_id: level for _, level in booked}
    return [
        (after.get(change.variant_id) or locked[change.place].level, change.quantity) for change in changes
    ]


def _check_repeats(variants: Sequence[UUID]) -> None:
    v = Violations()
    first: dict[UUID, int] = {}
    for number, variant_id in enumerate(variants):
        if first.setdefault(variant_id, number) != number:
            v.add(f"counts[{number}]", f"is the variant of counts[{first[variant_id]}]", "DUPLICATE")
    v.raise_if_any()


async def _variants(session: AsyncSession, named: Sequence[Named]) -> list[UUID]:
    """Their ids, in this order. Raises VariantsNotFound."""
    ids = [name.variant_id for name in named if name.variant_id is not None]
    skus = [name.sku for name in named if name.variant_id is None]
    rows = await sql.rows(session, _VARIANTS, {"ids": ids, "skus": skus})
    known: dict[UUID | str, UUID] = {row.sku: row.id for row in rows} | {row.id: row.id for row in rows}
    unknown = [name for name in named if name.key not in known]
    if unknown:
        raise VariantsNotFound(unknown)
    return [known[name.key] for name in named]


async def _check_warehouses(session: AsyncSession, *warehouse_ids: UUID) -> None:
    found = {row.id for row in await sql.rows(session, _WAREHOUSES, {"ids": list(warehouse_ids)})}
    for warehouse_id in warehouse_ids:
        if warehouse_id not in found:
            raise WarehouseNotFound(warehouse_id)
