"""Applies a batch of product rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import direct, sql
from catalog.imports import seen
from catalog.imports.domain import ACCEPTED, CHANGED, REFUSED, UNCHANGED, Finding, Record, Refused, Verdict
from catalog.imports.edited import EditedProduct, EditedVariant, edited, write
from catalog.imports.job import Job
from catalog.imports.product_rows import ProductRow, apply_to_product, apply_to_variant, read_row
from catalog.products import categories
from catalog.products.domain import ProductData, VariantData
from catalog.products.queries import find_products
from chassis.ids import new_id

_MEANT = sql.statement("""
    SELECT v.sku, p.id, p.product_ref FROM variants v JOIN products p ON p.id = v.product_id
    WHERE v.sku = ANY(CAST(:skus AS text[]))
""")
_LOCK = sql.statement("""
    SELECT id FROM products WHERE product_ref = ANY(CAST(:refs AS text[])) OR id = ANY(CAST(:ids AS uuid[]))
    ORDER BY id FOR UPDATE
""")


@dataclass(slots=True)
class _Batch:
    """The products that the rows speak of, as they are and as they become. `nameless` are those without a
    reference, by SKU: the first row that says one gives it to them."""

    products: dict[str, EditedProduct]
    owners: dict[str, str | None]
    nameless: dict[str, EditedProduct]
    seen: set[str]
    category_ids: dict[str, UUID]

    def apply(self, row: ProductRow) -> str:
        """The outcome. Raises Refused; then nothing of the row was taken."""
        self._name(row)
        owner = self.owners.get(row.sku, row.ref)
        if owner != row.ref:
            raise Refused(
                Finding("sku", row.sku, f"BELONGS_TO_ANOTHER_PRODUCT: {owner or 'without reference'}")
            )
        product = self.products.get(row.ref)
        if product is None:
            product = EditedProduct(new_id(), ProductData(product_ref=row.ref), {}, is_new=True)
        if not product.data.names and not any(name.startswith("name_") for name in row.product):
            raise Refused(Finding("name", "", "REQUIRED: a name in at least one language"))
        variant = product.variants.get(row.sku)
        is_new = variant is None
        if variant is None:
            variant = EditedVariant(new_id(), VariantData(row.sku), len(product.variants), is_new=True)
        changed = self._variant(row, variant)
        ids: list[object] = [self.category_ids[path] for path in row.categories]
        changes_product = product.changed and not product.is_new and f"p:{row.ref}" not in self.seen
        changes_product |= apply_to_product(row, product.data, ids, first=f"p:{row.ref}" not in self.seen)
        product.changed |= changes_product
        product.variants[row.sku] = variant
        self.products[row.ref] = product
        self.owners[row.sku] = row.ref
        self.seen |= {f"p:{row.ref}", f"s:{row.sku}"}
        if is_new:
            return ACCEPTED
        return CHANGED if changed or changes_product else UNCHANGED

    def _name(self, row: ProductRow) -> None:
        """Without a column for references, only a product with one variant can be meant."""
        product = self.nameless.get(row.sku)
        if product is None or row.ref in self.products:
            return
        if "product_ref" in row.record.values or len(product.variants) == 1:
            product.data.product_ref, product.changed = row.ref, True
            self.products[row.ref] = product
            for sku in product.variants:
                self.owners[sku] = row.ref
                self.nameless.pop(sku, None)

    def _variant(self, row: ProductRow, variant: EditedVariant) -> bool:
        before = VariantData(**{name: getattr(variant.data, name) for name in VariantData.__slots__})
        before.options = list(variant.data.options)
        changed = apply_to_variant(row, variant.data)
        if changed and f"s:{row.sku}" in self.seen:
            variant.data = before
            raise Refused(Finding("sku", row.sku, "REPEATED: another row of this file says something else"))
        variant.changed |= changed
        return changed


class ProductImport:
    """One row is one variant; rows of one product need not follow each other."""

    def key(self, record: Record) -> str:
        return record.values.get("product_ref") or record.values.get("sku", "")

    async def prepare(self, job: Job, records: Sequence[Record]) -> None:
        """Nothing has to exist beforehand."""

    async def apply(self, session: AsyncSession, job: Job, records: Sequence[Record]) -> list[Verdict]:
        verdicts: list[Verdict] = []
        rows: list[tuple[ProductRow, Verdict]] = []
        for record in records:
            verdict = Verdict(record.number, record.values.get("sku", "")[:100], REFUSED)
            verdicts.append(verdict)
            try:
                if record.broken is not None:
                    raise Refused(record.broken)
                rows.append((read_row(record), verdict))
            except Refused as refused:
                verdict.findings.extend(refused.findings)
        batch = await _read(session, job, [row for row, _ in rows])
        taken: list[str] = []
        for row, verdict in rows:
            try:
                verdict.outcome = batch.apply(row)
                taken += [f"p:{row.ref}", f"s:{row.sku}"]
            except Refused as refused:
                verdict.findings.extend(refused.findings)
            verdict.findings.extend(row.findings)
        await write(session, batch.products.values())
        await seen.add(session, job.id, taken)
        return verdicts


async def _read(session: AsyncSession, job: Job, rows: Sequence[ProductRow]) -> _Batch:
    refs, skus = {row.ref for row in rows}, {row.sku for row in rows}
    paths = {path for row in rows for path in row.categories}
    category_ids = await categories.ensure_paths(session, paths, job.language)
    meant = await sql.rows(session, _MEANT, {"skus": sorted(skus)})
    nameless = {row.sku: row.id for row in meant if row.product_ref is None}
    lock = {"refs": sorted(refs), "ids": sorted(set(nameless.values()))}
    found = await sql.rows(session, _LOCK, lock)
    views = await find_products(await direct.of(session), [row.id for row in found])
    edits = {identity: edited(view) for identity, view in views.items()}
    owners = {row.sku: row.product_ref for row in meant}
    keys = [f"p:{ref}" for ref in refs] + [f"s:{sku}" for sku in skus]
    products = {edit.data.product_ref: edit for edit in edits.values() if edit.data.product_ref}
    without = {
        sku: edits[identity] for sku, identity in nameless.items() if not edits[identity].data.product_ref
    }
    return _Batch(products, owners, without, await seen.find(session, job.id, keys), category_ids)
