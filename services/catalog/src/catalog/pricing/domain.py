"""What the pricing function is given and what it answers. What exists per line is a named tuple: they are made by the
thousand, and a frozen dataclass takes several times as long to make."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from catalog.legal_caps.domain import LegalCap
from catalog.tax.rates import Tax


@dataclass(frozen=True, slots=True)
class PriceList:
    id: UUID
    code: str
    currency: str
    tax_inclusive: bool


class Price(NamedTuple):
    """A price of one variant in one list; valid in [valid_from, valid_to). `ladder` ascends from quantity 1."""

    id: UUID
    list_id: UUID
    valid_from: datetime.date
    valid_to: datetime.date | None
    ladder: tuple[tuple[int, Decimal], ...]


@dataclass(frozen=True, slots=True)
class GridRow:
    """`percent` off. At most one of account and group, at most one of the four product fields; brands compare
    as they are folded by the caller."""

    id: UUID
    percent: Decimal
    min_quantity: int
    valid_from: datetime.date
    valid_to: datetime.date | None
    account_id: UUID | None = None
    group: str | None = None
    variant_id: UUID | None = None
    product_id: UUID | None = None
    category_id: UUID | None = None
    brand: str | None = None


@dataclass(frozen=True, slots=True)
class Buyer:
    """`lists` in the customer's order; `tax_inclusive` is how this customer is quoted."""

    account_id: UUID | None
    groups: frozenset[str]
    tax_inclusive: bool
    lists: tuple[PriceList, ...]
    day: datetime.date


class FixedPrice(NamedTuple):
    """The law on a book for this buyer, day and destination. `readings` are the rules in force in each way that what is
    not known may turn out (see legal_caps.readings); `assumed` says in words what is not known. `lists` hold the
    publishers' prices for the country, which contain `tax_rate` percent when they are tax-inclusive. Where they know no
    price, `defaults` stand beside the buyer's own lists, whose prices may lie below the law."""

    readings: tuple[tuple[LegalCap, ...], ...]
    publication_date: str
    lists: tuple[PriceList, ...]
    tax_rate: Decimal
    assumed: tuple[str, ...] = ()
    defaults: tuple[PriceList, ...] = ()


class Item(NamedTuple):
    """`categories` maps each category of the product, ancestors included, to its depth (root 1). `prices` are those of
    the buyer's lists, of publishers' lists and, for books, of default lists. `fixed` is None for what is no book, and
    where no law holds."""

    variant_id: UUID
    product_id: UUID
    brand: str
    categories: Mapping[UUID, int]
    tax: Tax
    prices: Sequence[Price]
    grid: Iterable[GridRow] = ()
    fixed: FixedPrice | None = None


class Agreed(NamedTuple):
    """On what vendor and customer agreed: per unit after discount, in the basis of the line; at least 0, up to four
    decimals."""

    unit: Decimal
    currency: str


class Step(NamedTuple):
    """One reason of the price; before and after are unit prices, but totals for ROUNDING."""

    kind: str
    reference_id: str
    description: str
    before: Decimal
    after: Decimal


class CapProof(NamedTuple):
    """`publisher_price` per unit with tax, else the highest list price for one before discount; `floor` per unit in the
    basis of the line; `list_id` says where the price stands."""

    cap: LegalCap
    publication_date: str
    publisher_price: Decimal
    floor: Decimal
    list_id: UUID


class PricedLine(NamedTuple):
    """`discount` and `total` in minor units of the currency."""

    currency: str
    tax_inclusive: bool
    unit_price: Decimal
    discount_percent: Decimal
    discount: int
    total: int
    unit_net: Decimal
    unit_gross: Decimal
    tax: Tax
    trace: tuple[Step, ...]
    legal_cap: CapProof | None = None
