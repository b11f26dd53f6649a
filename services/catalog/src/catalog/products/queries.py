"""Products and variants as they are read."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import direct, sql
from catalog.direct import Connection
from catalog.products.domain import ProductData, ProductNotFound, VariantData

_PRODUCT = (
    "id, product_ref, names, descriptions, brand, authors, category_ids, characteristics, picture_urls,"
    " vat_class, publication_date, product_form, text_language_code, discontinued, version, create_time,"
    " update_time"
)
_BY_ID = f"SELECT {_PRODUCT} FROM products WHERE id = ANY(CAST(:ids AS uuid[]))"  # noqa: S608
_LOCKED = sql.statement(f"SELECT {_PRODUCT} FROM products WHERE id = :id FOR UPDATE")  # noqa: S608
_PAGE = sql.statement(
    f"SELECT {_PRODUCT} FROM products"  # noqa: S608
    " WHERE (CAST(:after AS uuid) IS NULL OR id < :after) ORDER BY id DESC LIMIT :size"
)
_VARIANTS = """
    SELECT id, no, product_id, position, sku, gtin, isbn, options, weight_grams, stock_policy, discontinued
    FROM variants WHERE product_id = ANY(CAST(:ids AS uuid[])) ORDER BY product_id, position, sku
"""
_LINES = sql.statement("""
    SELECT v.id, v.no, v.product_id, v.position, v.sku, v.gtin, v.isbn, v.options, v.weight_grams, v.stock_policy,
        v.discontinued OR p.discontinued AS discontinued, p.names, p.vat_class
    FROM variants v JOIN products p ON p.id = v.product_id
    WHERE v.id = ANY(CAST(:ids AS uuid[])) OR v.sku = ANY(CAST(:skus AS text[])) ORDER BY v.id
""")


@dataclass(frozen=True, slots=True)
class VariantView:
    """`names` and `vat_class` of the product are set where lines are read without their product."""

    id: UUID
    no: int
    product_id: UUID
    position: int
    data: VariantData
    names: dict[str, str] | None = None
    vat_class: str = ""


@dataclass(frozen=True, slots=True)
class ProductView:
    id: UUID
    data: ProductData
    variants: tuple[VariantView, ...]
    version: int
    create_time: datetime.datetime
    update_time: datetime.datetime


def parsed(value: Any) -> Any:
    """jsonb comes as text when a statement does not declare its columns."""
    return json.loads(value) if isinstance(value, str) else value


def _variant(row: sql.Row, names: Any = None, vat_class: str = "") -> VariantView:
    data = VariantData(
        sku=row.sku,
        gtin=row.gtin,
        isbn=row.isbn,
        options=parsed(row.options),
        weight_grams=row.weight_grams,
        stock_policy=row.stock_policy,
        discontinued=row.discontinued,
    )
    return VariantView(row.id, row.no, row.product_id, row.position, data, parsed(names), vat_class)


def _data(row: sql.Row) -> ProductData:
    return ProductData(
        product_ref=row.product_ref,
        names=parsed(row.names),
        descriptions=parsed(row.descriptions),
        brand=row.brand,
        authors=list(row.authors),
        category_ids=list(row.category_ids),
        characteristics=parsed(row.characteristics),
        picture_urls=list(row.picture_urls),
        vat_class=row.vat_class,
        publication_date=row.publication_date,
        product_form=row.product_form,
        text_language_code=row.text_language_code,
        discontinued=row.discontinued,
    )


async def _complete(connection: Connection, rows: Sequence[sql.Row]) -> list[ProductView]:
    variants: dict[UUID, list[VariantView]] = {row.id: [] for row in rows}
    if rows:
        for row in await direct.named(connection, _VARIANTS, {"ids": list(variants)}):
            variants[row.product_id].append(_variant(row))
    return [
        ProductView(
            row.id, _data(row), tuple(variants[row.id]), row.version, row.create_time, row.update_time
        )
        for row in rows
    ]


async def find_products(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, ProductView]:
    rows = await direct.named(connection, _BY_ID, {"ids": list(ids)})
    return {view.id: view for view in await _complete(connection, rows)}


async def get_product(session: AsyncSession, product_id: UUID, *, lock: bool = False) -> ProductView:
    """Raises ProductNotFound."""
    connection = await direct.of(session)
    if lock:
        rows = await sql.rows(session, _LOCKED, {"id": product_id})
    else:
        rows = await direct.named(connection, _BY_ID, {"ids": [product_id]})
    if not rows:
        raise ProductNotFound(product_id)
    return (await _complete(connection, rows))[0]


async def list_products(session: AsyncSession, after: UUID | None, size: int) -> list[ProductView]:
    """Newest first."""
    rows = await sql.rows(session, _PAGE, {"after": after, "size": size})
    return await _complete(await direct.of(session), rows)


async def find_variants(session: AsyncSession, ids: Sequence[UUID], skus: Sequence[str]) -> list[VariantView]:
    rows = await sql.rows(session, _LINES, {"ids": list(ids), "skus": list(skus)})
    return [_variant(row, row.names, row.vat_class) for row in rows]
