"""Reads what pricing needs of all lines at once: two statements, whatever the number of lines."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from catalog import direct
from catalog.direct import Connection
from catalog.pricing.domain import Price, PriceList

# The uncorrelated subselects are evaluated once per statement, not per row.
_FACTS = """
    SELECT v.id, v.no, v.sku, v.product_id, v.options::text, v.weight_grams, v.stock_policy,
        v.discontinued OR p.discontinued AS discontinued, p.names::text, p.brand, p.category_ids, p.vat_class,
        v.isbn, p.product_form, p.publication_date, p.text_language_code, p.version,
        s.warehouses, s.available, s.expected_date,
        (SELECT version FROM reference_version) AS version,
        (SELECT list_ids FROM price_list_orders WHERE kind = 'ACCOUNT' AND subject = $1) AS account_lists
    FROM variants v JOIN products p ON p.id = v.product_id
    LEFT JOIN LATERAL (
        SELECT array_agg(l.warehouse_id ORDER BY w.rank) AS warehouses,
            array_agg(l.on_hand - l.reserved ORDER BY w.rank) AS available,
            min(l.expected_date) FILTER (WHERE l.expected_date >= $2) AS expected_date
        FROM stock_levels l JOIN warehouses w ON w.id = l.warehouse_id WHERE l.variant_id = v.id
    ) s ON true
"""
_VARIANTS = f"{_FACTS} WHERE v.id = ANY($3::uuid[]) OR v.sku = ANY($4::text[])"
_OF_PRODUCTS = f"{_FACTS} WHERE v.product_id = ANY($3::uuid[])"
_ORDER = """
    SELECT (SELECT version FROM reference_version) AS version,
        (SELECT list_ids FROM price_list_orders WHERE kind = 'ACCOUNT' AND subject = $1) AS account_lists
"""
_CURRENT = """
    SELECT id, list_no, variant_no, valid_from, valid_to, min_quantities, unit_prices FROM prices
    WHERE variant_no = ANY($1::bigint[]) AND list_no = ANY($2::integer[])
        AND supersede_time IS NULL AND valid_from <= $3 AND (valid_to IS NULL OR valid_to > $3)
"""
# For an instant that has passed: what was known then counts, else what was recorded for that day since.
_PAST = """
    SELECT DISTINCT ON (variant_no, list_no)
        id, list_no, variant_no, valid_from, valid_to, min_quantities, unit_prices FROM prices
    WHERE variant_no = ANY($1::bigint[]) AND list_no = ANY($2::integer[])
        AND valid_from <= $3 AND (valid_to IS NULL OR valid_to > $3)
        AND (supersede_time IS NULL OR (create_time <= $4 AND supersede_time > $4))
    ORDER BY variant_no, list_no, (create_time <= $4) DESC, (supersede_time IS NULL) DESC, create_time DESC
"""


class VariantFacts(NamedTuple):
    """A row of the statement above, in its order; names and options as their JSON text. `warehouses` and
    `available` run in parallel, in the order of rank; available may be negative (owed)."""

    id: UUID
    no: int
    sku: str
    product_id: UUID
    options: str
    weight_grams: int
    stock_policy: str
    discontinued: bool
    names: str
    brand: str
    category_ids: list[UUID]
    vat_class: str
    isbn: str | None
    product_form: str
    publication_date: str
    text_language_code: str
    product_version: int
    warehouses: list[UUID] | None
    available: list[int] | None
    expected_date: datetime.date | None
    version: UUID | None
    account_lists: list[UUID] | None

    @property
    def total_available(self) -> int:
        return sum(quantity for quantity in self.available if quantity > 0) if self.available else 0


async def read_variants(
    connection: Connection,
    ids: Sequence[UUID],
    skus: Sequence[str],
    account_id: UUID | None,
    today: datetime.date,
) -> list[VariantFacts]:
    """In no order; the last two columns are the same in every row."""
    rows = await direct.fetch(connection, _VARIANTS, str(account_id), today, ids, skus)
    return [VariantFacts(*row) for row in rows]


async def read_products(
    connection: Connection, product_ids: Sequence[UUID], account_id: UUID | None, today: datetime.date
) -> list[VariantFacts]:
    """All variants of these products, as `read_variants`."""
    rows = await direct.fetch(connection, _OF_PRODUCTS, str(account_id), today, product_ids)
    return [VariantFacts(*row) for row in rows]


async def read_order(connection: Connection, account_id: UUID | None) -> tuple[UUID | None, Sequence[UUID]]:
    """The version of the reference data, and the account's own set of price lists."""
    ((version, own),) = await direct.fetch(connection, _ORDER, str(account_id))
    return version, own or ()


async def read_prices(
    connection: Connection,
    variant_numbers: Sequence[int],
    lists: Mapping[int, PriceList],
    day: datetime.date,
    past: datetime.datetime | None,
) -> dict[int, list[Price]]:
    """The prices valid on `day` of each variant number; `past` asks for what was known at that instant."""
    if not variant_numbers or not lists:
        return {}
    arguments = (
        (variant_numbers, list(lists), day) if past is None else (variant_numbers, list(lists), day, past)
    )
    found: dict[int, list[Price]] = {}
    for row in await direct.fetch(connection, _CURRENT if past is None else _PAST, *arguments):
        identity, list_no, variant_no, begin, end, quantities, amounts = row
        ladder = tuple(zip(quantities, amounts, strict=True))
        found.setdefault(variant_no, []).append(Price(identity, lists[list_no].id, begin, end, ladder))
    return found
