"""The law on the books of one quote: which rules hold at its destination, for its buyer, on its day."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from decimal import Decimal

from catalog.legal_caps.domain import LegalCap, buyer_class_of, country_of, places_of
from catalog.legal_caps.readings import Reading, in_force, is_book, latest_first_day, readings
from catalog.pricing.domain import FixedPrice, PriceList
from catalog.pricing.facts import VariantFacts
from catalog.pricing.reference import Reference
from catalog.tax.rates import Destination, tax_of

_UNDATED = "publication date unknown, so the title counts as under fixed price"
_PARTLY_DATED = "publication date {} taken at its latest"
_UNSPOKEN = "language unknown, so the strictest rule of any language holds"
_UNFORMED = "product form unknown, so the strictest rule of any form holds"
_UNPLACED = "the postal code says no part of Belgium, so the strictest of {} holds"
_OVERSEAS = "{} taken to be under the law of {}"


class BookLaw:
    """Of one quote. Where no rule is valid it costs nothing; books that are alike to the law are looked at once."""

    def __init__(
        self,
        reference: Reference,
        destination: Destination,
        buyer_class: str,
        day: datetime.date,
        vendor_region: str,
    ) -> None:
        self._day = day
        self._vendor_region = vendor_region
        self._region = destination.region_code or vendor_region
        self._country = country_of(self._region)
        self._places = places_of(self._region, destination.postal_code)
        self._caps = _valid(reference, self._places, buyer_class_of(buyer_class), day)
        self._read: dict[tuple[str, str], tuple[Reading, ...]] = {}
        self._known: dict[tuple[str, str, str, str], FixedPrice | None] = {}
        markets = dict.fromkeys((self._country, self._region))
        self._publishers = tuple(
            found for market in markets for found in reference.publishers.get(market, ())
        )
        self._defaults = tuple(found for lists in reference.defaults.values() for found in lists)

    def lists(self, variants: Iterable[VariantFacts]) -> tuple[PriceList, ...]:
        """The lists that are needed, beside the buyer's own, to price these variants."""
        needed = self._caps and any(is_book(variant.product_form, variant.isbn) for variant in variants)
        return (*self._publishers, *self._defaults) if needed else ()

    def of(self, variant: VariantFacts) -> FixedPrice | None:
        """None for what is no book, for free titles and where there is no law."""
        if not self._caps or not is_book(variant.product_form, variant.isbn):
            return None
        kind = (
            variant.text_language_code, variant.product_form, variant.publication_date, variant.vat_class
        )  # fmt: skip
        if kind not in self._known:
            self._known[kind] = self._fixed(*kind)
        return self._known[kind]

    def _fixed(self, language: str, form: str, published: str, vat_class: str) -> FixedPrice | None:
        found = in_force(self._readings(language, form), latest_first_day(published), self._day)
        if not found:
            return None
        return FixedPrice(
            readings=found,
            publication_date=published,
            lists=self._publishers,
            tax_rate=self._tax_rate(vat_class),
            assumed=self._assumed(language, form, published),
            defaults=self._defaults,
        )

    def _readings(self, language: str, form: str) -> tuple[Reading, ...]:
        kind = (language, form)
        if kind not in self._read:
            self._read[kind] = readings(self._caps, self._places, language, form)
        return self._read[kind]

    def _tax_rate(self, vat_class: str) -> Decimal:
        """What publishers' prices for the country contain, whatever tax the buyer himself is charged."""
        return tax_of(Destination(self._country), vat_class, self._day, self._vendor_region).rate

    def _assumed(self, language: str, form: str, published: str) -> tuple[str, ...]:
        words = []
        if latest_first_day(published) is None:
            words.append(_UNDATED)
        elif len(published) < len("2026-01-01"):
            words.append(_PARTLY_DATED.format(published))
        if not language and any(cap.languages for cap in self._caps):
            words.append(_UNSPOKEN)
        if not form and any(cap.forms for cap in self._caps):
            words.append(_UNFORMED)
        if len(self._places) > 1:
            words.append(_UNPLACED.format(", ".join(place[-1] for place in self._places)))
        if self._region != self._country:
            words.append(_OVERSEAS.format(self._region, self._country))
        return tuple(words)


def _valid(
    reference: Reference, places: Iterable[tuple[str, ...]], buyer_class: str, day: datetime.date
) -> tuple[LegalCap, ...]:
    jurisdictions = dict.fromkeys(jurisdiction for place in places for jurisdiction in place)
    return tuple(
        cap
        for jurisdiction in jurisdictions
        for cap in reference.caps.get((jurisdiction, buyer_class), ())
        if cap.valid(day)
    )
