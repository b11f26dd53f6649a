"""Statements on products, variants and categories; rows go in batches, for imports write thousands."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.products.domain import ProductData, VariantData
from catalog.search.folding import code

_FIELDS = (
    "product_ref, names, descriptions, brand, authors, category_ids, characteristics, picture_urls, vat_class,"
    " publication_date, product_form, text_language_code, discontinued"
)
_NEW_PRODUCT = sql.statement(
    f"INSERT INTO products (id, {_FIELDS}) VALUES (:id, :product_ref, CAST(:names AS jsonb),"  # noqa: S608
    " CAST(:descriptions AS jsonb), :brand, CAST(:authors AS text[]), CAST(:category_ids AS uuid[]),"
    " CAST(:characteristics AS jsonb), CAST(:picture_urls AS text[]), :vat_class, :publication_date,"
    " :product_form, :text_language_code, :discontinued)"
)
_SET_PRODUCT = sql.statement("""
    UPDATE products SET product_ref = :product_ref, names = CAST(:names AS jsonb),
        descriptions = CAST(:descriptions AS jsonb), brand = :brand, authors = CAST(:authors AS text[]),
        category_ids = CAST(:category_ids AS uuid[]), characteristics = CAST(:characteristics AS jsonb),
        picture_urls = CAST(:picture_urls AS text[]), vat_class = :vat_class,
        publication_date = :publication_date, product_form = :product_form,
        text_language_code = :text_language_code, discontinued = :discontinued, version = version + 1,
        update_time = now()
    WHERE id = :id
""")
_TOUCH_PRODUCTS = sql.statement("""
    UPDATE products SET version = version + 1, update_time = now() WHERE id = ANY(CAST(:ids AS uuid[]))
""")
_NEW_VARIANT = sql.statement("""
    INSERT INTO variants (id, product_id, position, sku, code, gtin, isbn, options, weight_grams, stock_policy,
        discontinued)
    VALUES (:id, :product_id, :position, :sku, :code, :gtin, :isbn, CAST(:options AS jsonb), :weight_grams,
        :stock_policy, :discontinued)
""")
_SET_VARIANT = sql.statement("""
    UPDATE variants SET position = :position, gtin = :gtin, isbn = :isbn, options = CAST(:options AS jsonb),
        weight_grams = :weight_grams, stock_policy = :stock_policy, discontinued = :discontinued WHERE id = :id
""")


def product_row(product_id: UUID, data: ProductData) -> dict[str, Any]:
    return {
        "id": product_id,
        "product_ref": data.product_ref or None,
        "names": json.dumps(data.names),
        "descriptions": json.dumps(data.descriptions),
        "brand": data.brand,
        "authors": data.authors,
        "category_ids": data.category_ids,
        "characteristics": json.dumps(data.characteristics),
        "picture_urls": data.picture_urls,
        "vat_class": data.vat_class,
        "publication_date": data.publication_date,
        "product_form": data.product_form,
        "text_language_code": data.text_language_code,
        "discontinued": data.discontinued,
    }


def variant_row(variant_id: UUID, product_id: UUID, position: int, data: VariantData) -> dict[str, Any]:
    return {
        "id": variant_id,
        "product_id": product_id,
        "position": position,
        "sku": data.sku,
        "code": code(data.sku),
        "gtin": data.gtin,
        "isbn": data.isbn,
        "options": json.dumps(data.options),
        "weight_grams": data.weight_grams,
        "stock_policy": data.stock_policy,
        "discontinued": data.discontinued,
    }


async def add_products(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await sql.run(session, _NEW_PRODUCT, sorted(rows, key=lambda row: str(row["product_ref"])))


async def set_products(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await sql.run(session, _SET_PRODUCT, sorted(rows, key=lambda row: row["id"]))


async def touch_products(session: AsyncSession, product_ids: Sequence[UUID]) -> None:
    """A changed variant is a new version of its product."""
    if product_ids:
        await sql.run(session, _TOUCH_PRODUCTS, {"ids": sorted(product_ids)})


async def add_variants(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await sql.run(session, _NEW_VARIANT, sorted(rows, key=lambda row: str(row["sku"])))


async def set_variants(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await sql.run(session, _SET_VARIANT, sorted(rows, key=lambda row: row["id"]))
