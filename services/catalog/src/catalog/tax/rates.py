"""The VAT rate and EN 16931 category of goods, by destination, class and day.

Rules, first match wins: destination outside the EU is G (export, 0 %); a business with a VAT number of another
member state than the vendor's, delivered in another member state, is K (intra-community, 0 %); otherwise the
destination's rate of the class, S, or Z when that is 0. A region outside the VAT territory counts as G.

Rates and regional exceptions: vat-rates.json by ibericode (MIT, see vat-rates.LICENSE).
"""

from __future__ import annotations

import datetime
import json
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path

from catalog.tax.classes import ALIASES, EU, RATE_NAMES, REGIONAL_REDUCED

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Tax:
    """`rate` in percent. `home_rate` is what the class takes where the vendor sells from: the tax that
    tax-inclusive price lists contain."""

    rate: Decimal
    category: str
    home_rate: Decimal


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the goods go. An empty region means the vendor's own."""

    region_code: str
    postal_code: str = ""
    business: bool = False
    vat_number: str = ""


@dataclass(frozen=True, slots=True)
class _Exception:
    name: str
    postcode: re.Pattern[str]
    standard: Decimal


@dataclass(frozen=True, slots=True)
class _Period:
    begin: str  # ISO date; the file writes 0000-01-01 for "always", which datetime.date cannot hold
    rates: dict[str, Decimal]
    exceptions: tuple[_Exception, ...]


@cache
def _periods() -> dict[str, tuple[_Period, ...]]:
    """By country, newest first."""
    text = Path(__file__).with_name("vat-rates.json").read_text()
    items = json.loads(text, parse_float=Decimal, parse_int=Decimal)["items"]
    return {country: tuple(sorted(map(_period, found), key=lambda p: p.begin, reverse=True))
            for country, found in items.items()}  # fmt: skip


def _period(item: dict[str, object]) -> _Period:
    exceptions = item.get("exceptions", ())
    return _Period(
        begin=str(item["effective_from"]),
        rates=dict(item["rates"]),  # type: ignore[call-overload]
        exceptions=tuple(
            _Exception(found["name"], re.compile(found["postcode"], re.ASCII), found["standard"])
            for found in exceptions  # type: ignore[attr-defined]
            if "standard" in found
        ),
    )


def _of_day(country: str, day: datetime.date) -> _Period | None:
    iso = day.isoformat()
    return next((period for period in _periods().get(country, ()) if period.begin <= iso), None)


def _class_rate(period: _Period, country: str, vat_class: str) -> Decimal:
    if vat_class == "ZERO":
        return _ZERO
    name = RATE_NAMES.get((country, vat_class), "standard")
    return period.rates.get(name, period.rates["standard"])


def _regional(found: _Exception, vat_class: str) -> Decimal:
    if vat_class == "ZERO":
        return _ZERO
    reduced = REGIONAL_REDUCED.get(found.name)
    return Decimal(reduced) if reduced is not None and vat_class != "STANDARD" else found.standard


def _national(country: str, postal_code: str, vat_class: str, day: datetime.date) -> tuple[Decimal, str]:
    period = _of_day(country, day)
    if period is None:  # a member state the file does not know at that day
        raise LookupError(f"no VAT rates of {country} on {day}")
    code = postal_code.upper().removeprefix(f"{country}-").replace(" ", "").replace("-", "")
    for found in period.exceptions:
        if code and found.postcode.fullmatch(code):
            rate = _regional(found, vat_class)
            return rate, "S" if rate else ("Z" if vat_class == "ZERO" else "G")
    rate = _class_rate(period, country, vat_class)
    return rate, "S" if rate else "Z"


@lru_cache(maxsize=4096)
def tax_of(destination: Destination, vat_class: str, day: datetime.date, vendor_region: str) -> Tax:
    """Raises LookupError when the rate file does not know the country on that day."""
    region = ALIASES.get(destination.region_code, destination.region_code) or vendor_region
    home_period = _of_day(vendor_region, day)
    home_rate = _class_rate(home_period, vendor_region, vat_class) if home_period is not None else _ZERO
    if region not in EU:
        return Tax(_ZERO, "G", home_rate)
    registered = ALIASES.get(destination.vat_number[:2].upper(), destination.vat_number[:2].upper())
    foreign = registered in EU and vendor_region not in (registered, region)
    if destination.business and foreign:
        return Tax(_ZERO, "K", home_rate)
    rate, category = _national(region, destination.postal_code, vat_class, day)
    return Tax(rate, category, home_rate)
