"""Block 6: markets, availability and prices."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from xml.etree.ElementTree import Element

from catalog.imports.domain import Finding, Refused
from catalog.onix.reading import codes, dates
from catalog.onix.reading.blocks import dated
from catalog.onix.reading.message import Defaults, OnixPrice, Supply, Territory
from catalog.onix.reading.text import child
from catalog.pricing.list_wire import FIRST_DAY, LAST_DAY
from catalog.pricing.requests import MAX_PRICE, MAX_QUANTITY
from chassis.money import parse_decimal

_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_COMMA = re.compile(r"\d+,\d{1,2}", re.ASCII)
_DAY = datetime.timedelta(days=1)
_ANYWHERE = Territory()


def includes(territory: Territory, country: str) -> bool:
    """Whether all of a country belongs to it."""
    if territory == _ANYWHERE or country in territory.countries:
        return True
    if country in territory.without or any(part.startswith(f"{country}-") for part in territory.without):
        return False
    wide = territory.regions & {"WORLD", "ROW"}
    return bool(wide) or ("ECZ" in territory.regions and country in codes.EURO_ZONE)


def read(products: list[Element], defaults: Defaults, country: str, findings: list[Finding]) -> Supply:
    """The markets that include `country`. Raises Refused for a price whose amount or dates cannot be read."""
    found, statuses, seen = Supply(), [], False
    for supply in products:
        markets = [_territory(market) for market in supply.iterfind("Market")]
        if markets and not any(includes(market, country) for market in markets):
            continue
        seen = True
        detail = supply.find("MarketPublishingDetail")
        if detail is not None and not found.date:
            found.date = dated(detail.iterfind("MarketDate"), "MarketDateRole", findings)
        for supplier in supply.iterfind("SupplyDetail"):
            status = child(supplier, "ProductAvailability")
            if len(status) == 2 and status.isascii() and status.isdigit():
                statuses.append(status)
            here = next((market for market in markets if includes(market, country)), _ANYWHERE)
            found.prices += _prices(supplier, defaults, here, findings)
    if not seen and products:
        findings.append(Finding("Market", "", f"OTHER_MARKETS: none includes {country}"))
    # One supplier who can deliver is enough.
    found.availability = min(statuses, key=lambda status: status in codes.ENDED_AVAILABILITIES, default="")
    return found


def _territory(parent: Element) -> Territory:
    element = parent.find("Territory")
    if element is None:
        return _ANYWHERE
    return _parsed(
        child(element, "CountriesIncluded"),
        child(element, "RegionsIncluded"),
        f"{child(element, 'CountriesExcluded')} {child(element, 'RegionsExcluded')}",
    )


@lru_cache(maxsize=1000)  # a sender says the same few territories in all records
def _parsed(countries: str, regions: str, without: str) -> Territory:
    return Territory(*(frozenset(words.upper().split()) for words in (countries, regions, without)))


def _prices(
    supplier: Element, defaults: Defaults, market: Territory, findings: list[Finding]
) -> Iterator[OnixPrice]:
    for element in supplier.iterfind("Price"):
        conditions = [
            child(condition, "PriceConditionType") for condition in element.iterfind("PriceCondition")
        ]
        if any(condition not in ("", "00") for condition in conditions):
            findings.append(Finding("PriceCondition", " ".join(conditions), "PRICE_CONDITION; left out"))
            continue
        written = child(element, "PriceAmount")
        if not written:
            continue  # coded or unpriced: there is no amount to take
        territory = _territory(element)
        begin, end = _validity(element)
        yield OnixPrice(
            type=child(element, "PriceType") or defaults.price_type,
            qualifier=child(element, "PriceQualifier").removeprefix("00"),
            currency=_currency(child(element, "CurrencyCode") or defaults.currency),
            amount=_amount(written, findings),
            territory=market if territory == _ANYWHERE else territory,
            quantity=_quantity(child(element, "MinimumOrderQuantity")),
            begin=begin,
            end=end,
        )


def _amount(written: str, findings: list[Finding]) -> Decimal:
    text = written
    if _COMMA.fullmatch(text):
        findings.append(Finding("PriceAmount", written, "DECIMAL_COMMA", repaired=True))
        text = text.replace(",", ".")
    try:
        amount = parse_decimal(text)
    except ValueError:
        raise Refused(Finding("PriceAmount", written, "DECIMAL_NUMBER")) from None
    if not 0 <= amount <= MAX_PRICE or amount != round(amount, 4):
        raise Refused(Finding("PriceAmount", written, f"PRICE: 0 to {MAX_PRICE}, four decimals at most"))
    return amount


def _currency(code: str) -> str:
    if code and not _CURRENCY.fullmatch(code):
        raise Refused(Finding("CurrencyCode", code, "ISO_4217"))
    return code


def _quantity(text: str) -> int:
    if not text:
        return 1
    if text.isascii() and text.isdigit() and len(text) <= 7 and 1 <= int(text) <= MAX_QUANTITY:
        return int(text)
    raise Refused(Finding("MinimumOrderQuantity", text, f"WHOLE_NUMBER: 1 to {MAX_QUANTITY}"))


def _validity(element: Element) -> tuple[datetime.date | None, datetime.date | None]:
    """First day, and first day after the last: ONIX counts the last day in (list 173, code 24)."""
    begin: datetime.date | None = None
    last: datetime.date | None = None
    for composite in element.iterfind("PriceDate"):
        role, written = child(composite, "PriceDateRole"), child(composite, "Date")
        form = dates.form_of(composite)
        if role == "24":
            period = dates.spread(written)
            begin, last = period or (None, None)
        elif role == "14":
            begin = dates.day(written, form, last=False)
        elif role == "15":
            last = dates.day(written, form, last=True)
        else:
            continue
        wanted = begin if role == "14" else last
        if wanted is None or not FIRST_DAY <= wanted < LAST_DAY or (begin is not None and begin < FIRST_DAY):
            raise Refused(Finding("PriceDate", written, "DATE"))
    if begin is not None and last is not None and last < begin:
        raise Refused(Finding("PriceDate", f"{begin} {last}", "DATE: ends before it begins"))
    return begin, None if last is None else last + _DAY
