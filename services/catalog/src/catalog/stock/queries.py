"""Warehouses, levels and the ledger as they are read."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.stock.domain import Backorder, Level, Movement, Warehouse

_WAREHOUSES = sql.statement("""
    SELECT id, code, display_name, region_code FROM warehouses
    WHERE (CAST(:after AS text) IS NULL OR code > :after) ORDER BY code LIMIT :size
""")


async def list_warehouses(session: AsyncSession, after: str | None, size: int) -> list[Warehouse]:
    return [Warehouse(*row) for row in await sql.rows(session, _WAREHOUSES, {"after": after, "size": size})]


async def list_levels(
    session: AsyncSession,
    variant_id: UUID | None,
    sku: str,
    warehouse_id: UUID | None,
    after: tuple[UUID, UUID] | None,
    size: int,
) -> list[Level]:
    """By variant and warehouse."""
    filters = " AND v.id = :variant_id" if variant_id else ""
    filters += " AND v.sku = :sku" if sku else ""
    filters += " AND s.warehouse_id = :warehouse_id" if warehouse_id else ""
    filters += (
        " AND (s.variant_id, s.warehouse_id) > (CAST(:variant AS uuid), CAST(:warehouse AS uuid))"
        if after
        else ""
    )
    text = (
        "SELECT s.variant_id, v.sku, s.warehouse_id, s.on_hand, s.reserved, s.expected_date"  # noqa: S608
        f" FROM stock_levels s JOIN variants v ON v.id = s.variant_id WHERE true{filters}"
        " ORDER BY s.variant_id, s.warehouse_id LIMIT :size"
    )
    parameters = {"variant_id": variant_id, "sku": sku, "warehouse_id": warehouse_id, "size": size}
    if after:
        parameters |= {"variant": after[0], "warehouse": after[1]}
    used = {key: value for key, value in parameters.items() if value}
    return [Level(*row) for row in await sql.rows(session, sql.statement(text), used)]


async def list_movements(
    session: AsyncSession, variant_id: UUID | None, warehouse_id: UUID | None, after: UUID | None, size: int
) -> list[Movement]:
    """Newest first."""
    filters = " AND variant_id = :variant_id" if variant_id else ""
    filters += " AND warehouse_id = :warehouse_id" if warehouse_id else ""
    filters += " AND id < :after" if after else ""
    text = (
        "SELECT id, variant_id, warehouse_id, kind, quantity, reason, order_id, actor_id, transfer_id, create_time"  # noqa: S608
        f" FROM stock_movements WHERE true{filters} ORDER BY id DESC LIMIT :size"
    )
    parameters = {"variant_id": variant_id, "warehouse_id": warehouse_id, "after": after, "size": size}
    used = {key: value for key, value in parameters.items() if value}
    return [Movement(*row) for row in await sql.rows(session, sql.statement(text), used)]


async def list_backorders(
    session: AsyncSession, variant_id: UUID | None, after: tuple[Any, ...] | None, size: int
) -> list[Backorder]:
    """In the order of filling. `after`: time of placing, order, line and warehouse."""
    filters = " AND b.variant_id = :variant_id" if variant_id else ""
    filters += (
        " AND (b.place_time, b.order_id, b.line_id, b.warehouse_id)"
        " > (CAST(:time AS timestamptz), CAST(:order AS uuid), :line, CAST(:warehouse AS uuid))"
        if after
        else ""
    )
    text = (
        "SELECT b.order_id, b.line_id, b.variant_id, v.sku, b.warehouse_id, b.missing, s.expected_date, b.place_time"  # noqa: S608
        " FROM stock_backorders b JOIN variants v ON v.id = b.variant_id"
        " JOIN stock_levels s ON s.variant_id = b.variant_id AND s.warehouse_id = b.warehouse_id"
        f" WHERE b.missing > 0 AND b.place_time IS NOT NULL{filters}"
        " ORDER BY b.place_time, b.order_id, b.line_id, b.warehouse_id LIMIT :size"
    )
    parameters: dict[str, Any] = {"size": size}
    if variant_id:
        parameters["variant_id"] = variant_id
    if after:
        parameters |= dict(zip(("time", "order", "line", "warehouse"), after, strict=True))
    return [Backorder(*row) for row in await sql.rows(session, sql.statement(text), parameters)]
