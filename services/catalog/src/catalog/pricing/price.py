"""The price of a line: one pure function, used by quotes, carts and orders alike.

Order of precedence, each step in the trace of the line:

1. PRICE_LIST  The customer's price lists are tried in their order. The first one with a price of the variant
   that is valid on the day wins, with its whole ladder; ladders of two lists are never mixed.
2. LADDER      Of that ladder the highest step whose minimum quantity is reached.
3. TAX_CONVERSION  Businesses are quoted without tax, consumers with it. A list of the other basis is converted,
   to four decimals, half away from zero: tax-inclusive prices contain the tax of the vendor's own country.
   Nothing is converted for a consumer in the EU on a tax-inclusive list: he pays that price anywhere.
4. GRID        One row of the discount grid applies, never several. Rows qualify by customer, product, minimum
   quantity and day. The most specific customer wins: account, then group, then everybody. Among those the most
   specific product: variant, product, category (a deeper one before its ancestors), brand, then everything.
   Ties take the higher percentage (then the older row, so that the trace is always the same).
5. LEGAL_CAP   A fixed book price sets a floor on what is left, which nothing before may undercut: the publisher's
   price less what the law allows this buyer, in the basis of the line, rounded up to four decimals (see `cap`). A
   unit price below the floor is raised to it. The publisher's price is that of a list of publishers' prices for the
   country of the destination, for one; else the highest price for one before discount among the customer's lists and
   the default lists of the currency, whose own list may be cheaper than the law.
6. ROUNDING    total = round(unit price x quantity x (1 - percentage)), once, half away from zero, to the minor
   unit. The discount in money is what is missing from round(unit price x quantity), so that
   round(unit price x quantity - discount) is the total as well. Below floor x quantity no total is rounded: there it
   is the next amount above, and the unit price is raised where it does not come to that by itself.

Amounts are Decimal. Unit prices have at most eight digits and four decimals, quantities seven digits, percentages
seven: their product has 26 digits and is exact in the 28 of decimal's default context.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache

from catalog.pricing import cap
from catalog.pricing.domain import (
    Buyer,
    CapProof,
    FixedPrice,
    GridRow,
    Item,
    Price,
    PricedLine,
    PriceList,
    Step,
)
from catalog.tax.rates import Tax
from chassis.money import exponent

_UNIT = Decimal("0.0001")
_HUNDRED = Decimal(100)
_ZERO = Decimal(0)
_ONE = Decimal(1)


def price_line(buyer: Buyer, item: Item, quantity: int) -> PricedLine | None:
    """The price of `quantity` (at least 1) of the item; None when no list has a valid price."""
    found = first_list(buyer, item.prices)
    if found is None:
        return None
    price_list, price = found
    minimum, listed = ladder_step(price, quantity)
    first = price.ladder[0][1]
    trace = [
        Step("PRICE_LIST", str(price_list.id), f"Price list {price_list.code}", first, first),
        Step("LADDER", str(price.id), f"Unit price from {minimum}", first, listed),
    ]
    unit = _convert(listed, price_list, buyer, item.tax, trace)
    row = _best_row(buyer, item, quantity)
    percent, left = _ZERO, unit
    if row is not None:
        percent = row.percent
        left = unit * (_HUNDRED - percent) / _HUNDRED
        trace.append(Step("GRID", str(row.id), _told(row), unit, _rounded(left)))
    offer, proof = cap.Offer(unit, percent, left), None
    if item.fixed is not None:
        basis = basis_of(price_list.currency, buyer, item, item.fixed)
        offer, proof = cap.held(item.fixed, item.prices, basis, quantity, offer, trace)
    return total(price_list.currency, buyer, item.tax, quantity, offer, proof, trace)


def _rounded(value: Decimal, step: Decimal = _UNIT) -> Decimal:
    return value.quantize(step, ROUND_HALF_UP)


def first_list(buyer: Buyer, prices: Sequence[Price]) -> tuple[PriceList, Price] | None:
    for price_list in buyer.lists:
        for price in prices:
            if price.list_id == price_list.id and cap.valid(price.valid_from, price.valid_to, buyer.day):
                return price_list, price
    return None


def ladder_step(price: Price, quantity: int) -> tuple[int, Decimal]:
    reached = price.ladder[0]
    for step in price.ladder:
        if step[0] > quantity:
            break
        reached = step
    return reached


def _convert(unit: Decimal, price_list: PriceList, buyer: Buyer, tax: Tax, trace: list[Step]) -> Decimal:
    after, words = converted(unit, price_list, buyer, tax)
    if words:
        trace.append(Step("TAX_CONVERSION", "", words, unit, after))
    return after


def converted(unit: Decimal, price_list: PriceList, buyer: Buyer, tax: Tax) -> tuple[Decimal, str]:
    """In the basis of the line, and in words what was done; "" for nothing."""
    if price_list.tax_inclusive and (not buyer.tax_inclusive or tax.category == "G"):
        without = unit / (_ONE + tax.home_rate / _HUNDRED)
        return _rounded(without), f"Without the {tax.home_rate.normalize():f} % VAT that the list contains"
    if buyer.tax_inclusive and not price_list.tax_inclusive:
        return _rounded(unit * (_ONE + tax.rate / _HUNDRED)), f"With {tax.rate.normalize():f} % VAT"
    return unit, ""


def basis_of(currency: str, buyer: Buyer, item: Item, fixed: FixedPrice) -> cap.Basis:
    """For the floor of a fixed price in a currency. Of equal prices the buyer's own list is told."""
    highest: tuple[Decimal, PriceList] | None = None
    for price_list in (*buyer.lists, *fixed.defaults):
        for price in item.prices:
            if price.list_id != price_list.id or price_list.currency != currency:
                continue
            if not cap.valid(price.valid_from, price.valid_to, buyer.day):
                continue
            of_one = converted(price.ladder[0][1], price_list, buyer, item.tax)[0]
            if highest is None or of_one > highest[0]:
                highest = of_one, price_list
    gross = buyer.tax_inclusive and item.tax.category != "G"
    return cap.Basis(currency, gross, buyer.day, highest)


