"""Nobody owes more pieces than can be counted."""

from __future__ import annotations

import asyncio

import pytest
from commis.catalog.v1 import pricing_pb2, stock_pb2

from chassis.ids import new_id

from .. import factories as a
from .conftest import ORDERS, Catalog

MILLION = 10**6


async def reserve(catalog: Catalog, variant: a.AVariant, millions: int, pieces: int = 0) -> str:
    """The reason of the refusal, if any."""
    lines = [
        pricing_pb2.QuoteLine(line_id=str(number), variant_id=str(variant.id), quantity=quantity)
        for number, quantity in enumerate([*[MILLION] * millions, *[pieces] * bool(pieces)])
    ]
    request = stock_pb2.ReserveStockRequest(
        order_id=str(new_id()),
        attempt_id=str(new_id()),
        customer=pricing_pb2.PricingCustomer(account_id=str(new_id()), business=True, region_code="BE"),
        lines=lines,
    )
    answer = await catalog.reservations.ReserveStock(request, metadata=ORDERS)
    assert answer.reserved == (not answer.lines[0].refusal.reason)
    return answer.lines[0].refusal.reason


@pytest.mark.spec("C-22")
async def test_beyond_a_thousand_million_pieces_a_back_order_is_a_shortage(catalog: Catalog) -> None:
    chair = await a.a_variant(catalog.sessions, policy="BACKORDER", stock=3)
    assert await reserve(catalog, chair, 2000) == "STOCK_SHORTAGE"
    assert await reserve(catalog, chair, 1000) == ""
    assert await reserve(catalog, chair, 0, 4) == "STOCK_SHORTAGE"
    assert await reserve(catalog, chair, 0, 3) == ""
    assert await reserve(catalog, chair, 0, 1) == "STOCK_SHORTAGE"
    assert await a.level(catalog.sessions, chair) == (3, 10**9 + 3)


@pytest.mark.spec("C-22", "C-21")
async def test_of_several_at_once_no_more_are_owed(catalog: Catalog) -> None:
    chair = await a.a_variant(catalog.sessions, policy="BACKORDER", stock=0)
    answers = await asyncio.gather(*(reserve(catalog, chair, 600) for _ in range(4)))
    assert sorted(answers) == ["", *["STOCK_SHORTAGE"] * 3]
    assert await a.level(catalog.sessions, chair) == (0, 600 * MILLION)
