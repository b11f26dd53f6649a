"""Reads what pricing needs of all lines at once: two statements, whatever the number of lines."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.pricing.domain import Price, PriceList

# The uncorrelated subselects are evaluated once per statement, not per row.
_VARIANTS = sql.statement("""
    SELECT v.id, v.no, v.sku, v.product_id, v.options, v.weight_grams, v.stock_policy,
        v.discontinued OR p.discontinued AS discontinued, p.names, p.brand, p.category_ids, p.vat_class,
        s.warehouses, s.available, s.expected_date,
        (SELECT version FROM reference_version) AS version,
        (SELECT list_ids FROM price_list_orders WHERE kind = 'ACCOUNT' AND subject = :account) AS account_lists
    FROM variants v JOIN products p ON p.id = v.product_id
    LEFT JOIN LATERAL (
        SELECT array_agg(l.warehouse_id ORDER BY w.rank) AS warehouses,
            array_agg(l.on_hand - l.reserved ORDER BY w.rank) AS available,
            min(l.expected_date) FILTER (WHERE l.expected_date >= :today) AS expected_date
        FROM stock_levels l JOIN warehouses w ON w.id = l.warehouse_id WHERE l.variant_id = v.id
    ) s ON true
    WHERE v.id = ANY(CAST(:ids AS uuid[])) OR v.sku = ANY(CAST(:skus AS text[]))
""")
_ORDER = sql.statement("""
    SELECT (SELECT version FROM reference_version) AS version,
        (SELECT list_ids FROM price_list_orders WHERE kind = 'ACCOUNT' AND subject = :account) AS account_lists
""")
_CURRENT = sql.statement("""
    SELECT id, list_no, variant_no, valid_from, valid_to, min_quantities, unit_prices FROM prices
    WHERE variant_no = ANY(CAST(:variants AS bigint[])) AND list_no = ANY(CAST(:lists AS integer[]))
        AND supersede_time IS NULL AND valid_from <= :day AND (valid_to IS NULL OR valid_to > :day)
""")
# For an instant that has passed: what was known then counts, else what was recorded for that day since.
_PAST = sql.statement("""
    SELECT DISTINCT ON (variant_no, list_no)
        id, list_no, variant_no, valid_from, valid_to, min_quantities, unit_prices FROM prices
    WHERE variant_no = ANY(CAST(:variants AS bigint[])) AND list_no = ANY(CAST(:lists AS integer[]))
        AND valid_from <= :day AND (valid_to IS NULL OR valid_to > :day)
        AND (supersede_time IS NULL OR (create_time <= :instant AND supersede_time > :instant))
    ORDER BY variant_no, list_no, (create_time <= :instant) DESC, (supersede_time IS NULL) DESC, create_time DESC
""")


@dataclass(frozen=True, slots=True)
class VariantFacts:
    """`warehouses` and `available` run in parallel, in the order of rank; available may be negative (owed)."""

    id: UUID
    no: int
    sku: str
    product_id: UUID
    options: list[list[str]]
    weight_grams: int
    stock_policy: str
    discontinued: bool
    names: dict[str, str]
    brand: str
    category_ids: tuple[UUID, ...]
    vat_class: str
    warehouses: tuple[UUID, ...]
    available: tuple[int, ...]
    expected_date: datetime.date | None

    @property
    def total_available(self) -> int:
        return sum(quantity for quantity in self.available if quantity > 0)


@dataclass(frozen=True, slots=True)
class Found:
    """`version` and `account_lists` are absent when no variant was found: then nothing is priced either."""

    variants: Sequence[VariantFacts]
    version: UUID | None
    account_lists: tuple[UUID, ...]


async def read_variants(
    session: AsyncSession,
    ids: Sequence[UUID],
    skus: Sequence[str],
    account_id: UUID | None,
    today: datetime.date,
) -> Found:
    parameters = {"ids": ids, "skus": skus, "account": str(account_id), "today": today}
    rows = await sql.rows(session, _VARIANTS, parameters)
    if not rows:
        return Found((), None, ())
    return Found([_variant(row) for row in rows], rows[0].version, tuple(rows[0].account_lists or ()))


async def read_order(session: AsyncSession, account_id: UUID | None) -> tuple[UUID | None, tuple[UUID, ...]]:
    """The version of the reference data, and the account's own set of price lists."""
    row = await sql.first(session, _ORDER, {"account": str(account_id)})
    return (row.version, tuple(row.account_lists or ())) if row is not None else (None, ())


def _variant(row: Any) -> VariantFacts:
    return VariantFacts(
        id=row.id,
        no=row.no,
        sku=row.sku,
        product_id=row.product_id,
        options=_parsed(row.options),
        weight_grams=row.weight_grams,
        stock_policy=row.stock_policy,
        discontinued=row.discontinued,
        names=_parsed(row.names),
        brand=row.brand,
        category_ids=tuple(row.category_ids),
        vat_class=row.vat_class,
        warehouses=tuple(row.warehouses or ()),
        available=tuple(row.available or ()),
        expected_date=row.expected_date,
    )


def _parsed(value: Any) -> Any:
    # Without a declared type the driver hands out jsonb as text.
    return json.loads(value) if isinstance(value, str) else value


async def read_prices(
    session: AsyncSession,
    variant_numbers: Sequence[int],
    lists: dict[int, PriceList],
    day: datetime.date,
    past: datetime.datetime | None,
) -> dict[int, list[Price]]:
    """The prices valid on `day` of each variant number; `past` asks for what was known at that instant."""
    if not variant_numbers or not lists:
        return {}
    parameters: dict[str, Any] = {"variants": variant_numbers, "lists": list(lists), "day": day}
    if past is not None:
        parameters["instant"] = past
    rows = await sql.rows(session, _CURRENT if past is None else _PAST, parameters)
    found: dict[int, list[Price]] = {}
    for row in rows:
        ladder = tuple(zip(row.min_quantities, row.unit_prices, strict=True))
        price = Price(row.id, lists[row.list_no].id, row.valid_from, row.valid_to, ladder)
        found.setdefault(row.variant_no, []).append(price)
    return found
