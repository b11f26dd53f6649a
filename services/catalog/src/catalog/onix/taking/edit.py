"""What a record changes of a product and its variant. No I/O."""

from __future__ import annotations

from dataclasses import replace

from catalog.imports.domain import Finding
from catalog.onix.mapping.domain import KEYWORDS, Rules
from catalog.onix.reading import codes
from catalog.onix.reading.message import Collateral, Descriptive, OnixRecord
from catalog.onix.taking.store import Known
from catalog.products.domain import ProductData, VariantData

MAX_PAIRS = 100
_OWNED = frozenset(
    (
        *codes.HELPER_ROLES.values(),
        *codes.MEASURES.values(),
        *codes.SCHEMES.values(),
        codes.PAGES,
        codes.EDITION,
        codes.SERIES,
    )
)
_OWNED_FAMILIES = (codes.OTHER_ROLE.format(""), codes.OTHER_SCHEME.format(""))


def owned(name: str) -> bool:
    """Whether a characteristic of this name comes from ONIX: a new block 1 replaces all of them."""
    return name in _OWNED or name.startswith(_OWNED_FAMILIES)


def product_data(record: OnixRecord, data: ProductData, rules: Rules, *, new: bool) -> ProductData:
    """A copy with the blocks that are present taken over; names and texts in other languages stay."""
    found = replace(
        data,
        names=dict(data.names),
        descriptions=dict(data.descriptions),
        characteristics=list(data.characteristics),
    )
    if record.descriptive is not None:
        _descriptive(record.descriptive, found, rules, new=new)
    if record.collateral is not None:
        _collateral(record.collateral, found)
    if record.publishing is not None:
        found.brand = record.publishing.brand or found.brand
        found.publication_date = record.publishing.date or found.publication_date
    if record.supply is not None and not found.publication_date:
        found.publication_date = record.supply.date
    return found


def _descriptive(said: Descriptive, found: ProductData, rules: Rules, *, new: bool) -> None:
    found.names |= said.names
    found.authors = list(said.authors)
    found.product_form = said.form or found.product_form
    found.text_language_code = said.language or found.text_language_code
    pairs = [list(pair) for pair in said.characteristics]
    categories = []
    for scheme, code, name in said.subjects:
        category = rules.category_of(scheme, code) if scheme != KEYWORDS else None
        if category is None:
            pairs.append([codes.SCHEMES.get(scheme) or codes.OTHER_SCHEME.format(name or scheme), code])
        else:
            categories.append(category)
    kept = [pair for pair in found.characteristics if not owned(pair[0])]
    room = max(0, MAX_PAIRS - len(kept))
    found.characteristics = kept + pairs[:room]
    others = [category for category in found.category_ids if category not in rules.categories]
    found.category_ids = list(dict.fromkeys(others + categories))
    if new and found.product_form.startswith("B"):
        found.vat_class = "BOOK"


def _collateral(said: Collateral, found: ProductData) -> None:
    found.descriptions |= said.descriptions
    if said.picture_urls:
        found.picture_urls = list(said.picture_urls)


def variant_data(record: OnixRecord, data: VariantData, *, ends: bool | None) -> VariantData:
    """`ends`: whether it is discontinued from now on; None leaves that as it is."""
    found = replace(data)
    found.isbn = record.isbn or found.isbn
    found.gtin = record.gtin or found.gtin
    if record.descriptive is not None and record.descriptive.weight_grams:
        found.weight_grams = record.descriptive.weight_grams
    if ends is not None:
        found.discontinued = ends
    return found


def heard(record: OnixRecord, before: Known) -> Known:
    """What is known of the reference after this record."""
    found = replace(before)
    if record.notification in codes.DELETE:
        found.withdrawn = True
        return found
    if record.publishing is not None:
        found.status = record.publishing.status or found.status
    if record.supply is not None:
        found.availability = record.supply.availability or found.availability
    if record.publishing is not None or record.supply is not None:
        found.withdrawn = codes.withdrawn(found.status, found.availability)
    return found


def ends(record: OnixRecord, before: Known, after: Known, data: VariantData, *, others: bool) -> bool | None:
    """Whether the variant is discontinued now; None: as before. `others`: another record still offers it.

    What stands in our own shelves can be sold when the publisher has no more: only a deletion ends that.
    """
    if others:
        return None
    if record.notification in codes.DELETE:
        return True
    if before.withdrawn == after.withdrawn:
        return None
    if after.withdrawn and data.stock_policy != "UNMANAGED":
        rule = "WITHDRAWN; still sold, for it is kept in stock"
        record.findings.append(Finding("PublishingStatus", after.status or after.availability, rule))
        return None
    return after.withdrawn
