"""Amendments over the wire: an attempt that says so is apart from those that place."""

from __future__ import annotations

import pytest
from commis.catalog.v1 import pricing_pb2
from commis.catalog.v1 import stock_pb2 as pb

from catalog.reservations import firming
from catalog.reservations.firming import OrderFact
from chassis.ids import new_id

from .. import factories as a
from .conftest import ORDERS, Catalog, refusal
from .test_pricing import eur


@pytest.mark.spec("N-09", "N-08", "C-21")
async def test_a_placed_order_is_amended_at_an_agreed_price(catalog: Catalog) -> None:
    chair = await a.a_variant(catalog.sessions, stock=5)
    order_id, placing = new_id(), new_id()
    request = pb.ReserveStockRequest(
        order_id=str(order_id),
        attempt_id=str(placing),
        customer=pricing_pb2.PricingCustomer(account_id=str(new_id()), region_code="BE", business=True),
        lines=[pricing_pb2.QuoteLine(line_id="1", variant_id=str(chair.id), quantity=2)],
    )
    assert (await catalog.reservations.ReserveStock(request, metadata=ORDERS)).reserved
    async with catalog.sessions.begin() as session:
        await firming.apply(session, [OrderFact("PLACED", order_id, placing)])
    request.attempt_id = str(new_id())
    request.lines[0].quantity = 4
    request.lines[0].negotiated_unit_price.CopyFrom(eur("9"))
    firm = await refusal(catalog.reservations.ReserveStock(request, metadata=ORDERS))
    assert firm.reason == "RESERVATION_FIRM"
    request.amends = True
    answer = await catalog.reservations.ReserveStock(request, metadata=ORDERS)
    assert (answer.reserved, answer.lines[0].price.total.units) == (True, 36)
    assert await a.level(catalog.sessions, chair) == (5, 4)
    ordinary = pb.ReleaseStockRequest(order_id=request.order_id, attempt_id=request.attempt_id)
    await catalog.reservations.ReleaseStock(ordinary, metadata=ORDERS)
    assert await a.level(catalog.sessions, chair) == (5, 4)
    ordinary.amends = True
    await catalog.reservations.ReleaseStock(ordinary, metadata=ORDERS)
    assert await a.level(catalog.sessions, chair) == (5, 2)
    late = await refusal(catalog.reservations.ReserveStock(request, metadata=ORDERS))
    assert late.reason == "RESERVATION_RELEASED"


async def test_an_amendment_needs_its_attempt(catalog: Catalog) -> None:
    chair = await a.a_variant(catalog.sessions)
    lines = [pricing_pb2.QuoteLine(line_id="1", variant_id=str(chair.id), quantity=1)]
    customer = pricing_pb2.PricingCustomer(account_id=str(new_id()))
    reserve = pb.ReserveStockRequest(order_id=str(new_id()), customer=customer, lines=lines, amends=True)
    assert (await refusal(catalog.reservations.ReserveStock(reserve, metadata=ORDERS))).fields == {
        "attempt_id"
    }
    release = pb.ReleaseStockRequest(order_id=str(new_id()), amends=True)
    assert (await refusal(catalog.reservations.ReleaseStock(release, metadata=ORDERS))).fields == {
        "attempt_id"
    }