def _best_row(buyer: Buyer, item: Item, quantity: int) -> GridRow | None:
    best: GridRow | None = None
    best_rank: tuple[int, int, Decimal] | None = None
    for row in item.grid:
        if quantity < row.min_quantity or not cap.valid(row.valid_from, row.valid_to, buyer.day):
            continue
        customer, product = _customer_rank(row, buyer), _product_rank(row, item)
        if customer is None or product is None:
            continue
        rank = (customer, product, row.percent)
        if best is None or best_rank is None or rank > best_rank or (rank == best_rank and row.id < best.id):
            best, best_rank = row, rank
    return best


def _customer_rank(row: GridRow, buyer: Buyer) -> int | None:
    if row.account_id is not None:
        return 2 if row.account_id == buyer.account_id else None
    if row.group is not None:
        return 1 if row.group in buyer.groups else None
    return 0


_VARIANT, _PRODUCT, _CATEGORY, _BRAND, _ALL = 1_000_002, 1_000_001, 1, 1, 0


def _product_rank(row: GridRow, item: Item) -> int | None:
    """Greater is more specific; categories rank by depth, above brands."""
    if row.variant_id is not None:
        return _VARIANT if row.variant_id == item.variant_id else None
    if row.product_id is not None:
        return _PRODUCT if row.product_id == item.product_id else None
    if row.category_id is not None:
        depth = item.categories.get(row.category_id)
        return None if depth is None else _CATEGORY + depth
    if row.brand is not None:
        return _BRAND if row.brand == item.brand else None
    return _ALL


def _told(row: GridRow) -> str:
    customer = "this account" if row.account_id else (f"group {row.group}" if row.group else "everybody")
    if row.variant_id is not None:
        product = "variant"
    elif row.product_id is not None:
        product = "product"
    elif row.category_id is not None:
        product = "category"
    else:
        product = f"brand {row.brand}" if row.brand is not None else "everything"
    return _discount(row.percent, row.min_quantity, customer, product)


@lru_cache(maxsize=16_384)
def _discount(percent: Decimal, minimum: int, customer: str, product: str) -> str:
    return f"{percent.normalize():f} % from {minimum} for {customer} on {product}"


def total(
    currency: str,
    buyer: Buyer,
    tax: Tax,
    quantity: int,
    offer: cap.Offer,
    proof: CapProof | None,
    trace: list[Step],
) -> PricedLine:
    unit, percent, left = offer
    places, step = minor_unit(currency)
    exact = left * quantity
    rounded, words = _rounded(exact, step), "Line total to the minor unit, once"
    full = rounded if left is unit else _rounded(unit * quantity, step)
    if proof is not None and rounded < proof.floor * quantity:
        rounded, words = cap.least(proof.floor, quantity, step), f"{words}, up to the floor of the law"
        if full < rounded:
            unit = left = cap.lowest_unit(proof.floor, quantity, step)
            percent, full = _ZERO, _rounded(unit * quantity, step)
            rounded = full
    if rounded != exact:
        trace.append(Step("ROUNDING", "", words, exact, rounded))
    with_tax = _ONE + tax.rate / _HUNDRED
    return PricedLine(
        currency=currency,
        tax_inclusive=buyer.tax_inclusive,
        unit_price=unit,
        discount_percent=percent,
        discount=int((full - rounded).scaleb(places)),
        total=int(rounded.scaleb(places)),
        unit_net=_rounded(left / with_tax if buyer.tax_inclusive else left),
        unit_gross=_rounded(left if buyer.tax_inclusive else left * with_tax),
        tax=tax,
        trace=tuple(trace),
        legal_cap=proof,
    )


@cache
def minor_unit(currency: str) -> tuple[int, Decimal]:
    """Decimal places of the currency, and its smallest amount."""
    places = exponent(currency)
    return places, _ONE.scaleb(-places)
