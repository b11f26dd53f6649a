"""What the variants of products cost this customer, and whether they can be delivered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import direct
from catalog.pricing.domain import PricedLine
from catalog.pricing.facts import read_variants
from catalog.pricing.quote import Customer, Line, Quoter
from catalog.products.queries import ProductView
from catalog.stock.availability import Availability, availability_of

_BEST = ("AVAILABLE", "BACKORDER", "TO_ORDER", "PARTLY", "UNAVAILABLE")


@dataclass(frozen=True, slots=True)
class Offer:
    """At quantity 1. Without customer, or without a price of his, `price` is absent."""

    variant_id: UUID
    price: PricedLine | None
    availability: Availability | None
    weight_grams: int


async def offers_of(
    session: AsyncSession, quoter: Quoter, customer: Customer | None, products: Sequence[ProductView]
) -> dict[UUID, Offer]:
    """By variant."""
    ids = [variant.id for product in products for variant in product.variants]
    if not ids:
        return {}
    clock = quoter.clock()
    connection = await direct.of(session)
    if customer is None:
        found = await read_variants(connection, ids, (), None, clock.today)
        return {
            facts.id: Offer(facts.id, None, availability_of(facts, 1), facts.weight_grams) for facts in found
        }
    lines = [Line("", variant_id, "", 1) for variant_id in ids]
    offers: dict[UUID, Offer] = {}
    for quoted in await quoter.quote(connection, customer, lines, clock):
        if quoted.variant is not None:
            weight = quoted.variant.weight_grams
            offers[quoted.variant.id] = Offer(quoted.variant.id, quoted.price, quoted.availability, weight)
    return offers


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
