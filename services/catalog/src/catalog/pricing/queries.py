"""Prices as they are read by staff: all of them, also those that are history."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql

# Copies say what a shortened price said before; the price itself is listed.
_PRICES = """
    SELECT p.id, l.id AS list_id, l.currency_code, v.id AS variant_id, v.sku, p.valid_from, p.valid_to,
        p.min_quantities, p.unit_prices, p.create_time
    FROM prices p JOIN price_lists l ON l.no = p.list_no JOIN variants v ON v.no = p.variant_no
    WHERE p.copy_of IS NULL {filters} AND (CAST(:after AS uuid) IS NULL OR p.id < :after)
    ORDER BY p.id DESC LIMIT :size
"""
_LIST = " AND p.list_no = (SELECT no FROM price_lists WHERE id = :list_id)"
_VARIANT = " AND p.variant_no = (SELECT no FROM variants WHERE id = :variant_id)"
_BY_ID = sql.statement("""
    SELECT p.id, l.id AS list_id, l.currency_code, v.id AS variant_id, v.sku, p.valid_from, p.valid_to,
        p.min_quantities, p.unit_prices, p.create_time
    FROM prices p JOIN price_lists l ON l.no = p.list_no JOIN variants v ON v.no = p.variant_no
    WHERE p.id = ANY(CAST(:ids AS uuid[]))
""")


@dataclass(frozen=True, slots=True)
class PriceView:
    id: UUID
    list_id: UUID
    currency: str
    variant_id: UUID
    sku: str
    valid_from: datetime.date
    valid_to: datetime.date | None
    ladder: tuple[tuple[int, Decimal], ...]
    create_time: datetime.datetime


def _view(row: sql.Row) -> PriceView:
    return PriceView(
        id=row.id,
        list_id=row.list_id,
        currency=row.currency_code,
        variant_id=row.variant_id,
        sku=row.sku,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        ladder=tuple(zip(row.min_quantities, row.unit_prices, strict=True)),
        create_time=row.create_time,
    )


async def list_prices(
    session: AsyncSession, list_id: UUID | None, variant_id: UUID | None, after: UUID | None, size: int
) -> list[PriceView]:
    """Newest first."""
    filters = (_LIST if list_id else "") + (_VARIANT if variant_id else "")
    parameters = {"list_id": list_id, "variant_id": variant_id, "after": after, "size": size}
    used = {key: value for key, value in parameters.items() if key in ("after", "size") or value is not None}
    rows = await sql.rows(session, sql.statement(_PRICES.format(filters=filters)), used)
    return [_view(row) for row in rows]


async def prices_by_id(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, PriceView]:
    return {row.id: _view(row) for row in await sql.rows(session, _BY_ID, {"ids": list(ids)})}
