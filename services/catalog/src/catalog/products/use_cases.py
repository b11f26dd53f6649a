"""Create and change products by hand; the search index changes in the same transaction."""

from __future__ import annotations

from collections.abc import Container, Sequence
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.products import categories, events, store
from catalog.products.domain import ProductData, ProductRefTaken, SkuTaken, VariantData
from catalog.products.queries import ProductView, get_product
from catalog.search import documents
from chassis import db, etag, outbox
from chassis.ids import new_id

_OTHERS = sql.statement(
    "SELECT sku FROM variants WHERE sku = ANY(CAST(:skus AS text[])) AND product_id <> :product_id ORDER BY sku"
)


async def create_product(
    session: AsyncSession, data: ProductData, variants: Sequence[VariantData]
) -> ProductView:
    """Raises CategoryNotFound, SkuTaken, ProductRefTaken."""
    await categories.check(session, data.category_ids)
    product_id = new_id()
    await _refuse_taken(session, product_id, variants)
    try:
        await store.add_products(session, [store.product_row(product_id, data)])
        await store.add_variants(session, _new_rows(product_id, variants))
    except IntegrityError as error:
        raise _taken(error, data, variants) from error
    await documents.refresh(session, [product_id])
    view = await get_product(session, product_id)
    outbox.add(session, **events.product_changed(view, created=True))
    return view


async def update_product(
    session: AsyncSession,
    product_id: UUID,
    data: ProductData,
    variants: Sequence[VariantData] | None,
    paths: frozenset[str],
    sent_etag: str,
) -> ProductView:
    """Replaces the fields named by `paths`; variants, when given, as a whole set by SKU: missing ones are
    discontinued.

    Raises ProductNotFound, EtagMismatch, CategoryNotFound, SkuTaken, ProductRefTaken.
    """
    view = await get_product(session, product_id, lock=True)
    etag.check(f"Product {product_id}", sent_etag, view.version)
    merged = view.data
    for path in paths:
        setattr(merged, path, getattr(data, path))
    await categories.check(session, merged.category_ids)
    try:
        await store.set_products(session, [store.product_row(product_id, merged)])
        if variants is not None:
            await _replace_variants(session, view, variants)
    except IntegrityError as error:
        raise _taken(error, merged, variants or ()) from error
    await documents.refresh(session, [product_id])
    changed = await get_product(session, product_id)
    outbox.add(session, **events.product_changed(changed, created=False))
    return changed


async def _replace_variants(
    session: AsyncSession, view: ProductView, variants: Sequence[VariantData]
) -> None:
    await _refuse_taken(session, view.id, variants)
    known = {variant.data.sku: variant for variant in view.variants}
    wanted = {variant.sku: variant for variant in variants}
    rows = [
        store.variant_row(known[variant.sku].id, view.id, position, variant)
        for position, variant in enumerate(variants)
        if variant.sku in known
    ]
    for sku, variant in known.items():
        if sku not in wanted:
            variant.data.discontinued = True
            rows.append(store.variant_row(variant.id, view.id, len(wanted) + variant.position, variant.data))
    await store.set_variants(session, rows)
    await store.add_variants(session, _new_rows(view.id, variants, known))


def _new_rows(
    product_id: UUID, variants: Sequence[VariantData], known: Container[str] = ()
) -> list[dict[str, object]]:
    return [
        store.variant_row(new_id(), product_id, position, variant)
        for position, variant in enumerate(variants)
        if variant.sku not in known
    ]


async def _refuse_taken(session: AsyncSession, product_id: UUID, variants: Sequence[VariantData]) -> None:
    parameters = {"skus": [variant.sku for variant in variants], "product_id": product_id}
    taken = [row.sku for row in await sql.rows(session, _OTHERS, parameters)]
    if taken:
        raise SkuTaken(", ".join(taken))


def _taken(error: IntegrityError, data: ProductData, variants: Sequence[VariantData]) -> Exception:
    match db.constraint_name(error):
        case "uq_products_product_ref":
            return ProductRefTaken(data.product_ref or "")
        case "uq_variants_sku":
            return SkuTaken(", ".join(variant.sku for variant in variants))
    return error
