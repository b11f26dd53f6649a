"""Prices lines for a customer: reads the facts, asks the pricing function, adds availability."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncEngine

from catalog.direct import Connection
from catalog.pricing.domain import Agreed, Buyer, Item, Price, PricedLine
from catalog.pricing.facts import VariantFacts, read_order, read_prices, read_variants
from catalog.pricing.fixed import BookLaw
from catalog.pricing.items import Items
from catalog.pricing.negotiated import price_agreed
from catalog.pricing.price import price_line
from catalog.pricing.reference import Reference, ReferenceCache
from catalog.stock.availability import Availability, availability_of
from catalog.tax.rates import Destination
from chassis import db


@dataclass(frozen=True, slots=True)
class Customer:
    """For whom a price is asked; facts of the service customers."""

    account_id: UUID | None
    groups: tuple[str, ...] = ()
    region_code: str = ""
    postal_code: str = ""
    buyer_class: str = ""
    business: bool = False
    vat_number: str = ""

    @property
    def destination(self) -> Destination:
        return Destination(self.region_code, self.postal_code, self.business, self.vat_number)


PART = 250  # lines
_PARTS_AT_ONCE = 2


class Line(NamedTuple):
    """One of variant_id and sku is set; `agreed` instead of what the lists say."""

    line_id: str
    variant_id: UUID | None
    sku: str
    quantity: int
    agreed: Agreed | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a line cannot be sold as asked; `floor` with its currency when the law asks more for a unit."""

    reason: str
    description: str
    available: int = 0
    expected_date: datetime.date | None = None
    floor: Decimal | None = None
    currency: str = ""


class QuotedLine(NamedTuple):
    line: Line
    variant: VariantFacts | None
    price: PricedLine | None
    availability: Availability | None
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class Clock:
    """`instant` decides; `past` is set when what was known at that instant counts."""

    instant: datetime.datetime
    day: datetime.date
    today: datetime.date
    past: datetime.datetime | None


class Quoter:
    """Everything one process needs to price lines."""

    def __init__(self, zone: ZoneInfo, vendor_region: str) -> None:
        self._zone = zone
        self.vendor_region = vendor_region
        self.references = ReferenceCache()

    def clock(self, as_of: datetime.datetime | None = None) -> Clock:
        """Local days in the vendor's business time zone."""
        now = datetime.datetime.now(datetime.UTC)
        today = now.astimezone(self._zone).date()
        if as_of is None:
            return Clock(now, today, today, None)
        try:
            day = as_of.astimezone(self._zone).date()
        except OverflowError:  # within hours of the year 1 or 10000
            day = as_of.date()
        return Clock(as_of, day, today, as_of if as_of < now else None)

    async def quote(
        self, connection: Connection, customer: Customer, lines: Sequence[Line], clock: Clock
    ) -> list[QuotedLine]:
        """In the order of the lines. Two statements, whatever their number."""
        ids = list({line.variant_id for line in lines if line.variant_id is not None})
        skus = list({line.sku for line in lines if line.variant_id is None})
        variants = await read_variants(connection, ids, skus, customer.account_id, clock.today)
        return await self.quote_read(connection, customer, lines, clock, variants)

    async def quote_in_parts(
        self, hot: AsyncEngine, customer: Customer, lines: Sequence[Line], clock: Clock
    ) -> list[QuotedLine]:
        """The same on connections of `hot`. Of many lines the database reads one part while another one is priced, and
        whoever asks for few in the meantime waits for no more than a part."""
        places = asyncio.Semaphore(_PARTS_AT_ONCE)

        async def quoted(part: Sequence[Line]) -> list[QuotedLine]:
            async with places, db.driver(hot) as connection:
                return await self.quote(connection, customer, part, clock)

        parts = [lines[start : start + PART] for start in range(0, len(lines), PART)]
        return [line for found in await asyncio.gather(*map(quoted, parts)) for line in found]

    async def quote_read(
        self,
        connection: Connection,
        customer: Customer,
        lines: Sequence[Line],
        clock: Clock,
        variants: Sequence[VariantFacts],
    ) -> list[QuotedLine]:
        """The same for variants that were read just now."""
        reference = self.references.current
        own: Sequence[UUID] = ()
        if variants:
            own = variants[0].account_lists or ()
            if reference.version != variants[0].version:
                reference = await self.references.fresh(connection, variants[0].version)
        buyer = _buyer(reference, customer, own, clock.day)
        law = BookLaw(reference, customer.destination, customer.buyer_class, clock.day, self.vendor_region)
        sold = [variant for variant in variants if not variant.discontinued]
        lists = (*buyer.lists, *law.lists(sold))
        numbers = {reference.numbers[price_list.id]: price_list for price_list in lists}
        prices = await read_prices(connection, [each.no for each in sold], numbers, clock.day, clock.past)
        by_id = {variant.id: variant for variant in variants}
        by_sku = {variant.sku: variant for variant in variants}
        customers = dict.fromkeys((customer.account_id, *customer.groups, None))
        grids = reference.grids_of(customers)
        items = Items(reference, grids, buyer, customer.destination, law, self.vendor_region)
        work = _Work(buyer, items, prices)
        return [
            work.quoted(
                line, by_id.get(line.variant_id) if line.variant_id is not None else by_sku.get(line.sku)
            )
            for line in lines
        ]

    async def lists_of(self, connection: Connection, customer: Customer | None) -> tuple[int, ...]:
        """The numbers of the customer's price lists, in their order."""
        if customer is None:
            return ()
        version, own = await read_order(connection, customer.account_id)
        reference = await self.references.fresh(connection, version)
        lists = reference.lists_of(own, customer.groups, business=customer.business)
        return tuple(reference.numbers[price_list.id] for price_list in lists)


