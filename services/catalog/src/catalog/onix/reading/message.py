"""What an ONIX message says, as values."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from decimal import Decimal

from catalog.imports.domain import Finding


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the header says for all records; empty where it says nothing."""

    language: str = ""
    price_type: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Territory:
    """Countries and regions (list 49) included and excluded; both empty: said nothing, so everywhere."""

    countries: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class OnixPrice:
    """One Price composite. `end` is the first day on which it is no longer valid."""

    type: str
    qualifier: str
    currency: str
    amount: Decimal
    territory: Territory
    quantity: int = 1
    begin: datetime.date | None = None
    end: datetime.date | None = None


@dataclass(slots=True)
class Descriptive:
    """Block 1. `subjects` are (scheme of list 27, code or text, name of the scheme)."""

    names: dict[str, str] = field(default_factory=dict)
    authors: list[str] = field(default_factory=list)
    characteristics: list[list[str]] = field(default_factory=list)
    subjects: list[tuple[str, str, str]] = field(default_factory=list)
    form: str = ""
    language: str = ""
    weight_grams: int = 0


@dataclass(slots=True)
class Collateral:
    """Block 2."""

    descriptions: dict[str, str] = field(default_factory=dict)
    picture_urls: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Publishing:
    """Block 4. `date` is YYYY, YYYY-MM or YYYY-MM-DD."""

    brand: str = ""
    status: str = ""
    date: str = ""


@dataclass(slots=True)
class Supply:
    """Block 6, the markets of the vendor's country alone. `availability` is that of the best supplier."""

    prices: list[OnixPrice] = field(default_factory=list)
    availability: str = ""
    date: str = ""


@dataclass(slots=True)
class OnixRecord:
    """One Product. Blocks that are absent say nothing."""

    ref: str
    notification: str
    isbn: str | None = None
    gtin: str | None = None
    sku: str = ""
    descriptive: Descriptive | None = None
    collateral: Collateral | None = None
    publishing: Publishing | None = None
    supply: Supply | None = None
    findings: list[Finding] = field(default_factory=list)
