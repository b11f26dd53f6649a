"""Products and variants while a batch changes them, and how they are written: the search index with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.products import store
from catalog.products.domain import ProductData, VariantData
from catalog.products.queries import ProductView
from catalog.search import documents


@dataclass(slots=True)
class EditedVariant:
    """`no` is the number of a stored one."""

    id: UUID
    data: VariantData
    position: int
    is_new: bool = False
    changed: bool = False
    no: int = 0


@dataclass(slots=True)
class EditedProduct:
    """Variants by SKU."""

    id: UUID
    data: ProductData
    variants: dict[str, EditedVariant]
    is_new: bool = False
    changed: bool = False


def edited(view: ProductView) -> EditedProduct:
    variants = {
        variant.data.sku: EditedVariant(variant.id, variant.data, variant.position, no=variant.no)
        for variant in view.variants
    }
    return EditedProduct(view.id, view.data, variants)


async def write(session: AsyncSession, edits: Iterable[EditedProduct]) -> None:
    products = list(edits)
    new = [product for product in products if product.is_new]
    changed = [product for product in products if product.changed and not product.is_new]
    await store.add_products(session, [store.product_row(product.id, product.data) for product in new])
    await store.set_products(session, [store.product_row(product.id, product.data) for product in changed])
    touched = [
        product for product in products
        if any(variant.changed or variant.is_new for variant in product.variants.values())
    ]  # fmt: skip
    fresh = {product.id for product in (*new, *changed)}
    await store.touch_products(session, [product.id for product in touched if product.id not in fresh])
    await store.add_variants(session, _variant_rows(touched, is_new=True))
    await store.set_variants(session, _variant_rows(touched, is_new=False))
    await documents.refresh(session, {product.id for product in (*new, *changed, *touched)})


def _variant_rows(products: Sequence[EditedProduct], *, is_new: bool) -> list[dict[str, object]]:
    return [
        store.variant_row(variant.id, product.id, variant.position, variant.data)
        for product in products
        for variant in product.variants.values()
        if variant.is_new == is_new and (variant.changed or variant.is_new)
    ]