def _buyer(
    reference: Reference, customer: Customer, account_lists: Sequence[UUID], day: datetime.date
) -> Buyer:
    return Buyer(
        account_id=customer.account_id,
        groups=frozenset(customer.groups),
        tax_inclusive=not customer.business,
        lists=reference.lists_of(account_lists, customer.groups, business=customer.business),
        day=day,
    )


class _Work(NamedTuple):
    buyer: Buyer
    items: Items
    prices: Mapping[int, Sequence[Price]]

    def quoted(self, line: Line, variant: VariantFacts | None) -> QuotedLine:
        if variant is None:
            refusal = Refusal("VARIANT_NOT_FOUND", "There is no such variant.")
            return QuotedLine(line, None, None, None, refusal)
        if variant.discontinued:
            refusal = Refusal("VARIANT_DISCONTINUED", f"{variant.sku} is no longer sold.")
            return QuotedLine(line, variant, None, None, refusal)
        if line.agreed is not None:
            return self._agreed(line, variant, line.agreed)
        price = price_line(self.buyer, self._item(variant), line.quantity)
        if price is None:
            refusal = Refusal("NO_PRICE", f"{variant.sku} has no price for this account on {self.buyer.day}.")
            return QuotedLine(line, variant, None, availability_of(variant, line.quantity), refusal)
        return QuotedLine(line, variant, price, availability_of(variant, line.quantity), None)

    def _agreed(self, line: Line, variant: VariantFacts, agreed: Agreed) -> QuotedLine:
        answer = price_agreed(self.buyer, self._item(variant), line.quantity, agreed)
        available = availability_of(variant, line.quantity)
        if isinstance(answer, PricedLine):
            return QuotedLine(line, variant, answer, available, None)
        words = f"{variant.sku}: {answer.description}"
        refusal = Refusal(answer.reason, words, floor=answer.floor, currency=agreed.currency)
        return QuotedLine(line, variant, None, available, refusal)

    def _item(self, variant: VariantFacts) -> Item:
        return self.items.of(variant, self.prices.get(variant.no, ()))
