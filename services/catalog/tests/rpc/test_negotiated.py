"""Agreed prices over the wire: for services only, in quotes and in reservations."""

from __future__ import annotations

import pytest
from commis.catalog.v1 import pricing_pb2 as pb
from commis.catalog.v1 import stock_pb2
from google.type import money_pb2

from chassis.ids import new_id
from chassis.testing import as_customer, as_staff

from .. import factories as a
from .conftest import ORDERS, STAFF, Catalog, refusal
from .test_pricing import eur, quote

FIELD = "lines[0].negotiated_unit_price"


def agreed(request: pb.QuoteLinesRequest, price: money_pb2.Money) -> pb.QuoteLinesRequest:
    request.lines[0].negotiated_unit_price.CopyFrom(price)
    return request


@pytest.mark.spec("N-08", "C-14")
async def test_an_agreed_price_takes_the_place_of_lists_and_grid(catalog: Catalog) -> None:
    chair = await a.a_variant(catalog.sessions, "CHAIR", stock=2, price="10.005")
    answer = await catalog.pricing.QuoteLines(agreed(quote(chair, 3), eur("12.3456")), metadata=ORDERS)
    price = answer.lines[0].price
    assert (price.unit_price, price.total.units, price.total.nanos) == (eur("12.3456"), 37, 40_000_000)
    assert (price.tax_rate_percent.value, price.discount_percent.value) == ("21", "0")
    step = price.trace[0]
    assert (step.kind, step.before.value, step.after.value) == (
        pb.PriceTraceStep.KIND_NEGOTIATED, "10.005", "12.3456",
    )  # fmt: skip
    assert answer.lines[0].availability.state == pb.Availability.STATE_PARTLY


@pytest.mark.spec("N-08")
async def test_what_no_list_prices_and_what_nobody_sells(catalog: Catalog) -> None:
    bare = await a.a_variant(catalog.sessions, price=None)
    answer = await catalog.pricing.QuoteLines(agreed(quote(bare), eur("5")), metadata=ORDERS)
    assert (answer.lines[0].price.total.units, answer.lines[0].HasField("refusal")) == (5, False)
    chair = await a.a_variant(catalog.sessions)
    dollars = money_pb2.Money(currency_code="USD", units=5)
    answer = await catalog.pricing.QuoteLines(agreed(quote(chair), dollars), metadata=ORDERS)
    assert answer.lines[0].refusal.reason == "CURRENCY_MISMATCH"
    assert not answer.lines[0].HasField("price")
    nobody = quote(chair)
    nobody.lines[0].variant_id = str(new_id())
    answer = await catalog.pricing.QuoteLines(agreed(nobody, eur("5")), metadata=ORDERS)
    assert answer.lines[0].refusal.reason == "VARIANT_NOT_FOUND"


@pytest.mark.spec("N-08", "C-16")
async def test_below_the_law_the_floor_is_told(catalog: Catalog) -> None:
    book = await a.a_variant(
        catalog.sessions, price="10", vat_class="BOOK", form="BC", language="fr", isbn="9782070360024"
    )
    facts = {"region_code": "FR", "postal_code": "75001"}
    answer = await catalog.pricing.QuoteLines(agreed(quote(book, **facts), eur("9.9999")), metadata=ORDERS)
    line = answer.lines[0]
    assert (line.refusal.reason, line.HasField("price")) == ("BELOW_LEGAL_FLOOR", False)
    floor = line.refusal.floor
    assert (floor.currency_code, floor.units) == ("EUR", 10)
    at_floor = agreed(quote(book, **facts), floor)
    line = (await catalog.pricing.QuoteLines(at_floor, metadata=ORDERS)).lines[0]
    assert (line.price.unit_price, line.price.legal_cap.floor) == (floor, floor)


@pytest.mark.spec("N-08", "A-12")
async def test_agreements_come_from_services_that_know_the_customer(catalog: Catalog) -> None:
    chair = await a.a_variant(catalog.sessions)
    account = new_id()
    catalog.customers.known[account] = a.a_customer(account)
    own = pb.QuoteLinesRequest(account_id=str(account), lines=quote(chair).lines)
    for caller in (as_customer(new_id(), account), STAFF, as_staff("ADMIN")):
        assert (await refusal(catalog.pricing.QuoteLines(agreed(own, eur("1")), metadata=caller))).fields == {
            FIELD
        }
    assert (await refusal(catalog.pricing.QuoteLines(agreed(own, eur("1")), metadata=ORDERS))).fields == {
        FIELD
    }


@pytest.mark.parametrize(
    "price",
    [
        money_pb2.Money(currency_code="EUR", units=-1),
        money_pb2.Money(currency_code="EUR", units=100_000_000),
        money_pb2.Money(currency_code="EUR", units=2**63 - 1),
        money_pb2.Money(currency_code="EUR", nanos=10_000),
        money_pb2.Money(currency_code="EUR", units=1, nanos=-1),
        money_pb2.Money(units=1),
        money_pb2.Money(currency_code="XX1", units=1),
        money_pb2.Money(),
    ],
)
async def test_wrong_agreements_are_named(catalog: Catalog, price: money_pb2.Money) -> None:
    chair = await a.a_variant(catalog.sessions)
    asked = agreed(quote(chair), price)
    assert (await refusal(catalog.pricing.QuoteLines(asked, metadata=ORDERS))).fields == {FIELD}


@pytest.mark.spec("N-08")
async def test_stock_is_held_at_the_agreed_price(catalog: Catalog) -> None:
    chair = await a.a_variant(catalog.sessions, stock=5)
    asked = agreed(quote(chair, 2), eur("7"))
    order_id, attempt_id = str(new_id()), str(new_id())
    request = stock_pb2.ReserveStockRequest(
        order_id=order_id, attempt_id=attempt_id, customer=asked.customer, lines=asked.lines
    )
    answer = await catalog.reservations.ReserveStock(request, metadata=ORDERS)
    assert (answer.reserved, answer.lines[0].price.total.units) == (True, 14)
    again = await catalog.reservations.ReserveStock(request, metadata=ORDERS)
    assert again.lines == answer.lines
    request.lines[0].negotiated_unit_price.currency_code = "USD"
    request.attempt_id = str(new_id())
    answer = await catalog.reservations.ReserveStock(request, metadata=ORDERS)
    assert (answer.reserved, answer.lines[0].refusal.reason) == (False, "CURRENCY_MISMATCH")
