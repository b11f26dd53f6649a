"""Keeps the search index true: rebuilds the documents of changed products in the same transaction."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import direct, sql
from catalog.products.domain import LANGUAGES, VariantData
from catalog.products.queries import ProductView, find_products, parsed
from catalog.search import facet_keys, folding
from catalog.search.facet_keys import Characteristic, Facet

FALLBACK = ("en", "fr", "nl", "it")

_SET = sql.statement("""
    INSERT INTO search_documents (product_id, terms, facet_ids, name_en, name_fr, name_it, name_nl, newest, in_stock)
    VALUES (:product_id, CAST(CAST(:terms AS text) AS tsvector), CAST(:facet_ids AS integer[]), :name_en, :name_fr,
        :name_it, :name_nl, :newest, :in_stock)
    ON CONFLICT (product_id) DO UPDATE SET terms = excluded.terms, facet_ids = excluded.facet_ids,
        name_en = excluded.name_en, name_fr = excluded.name_fr, name_it = excluded.name_it,
        name_nl = excluded.name_nl, newest = excluded.newest, in_stock = excluded.in_stock
""")
_DROP = sql.statement("DELETE FROM search_documents WHERE product_id = ANY(CAST(:ids AS uuid[]))")
_DROP_VARIANTS = sql.statement("DELETE FROM search_variants WHERE product_id = ANY(CAST(:ids AS uuid[]))")
_ADD_VARIANTS = sql.statement("""
    INSERT INTO search_variants (variant_id, product_id, facet_ids)
    VALUES (:variant_id, :product_id, CAST(:facet_ids AS integer[]))
""")
_IN_STOCK = sql.statement("""
    SELECT DISTINCT v.product_id FROM variants v JOIN stock_levels s ON s.variant_id = v.id
    WHERE v.product_id = ANY(CAST(:ids AS uuid[])) AND NOT v.discontinued AND s.on_hand > s.reserved
""")
_LINEAGES = sql.statement("""
    SELECT c.id, c.lineage, array(SELECT a.names FROM categories a WHERE a.id = ANY(c.lineage)) AS names
    FROM categories c WHERE c.id = ANY(CAST(:ids AS uuid[]))
""")

_Categories = Mapping[UUID, tuple[Sequence[UUID], Sequence[str]]]


async def refresh(session: AsyncSession, product_ids: Iterable[UUID]) -> None:
    """Rebuild the documents of these products; products that are no longer sold leave the index."""
    ids = sorted(set(product_ids))
    if not ids:
        return
    views = await find_products(await direct.of(session), ids)
    sold = {
        identity: view for identity, view in views.items()
        if not view.data.discontinued and any(not variant.data.discontinued for variant in view.variants)
    }  # fmt: skip
    in_stock = {row.product_id for row in await sql.rows(session, _IN_STOCK, {"ids": ids})}
    categories = await _categories(session, sold.values())
    facets = {identity: _facets(view, categories) for identity, view in sold.items()}
    numbers = await facet_keys.intern(session, [facet for found in facets.values() for facet in found])
    rows = [
        _row(
            view, categories, sorted({numbers[facet.key] for facet in facets[identity]}), identity in in_stock
        )
        for identity, view in sorted(sold.items())
    ]
    await sql.run(session, _DROP_VARIANTS, {"ids": ids})
    if rows:
        await sql.run(session, _SET, rows)
        await sql.run(session, _ADD_VARIANTS, list(_variant_rows(sold.values(), numbers)))
    gone = [identity for identity in ids if identity not in sold]
    if gone:
        await sql.run(session, _DROP, {"ids": gone})


async def _categories(session: AsyncSession, views: Iterable[ProductView]) -> _Categories:
    """Lineage and all names of each category used."""
    ids = {category_id for view in views for category_id in view.data.category_ids}
    if not ids:
        return {}
    rows = await sql.rows(session, _LINEAGES, {"ids": list(ids)})
    return {row.id: (row.lineage, [text for names in row.names for text in _texts(names)]) for row in rows}


def _texts(names: Any) -> Iterable[str]:
    found: dict[str, str] = parsed(names)
    return found.values()


def _variants(view: ProductView) -> Iterable[VariantData]:
    return (variant.data for variant in view.variants if not variant.data.discontinued)


def _facets(view: ProductView, categories: _Categories) -> list[Facet]:
    found: list[Facet] = [facet_keys.of_brand(view.data.brand)] if view.data.brand else []
    for category_id in view.data.category_ids:
        found += [facet_keys.of_category(identity) for identity in categories[category_id][0]]
    pairs = [
        *view.data.characteristics,
        *(option for variant in _variants(view) for option in variant.options),
    ]
    return found + [Characteristic(name, value) for name, value in pairs]


def _variant_rows(
    views: Iterable[ProductView], numbers: Mapping[tuple[str, str], int]
) -> Iterable[dict[str, Any]]:
    for view in views:
        common = [Characteristic(name, value).key for name, value in view.data.characteristics]
        for variant in view.variants:
            if not variant.data.discontinued:
                own = [Characteristic(name, value).key for name, value in variant.data.options]
                facet_ids = sorted({numbers[key] for key in (*common, *own)})
                yield {"variant_id": variant.id, "product_id": view.id, "facet_ids": facet_ids}


def _row(
    view: ProductView, categories: _Categories, facet_ids: Sequence[int], in_stock: bool
) -> dict[str, Any]:
    data = view.data
    codes = [
        text
        for variant in _variants(view)
        for text in (variant.sku, folding.code(variant.sku), variant.gtin, variant.isbn)
        if text
    ]
    about = [value for _name, value in data.characteristics]
    about += [value for variant in _variants(view) for _name, value in variant.options]
    about += [text for category_id in data.category_ids for text in categories[category_id][1]]
    names = {language: folding.sort_key(_name(data.names, language)) for language in LANGUAGES}
    return {
        "product_id": view.id,
        "terms": folding.vector([*data.names.values(), *codes], [*data.authors, data.brand], about),
        "facet_ids": facet_ids,
        **{f"name_{language}": name for language, name in names.items()},
        "newest": _newest(data.publication_date, view.create_time),
        "in_stock": in_stock,
    }


def _name(names: Mapping[str, str], language: str) -> str:
    return names.get(language) or next((names[code] for code in FALLBACK if names.get(code)), "")


def _newest(publication_date: str, create_time: datetime.datetime) -> int:
    """A day number: of the publication where it is known, else of the entry in the catalogue."""
    if not publication_date:
        return create_time.toordinal()
    year, month, day = ([int(part) for part in publication_date.split("-")] + [1, 1])[:3]
    return datetime.date(year, month, day).toordinal()
