"""What the floor of a fixed book price is reckoned on."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from google.type import decimal_pb2

from chassis.ids import new_id

from .. import factories as a
from .conftest import ORDERS, Catalog
from .test_legal_caps import a_book
from .test_pricing import eur, quote


@pytest.mark.spec("C-10", "C-16")
async def test_a_list_of_one_s_own_is_no_way_around_the_law(catalog: Catalog) -> None:
    book = await a_book(catalog, price="20.00")
    shop = await a.a_list(catalog.sessions, "SHOP", tax_inclusive=True, default_use="CONSUMER")
    own = await a.a_list(catalog.sessions, "CHEAP", tax_inclusive=True)
    await a.a_price(catalog.sessions, book, shop, [(1, "25.00")])
    await a.a_price(catalog.sessions, book, own, [(1, "10.00")])
    account = new_id()
    async with catalog.sessions.begin() as session:
        statement = "INSERT INTO price_list_orders VALUES ('ACCOUNT', :account, CAST(:lists AS uuid[]))"
        await session.execute(sa.text(statement), {"account": str(account), "lists": [own]})
    facts = {"region_code": "FR", "buyer_class": "CONSUMER", "business": False}
    request = quote(book, 1, **facts)  # type: ignore[arg-type]
    request.customer.account_id = str(account)
    price = (await catalog.pricing.QuoteLines(request, metadata=ORDERS)).lines[0].price
    assert (price.unit_price, price.total.units) == (eur("25"), 25)
    proof = price.legal_cap
    assert (proof.publisher_price, proof.floor, proof.price_list_id) == (eur("25"), eur("25"), str(shop))
    step = price.trace[-1]
    assert (step.before, step.after) == (decimal_pb2.Decimal(value="10"), decimal_pb2.Decimal(value="25"))
    assert "off the price 25 in list SHOP" in step.description
    chair = await a.a_variant(catalog.sessions, price="20.00")
    await a.a_price(catalog.sessions, chair, own, [(1, "10.00")])
    request.lines[0].variant_id = str(chair.id)
    price = (await catalog.pricing.QuoteLines(request, metadata=ORDERS)).lines[0].price
    assert price.total.units == 10


@pytest.mark.spec("C-14", "C-16")
async def test_overseas_the_french_publisher_s_price_holds(catalog: Catalog) -> None:
    book = await a_book(catalog, price=None)
    shop = await a.a_list(catalog.sessions, "SHOP", tax_inclusive=True, default_use="CONSUMER")
    await a.a_price(catalog.sessions, book, shop, [(1, "10.00")])
    public = await a.a_list(catalog.sessions, "PUB-FR", tax_inclusive=True, publisher="FR")
    await a.a_price(catalog.sessions, book, public, [(1, "21.10")])  # with 5.5 %
    request = quote(book, 1, region_code="GP", buyer_class="CONSUMER", business=False)
    price = (await catalog.pricing.QuoteLines(request, metadata=ORDERS)).lines[0].price
    proof = price.legal_cap
    assert (proof.jurisdiction, proof.publisher_price, proof.price_list_id) == (
        "FR",
        eur("21.1"),
        str(public),
    )
    assert price.unit_price == eur("20")  # exported without tax
    assert price.trace[-1].description.endswith("with VAT; GP taken to be under the law of FR")
    local = await a.a_list(catalog.sessions, "PUB-GP", tax_inclusive=True, publisher="GP")
    await a.a_price(catalog.sessions, book, local, [(1, "24.265")])  # raised there by 15 %
    price = (await catalog.pricing.QuoteLines(request, metadata=ORDERS)).lines[0].price
    assert (price.unit_price, price.legal_cap.price_list_id) == (eur("23"), str(local))
    request.customer.region_code = "FR"
    price = (await catalog.pricing.QuoteLines(request, metadata=ORDERS)).lines[0].price
    assert (price.unit_price, price.legal_cap.price_list_id) == (eur("21.1"), str(public))
