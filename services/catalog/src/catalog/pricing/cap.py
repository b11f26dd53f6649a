"""Step LEGAL_CAP of the price of a line: the floor that a fixed book price sets."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import NamedTuple

from catalog.legal_caps.domain import LegalCap
from catalog.legal_caps.readings import strictest
from catalog.pricing.domain import CapProof, FixedPrice, Price, PriceList, Step

_UNIT = Decimal("0.0001")
_HUNDRED = Decimal(100)
_ZERO = Decimal(0)


def valid(begin: datetime.date, end: datetime.date | None, day: datetime.date) -> bool:
    return begin <= day and (end is None or day < end)


class Offer(NamedTuple):
    """What a unit costs: before discount, the discount in percent, and exactly what is left."""

    unit: Decimal
    percent: Decimal
    left: Decimal


class Basis(NamedTuple):
    """How the line is quoted. `listed` is the highest list price for one, before discount, in the basis of the line,
    and its list; None where no list of the currency has one."""

    currency: str
    gross: bool
    day: datetime.date
    listed: tuple[Decimal, PriceList] | None


def held(
    fixed: FixedPrice, prices: Sequence[Price], basis: Basis, quantity: int, offer: Offer, trace: list[Step]
) -> tuple[Offer, CapProof | None]:
    """The offer, raised to the floor when it lies below it, and the proof when a rule is in force.

    The step is in the trace when the price was raised, and when anything about the book had to be assumed. Where
    `is_unknown`, there is nothing to reckon with: not to be called.
    """
    cap = strictest(fixed.readings, quantity)
    if cap is None:
        return offer, None
    public = _publisher_price(fixed, prices, basis)
    found = public or basis.listed
    assert found is not None, "a price is known"
    price, price_list = found
    floor = _floor(cap, fixed, basis, price, known=public is not None)
    shown = price.quantize(_UNIT, ROUND_HALF_UP)
    proof = CapProof(cap, fixed.publication_date, shown, floor, price_list.id)
    after = offer if offer.left >= floor else _raised(offer, floor)
    if after is not offer or fixed.assumed or public is None:
        left = offer.left.quantize(_UNIT, ROUND_HALF_UP)
        words = _told(proof, fixed, price_list, known=public is not None)
        trace.append(Step("LEGAL_CAP", str(cap.id), words, left, left if after is offer else floor))
    return after, proof


def least(floor: Decimal, quantity: int, step: Decimal) -> Decimal:
    """The lowest total of a line; `step` is the smallest amount of the currency."""
    return (floor * quantity).quantize(step, ROUND_CEILING)


def lowest_unit(floor: Decimal, quantity: int, step: Decimal) -> Decimal:
    """The lowest unit price, of four decimals, at which a line without discount is not rounded below the floor."""
    enough = (least(floor, quantity, step) - step / 2) / quantity
    return max(floor, enough.quantize(_UNIT, ROUND_CEILING))


def is_unknown(fixed: FixedPrice, prices: Sequence[Price], basis: Basis, quantity: int) -> bool:
    """A rule is in force, and no price is known that could say its floor."""
    known = basis.listed is not None or strictest(fixed.readings, quantity) is None
    return not known and _publisher_price(fixed, prices, basis) is None


def _publisher_price(
    fixed: FixedPrice, prices: Sequence[Price], basis: Basis
) -> tuple[Decimal, PriceList] | None:
    """With tax, for one. Of several lists of the country the highest, so that no order of lists lowers a floor."""
    highest: tuple[Decimal, PriceList] | None = None
    for found in fixed.lists:
        if found.currency != basis.currency:
            continue
        for price in prices:
            if price.list_id != found.id or not valid(price.valid_from, price.valid_to, basis.day):
                continue
            amount = price.ladder[0][1]
            if not found.tax_inclusive:
                amount = amount * (_HUNDRED + fixed.tax_rate) / _HUNDRED
            if highest is None or amount > highest[0]:
                highest = amount, found
    return highest


def _floor(cap: LegalCap, fixed: FixedPrice, basis: Basis, price: Decimal, *, known: bool) -> Decimal:
    """Up to four decimals: nobody goes below the law for a rounding. A publisher's price, if `known`, contains tax."""
    part = _HUNDRED - cap.max_discount_percent
    exact = price * part / (_HUNDRED + fixed.tax_rate if known and not basis.gross else _HUNDRED)
    return exact.quantize(_UNIT, ROUND_CEILING)


def _raised(offer: Offer, floor: Decimal) -> Offer:
    """The unit price stays where the floor leaves a discount; its percentage is told rounded down."""
    if offer.unit <= floor:
        return Offer(floor, _ZERO, floor)
    percent = ((offer.unit - floor) * _HUNDRED / offer.unit).quantize(_UNIT, ROUND_DOWN)
    return Offer(offer.unit, percent, floor)


def _told(proof: CapProof, fixed: FixedPrice, price_list: PriceList, *, known: bool) -> str:
    cap = proof.cap
    percent, amount = f"{cap.max_discount_percent.normalize():f}", f"{proof.publisher_price.normalize():f}"
    price = (
        f"the publisher's price {amount} with VAT"
        if known
        else f"the price {amount} in list {price_list.code}"
    )
    words = f"Fixed book price in {cap.jurisdiction}: at most {percent} % for {cap.buyer_class} off {price}"
    unknown = () if known else ("no publisher's price is known",)
    return "; ".join((words, *unknown, *fixed.assumed))
