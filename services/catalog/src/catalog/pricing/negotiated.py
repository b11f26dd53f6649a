"""The price of a line on which vendor and customer agreed: beside `price`, with its rules for tax, rounding and law.

1. NEGOTIATED  What was agreed per unit, in the basis of the line, takes the place of lists, ladders and grid. The step
   names the list price that it replaces (after ladder and conversion, before the grid), when there is one.
2. LEGAL_CAP   The floor of a fixed book price holds for everybody, but here nothing is raised: a price on which two
   parties agreed is changed by them or not at all. Below the floor, by unit or by the rounded total, the line is
   refused, with the lowest unit price at which this quantity is sold.
3. ROUNDING    As ever: the total is rounded once.

Decided:
- Where a list has a price of the variant, the agreed price is in its currency, so that an order keeps to one.
- What no list prices may be sold all the same, in the currency of the agreement; its tax comes from its class
  and destination, as ever. Only a book under a fixed price needs a price to reckon the floor on: without one of the
  publisher or of a default list in that currency it is refused.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from catalog.pricing import cap
from catalog.pricing.domain import Agreed, Buyer, CapProof, Item, Price, PricedLine, PriceList, Step
from catalog.pricing.price import basis_of, converted, first_list, ladder_step, minor_unit, total

_ZERO = Decimal(0)


class Unsold(NamedTuple):
    """Why the line cannot be sold at that price. `floor` per unit in the basis and currency of the line."""

    reason: str
    description: str
    floor: Decimal | None = None


def price_agreed(buyer: Buyer, item: Item, quantity: int, agreed: Agreed) -> PricedLine | Unsold:
    """The price of `quantity` (at least 1) at what was agreed; else CURRENCY_MISMATCH, BELOW_LEGAL_FLOOR, or
    NO_PRICE for a fixed price that nobody knows."""
    found = first_list(buyer, item.prices)
    if found is not None and found[0].currency != agreed.currency:
        words = (
            f"Price list {found[0].code} is in {found[0].currency}; nothing is agreed in {agreed.currency}."
        )
        return Unsold("CURRENCY_MISMATCH", words)
    trace = [_step(buyer, item, quantity, agreed, found)]
    offer, proof = cap.Offer(agreed.unit, _ZERO, agreed.unit), None
    if item.fixed is not None:
        basis = basis_of(agreed.currency, buyer, item, item.fixed)
        if cap.is_unknown(item.fixed, item.prices, basis, quantity):
            return Unsold(
                "NO_PRICE", "The law fixes the price, and none is known on which to reckon its floor."
            )
        _, proof = cap.held(item.fixed, item.prices, basis, quantity, offer, trace)
        if proof is not None:
            lowest = cap.lowest_unit(proof.floor, quantity, minor_unit(agreed.currency)[1])
            if agreed.unit < lowest:
                return _below(proof, lowest, agreed.currency)
    return total(agreed.currency, buyer, item.tax, quantity, offer, proof, trace)


def _step(
    buyer: Buyer, item: Item, quantity: int, agreed: Agreed, found: tuple[PriceList, Price] | None
) -> Step:
    if found is None:
        return Step("NEGOTIATED", "", "Agreed; no list has a price", agreed.unit, agreed.unit)
    price_list, price = found
    minimum, listed = ladder_step(price, quantity)
    before = converted(listed, price_list, buyer, item.tax)[0]
    words = f"Agreed, instead of the unit price from {minimum} in price list {price_list.code}"
    return Step("NEGOTIATED", str(price.id), words, before, agreed.unit)


def _below(proof: CapProof, lowest: Decimal, currency: str) -> Unsold:
    floor = f"{lowest.normalize():f} {currency}"
    words = f"Fixed book price in {proof.cap.jurisdiction}: a unit costs at least {floor}."
    return Unsold("BELOW_LEGAL_FLOOR", words, lowest)
