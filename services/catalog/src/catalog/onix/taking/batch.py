"""The products, prices and references that a batch of records speaks of, as they are and as they become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import direct
from catalog.imports import seen
from catalog.imports.domain import Finding, Refused
from catalog.imports.edited import EditedProduct, EditedVariant, edited
from catalog.imports.job import Job
from catalog.onix.mapping.domain import Rules
from catalog.onix.reading.message import OnixRecord
from catalog.onix.taking import store
from catalog.onix.taking.store import Known
from catalog.pricing.history import Timeline
from catalog.pricing.prices import LockedList, PriceBook, lock_lists
from catalog.products.domain import ProductData, VariantData
from catalog.products.identifiers import spellings
from catalog.products.queries import find_products
from chassis.ids import new_id

BLOCKS = {"descriptive": "1", "collateral": "2", "publishing": "4", "supply": "6"}
Place = tuple[EditedProduct, EditedVariant]


@dataclass(slots=True)
class Batch:
    """`by_code` finds variants by ISBN, GTIN and SKU; `timelines` are by (list number, variant)."""

    rules: Rules
    lists: dict[UUID, LockedList]
    products: dict[UUID, EditedProduct] = field(default_factory=dict)
    by_variant: dict[UUID, Place] = field(default_factory=dict)
    by_code: dict[str, list[UUID]] = field(default_factory=dict)
    by_product_ref: dict[str, UUID] = field(default_factory=dict)
    known: dict[str, Known] = field(default_factory=dict)
    refs_of: dict[UUID, set[str]] = field(default_factory=dict)
    timelines: dict[tuple[int, UUID], Timeline] = field(default_factory=dict)
    heard: dict[str, Known] = field(default_factory=dict)
    repriced: set[tuple[int, UUID]] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)

    def add(self, product: EditedProduct) -> None:
        self.products[product.id] = product
        if product.data.product_ref:
            self.by_product_ref[product.data.product_ref] = product.id
        for variant in product.variants.values():
            self.index(product, variant)

    def index(self, product: EditedProduct, variant: EditedVariant) -> None:
        self.by_variant[variant.id] = (product, variant)
        data = variant.data
        for code in (data.sku, data.isbn, *(spellings(data.gtin) if data.gtin else ())):
            if code and variant.id not in self.by_code.setdefault(code, []):
                self.by_code[code].append(variant.id)

    def take(
        self, product: EditedProduct, variant: EditedVariant, new: ProductData, new_variant: VariantData
    ) -> None:
        """The product and the variant are from now on so."""
        product.changed |= new != product.data
        variant.changed |= new_variant != variant.data
        product.data, variant.data = new, new_variant
        if product.id in self.products:
            self.index(product, variant)
        else:
            self.add(product)

    def link(self, record: Known) -> None:
        self.known[record.ref] = record
        self.refs_of.setdefault(record.variant_id, set()).add(record.ref)

    def find(self, record: OnixRecord) -> Place | None:
        """The variant that a record means: by its reference, else by its codes, else by the product's reference.

        Raises Refused where that is not certain.
        """
        linked = self.known.get(record.ref)
        if linked is not None:
            return self._agreeing(record, linked.variant_id)
        ids = dict.fromkeys(
            variant_id for code in codes_of(record) for variant_id in self.by_code.get(code, ())
        )
        if not ids and (product_id := self.by_product_ref.get(record.ref)) is not None:
            ids = dict.fromkeys(variant.id for variant in self.products[product_id].variants.values())
        if len(ids) > 1:
            skus = ", ".join(sorted(self.by_variant[variant_id][1].data.sku for variant_id in ids))
            raise Refused(
                Finding("ProductIdentifier", record.isbn or record.gtin or "", f"SEVERAL_VARIANTS: {skus}")
            )
        return self._agreeing(record, next(iter(ids))) if ids else None

    def _agreeing(self, record: OnixRecord, variant_id: UUID) -> Place:
        place = self.by_variant[variant_id]
        isbn = place[1].data.isbn
        if record.isbn and isbn and record.isbn != isbn:
            raise Refused(Finding("RecordReference", record.ref, f"NAMES_ANOTHER_BOOK: it was {isbn} before"))
        return place

    def make(self, record: OnixRecord) -> Place:
        """A new product with one variant, not yet part of the batch. Raises Refused."""
        sku = record.sku or record.isbn or record.gtin
        if not sku:
            raise Refused(Finding("ProductIdentifier", "", "REQUIRED: an ISBN or a GTIN"))
        if record.descriptive is None or not record.descriptive.names:
            raise Refused(Finding("TitleText", "", "REQUIRED: a title"))
        variant = EditedVariant(new_id(), VariantData(sku, stock_policy="UNMANAGED"), 0, is_new=True)
        ref = record.ref if record.ref not in self.by_product_ref else sku
        product = EditedProduct(new_id(), ProductData(product_ref=ref), {sku: variant}, is_new=True)
        return product, variant


def codes_of(record: OnixRecord) -> list[str]:
    """Every code by which the variant of a record could be known."""
    codes = [record.sku, record.isbn or "", *(spellings(record.gtin) if record.gtin else ())]
    return [code for code in codes if code]


def seen_keys(record: OnixRecord, sku: str) -> list[str]:
    """One per block that the record has."""
    return [f"o:{sku}|{number}" for name, number in BLOCKS.items() if getattr(record, name) is not None]


async def read(session: AsyncSession, job: Job, rules: Rules, records: Sequence[OnixRecord]) -> Batch:
    """Locks the products, then the price lists."""
    isbns = [record.isbn for record in records if record.isbn]
    gtins = [spelling for record in records if record.gtin for spelling in spellings(record.gtin)]
    skus = [code for record in records for code in codes_of(record)]
    refs = [record.ref for record in records]
    ids = await store.lock_meant(session, refs, isbns, gtins, skus)
    priced = any(record.supply is not None and record.supply.prices for record in records)
    wanted = {rule.list_id for rule in rules.prices} if priced else set()
    batch = Batch(rules, await lock_lists(session, wanted) if wanted else {})
    for view in (await find_products(await direct.of(session), ids)).values():
        batch.add(edited(view))
    for record in (await store.known(session, refs, batch.by_variant)).values():
        batch.link(record)
    keys = [(item.no, place[1]) for item in batch.lists.values() for place in batch.by_variant.values()]
    book = await PriceBook.read(session, [(no, variant.no) for no, variant in keys], job.today)
    batch.timelines = {(no, variant.id): book.timelines[no, variant.no] for no, variant in keys}
    own = {place[1].data.sku for place in batch.by_variant.values()}
    own |= {record.sku or record.isbn or record.gtin or "" for record in records}
    keys_of = [f"o:{sku}|{number}" for sku in own for number in BLOCKS.values()]
    batch.seen = await seen.find(session, job.id, keys_of)
    return batch
