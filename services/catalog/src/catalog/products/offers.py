"""What the variants of products cost this customer, and whether they can be delivered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from catalog.direct import Connection
from catalog.pricing.domain import PricedLine
from catalog.pricing.facts import VariantFacts, read_products
from catalog.pricing.quote import Customer, Line, Quoter
from catalog.stock.availability import Availability, availability_of

_BEST = ("AVAILABLE", "BACKORDER", "TO_ORDER", "PARTLY", "UNAVAILABLE")


class Offer(NamedTuple):
    """Of one variant, at quantity 1. Without customer, or without a price of his, `price` is absent."""

    variant_id: UUID
    product_id: UUID
    product_version: int
    price: PricedLine | None
    availability: Availability | None
    weight_grams: int


async def offers_of(
    connection: Connection, quoter: Quoter, customer: Customer | None, product_ids: Sequence[UUID]
) -> dict[UUID, Offer]:
    """Of all variants of the products, by variant."""
    clock = quoter.clock()
    account_id = None if customer is None else customer.account_id
    variants = await read_products(connection, product_ids, account_id, clock.today)
    if customer is None:
        return {facts.id: _offer(facts, None, availability_of(facts, 1)) for facts in variants}
    lines = [Line("", facts.id, "", 1) for facts in variants]
    quoted = await quoter.quote_read(connection, customer, lines, clock, variants)
    return {
        facts.id: _offer(facts, line.price, line.availability)
        for facts, line in zip(variants, quoted, strict=True)
    }


def _offer(facts: VariantFacts, price: PricedLine | None, availability: Availability | None) -> Offer:
    return Offer(facts.id, facts.product_id, facts.product_version, price, availability, facts.weight_grams)


def cheapest(offers: Sequence[Offer]) -> Offer | None:
    priced = [offer for offer in offers if offer.price is not None]
    return min(priced, key=lambda offer: offer.price.total if offer.price is not None else 0, default=None)


def best_availability(offers: Sequence[Offer]) -> Availability | None:
    """The best state of all variants, with what is available of all of them together."""
    known = [offer.availability for offer in offers if offer.availability is not None]
    if not known:
        return None
    best = min(known, key=lambda availability: _BEST.index(availability.state))
    total = sum(availability.available for availability in known)
    return Availability(best.state, total, best.expected_date)
