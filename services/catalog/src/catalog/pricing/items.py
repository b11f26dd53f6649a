"""What the pricing function is given of each variant of one quote.

Much of it is the same for many lines, tax by class of goods, grid rows by categories and brand: it is looked up once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from catalog.pricing.domain import Buyer, GridRow, Item, Price
from catalog.pricing.facts import VariantFacts
from catalog.pricing.fixed import BookLaw
from catalog.pricing.reference import Reference
from catalog.search.folding import fold
from catalog.tax.rates import Destination, Tax, tax_of

_Grid = Mapping[object, Sequence[GridRow]]


class Items:
    """Of one quote. `grids` are the grid rows of the customer, his groups and everybody; `prices` by variant number."""

    def __init__(
        self,
        reference: Reference,
        grids: Sequence[_Grid],
        buyer: Buyer,
        destination: Destination,
        law: BookLaw,
        vendor_region: str,
    ) -> None:
        self._reference = reference
        self._grids = grids
        self._buyer = buyer
        self._destination = destination
        self._law = law
        self._vendor_region = vendor_region
        self._categories: dict[tuple[UUID, ...], tuple[Mapping[UUID, int], list[GridRow]]] = {}
        self._brands: dict[str, tuple[str, list[GridRow]]] = {}
        self._taxes: dict[str, Tax] = {}
        self._everything = self._rows((None,))

    def of(self, variant: VariantFacts, prices: Sequence[Price]) -> Item:
        categories, of_categories = self._of_categories(tuple(variant.category_ids))
        brand, of_brand = self._of_brand(variant.brand)
        own = self._rows((variant.id, variant.product_id))
        return Item(
            variant.id,
            variant.product_id,
            brand,
            categories,
            self._tax(variant.vat_class),
            prices,
            [*own, *of_categories, *of_brand, *self._everything],
            self._law.of(variant),
        )

    def _rows(self, names: Iterable[object]) -> list[GridRow]:
        """Those that name one of these."""
        return [row for name in names for rows in self._grids if name in rows for row in rows[name]]

    def _of_categories(self, ids: tuple[UUID, ...]) -> tuple[Mapping[UUID, int], list[GridRow]]:
        known = self._categories.get(ids)
        if known is None:
            depths = self._reference.depths(ids)
            known = self._categories[ids] = depths, self._rows(depths)
        return known

    def _of_brand(self, name: str) -> tuple[str, list[GridRow]]:
        known = self._brands.get(name)
        if known is None:
            brand = fold(name)
            known = self._brands[name] = brand, self._rows((brand,))
        return known

    def _tax(self, vat_class: str) -> Tax:
        known = self._taxes.get(vat_class)
        if known is None:
            known = tax_of(self._destination, vat_class, self._buyer.day, self._vendor_region)
            self._taxes[vat_class] = known
        return known
