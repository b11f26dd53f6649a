"""Amending a placed order while the world goes on: stock and lists move, others act at the same time."""

import asyncio
from decimal import Decimal

import pytest
from commis.orders.v1 import orders_pb2
from commis.orders.v1 import shared_orders_pb2 as pb

from chassis.errors import Kind, RemoteError
from services.orders.tests.negotiating import GREEN, TERMS, Desk, Table, a_sent_table
from services.orders.tests.rpc.test_shared_amendments import a_placed_table
from services.orders.tests.shop import Shop, amount

pytestmark = pytest.mark.spec("N-09")


async def listed(table: Table) -> list[str]:
    answer = await table.vendor.stub.ListSharedOrders(pb.ListSharedOrdersRequest(), metadata=table.vendor.who)
    return [each.order_id for each in answer.shared_orders]


async def test_stock_that_moved_before_placing_makes_no_line_a_changed_one(shop: Shop) -> None:
    """What placing answered differs from what was agreed in its trace alone."""
    table = await a_sent_table(shop, ("A", 5), ("B", 2))
    await table.customer.accept(**TERMS)
    shop.catalog.articles["A"].stock -= 7
    await table.vendor.look()
    await table.vendor.accept()
    await table.look()
    before = await shop.get(table.vendor.seen.order_id)
    assert await shop.events("order_amended") == []
    assert before.lines[0].availability.available_quantity == 1_000_000 - 7
    shop.catalog.articles["A"].price = Decimal("99.00")
    await table.customer.change(1, quantity=4)
    await table.vendor.look()
    done = await table.vendor.accept()
    assert ([line.status.colour for line in done.lines], list(done.obstacles)) == ([GREEN, GREEN], [])
    after = await shop.get(before.id)
    assert [line.quantity for line in after.lines] == [5, 4]
    assert after.lines[0] == before.lines[0]
    placed = [
        (each.from_value, each.to_value) for each in await table.customer.log() if each.kind == "placed"
    ]
    assert placed == [("", before.number), (before.number, before.number)]
    await table.look()
    await table.customer.change(1, quantity=9)
    await table.customer.withdraw()
    assert await listed(table) == []


async def test_what_is_not_changed_need_not_be_sold_any_more(shop: Shop) -> None:
    table = await a_placed_table(shop, ("A", 5), ("B", 2), ("C", 1))
    shop.catalog.articles["A"].discontinued = True
    shop.catalog.articles["C"].price = Decimal("6.00")
    await table.customer.propose(
        pb.LineProposal(line_id=table.customer.seen.lines[1].id, quantity=4),
        pb.LineProposal(line_id=table.customer.seen.lines[2].id, note="for Karel"),
    )
    await table.vendor.look()
    done = await table.vendor.accept()
    assert (done.status.colour, list(done.obstacles)) == (GREEN, [])
    after = await shop.get(done.order_id)
    assert [(line.quantity, line.note) for line in after.lines] == [(5, ""), (4, ""), (1, "for Karel")]
    assert amount(after.lines[2].price.total) == "5.00"
    await table.look()
    await table.vendor.change(1, removed=True)
    await table.customer.look()
    assert list((await table.customer.accept()).obstacles) == []
    assert [line.sku for line in (await shop.get(done.order_id)).lines] == ["A", "C"]


async def test_a_budget_that_ended_stands_against_its_own_lines_alone(shop: Shop) -> None:
    shop.library.budgets |= {"OLD": 100_000, "NEW": 100_000}
    table = await a_sent_table(shop, ("A", 5), ("B", 2))
    lines = [line.id for line in table.customer.seen.lines]
    codes = zip(lines, ("OLD", "NEW"), strict=True)
    await table.customer.propose(*(pb.LineProposal(line_id=key, budget_code=code) for key, code in codes))
    await table.customer.accept(**TERMS)
    await table.vendor.look()
    await table.vendor.accept()
    await table.look()
    del shop.library.budgets["OLD"]
    await table.customer.change(1, quantity=3)
    await table.vendor.look()
    assert list((await table.vendor.accept()).obstacles) == []
    await table.look()
    await table.customer.change(0, quantity=6)
    await table.vendor.look()
    refusals = (await table.vendor.accept()).obstacles
    assert [each.field for each in refusals] == ["lines[0].budget_code"]


async def a_vendor_who_amends(shop: Shop, table: Table) -> asyncio.Task[pb.SharedOrder]:
    """Has accepted four of B; the catalogue does not answer yet."""
    await table.customer.change(1, quantity=4)
    await table.vendor.look()
    shop.catalog.gate = asyncio.Event()
    shop.catalog.entered.clear()
    task = asyncio.create_task(table.vendor.accept())
    await shop.catalog.entered.wait()
    await table.customer.look()
    return task


async def test_other_terms_agreed_while_an_amendment_is_under_way_are_what_the_order_gets(shop: Shop) -> None:
    table = await a_placed_table(shop)
    task = await a_vendor_who_amends(shop, table)
    assert shop.catalog.gate is not None
    await table.customer.change(1, quantity=6)
    rep = Desk(table.vendor.stub, shop.as_rep)
    await rep.look(table.customer.seen.order_id)
    await rep.accept()
    shop.catalog.gate.set()
    await task
    now = await table.customer.look()
    assert (now.status.colour, list(now.obstacles)) == (GREEN, [])
    assert [line.quantity for line in (await shop.get(now.order_id)).lines] == [5, 6]


async def test_a_price_that_moved_is_none_of_other_terms_proposed_since(shop: Shop) -> None:
    table = await a_placed_table(shop)
    task = await a_vendor_who_amends(shop, table)
    assert shop.catalog.gate is not None
    await table.customer.change(1, quantity=6)
    shop.catalog.articles["B"].price = Decimal("30.00")
    shop.catalog.gate.set()
    await task
    line = (await table.customer.look()).lines[1].current
    assert (line.quantity, amount(line.total)) == (6, "125.70")


async def test_what_was_agreed_too_late_is_told_to_have_ended(shop: Shop) -> None:
    """The vendor began to work on the order before the amendment was written."""
    other = await a_placed_table(shop)
    request = orders_pb2.ProcessOrderRequest(order_id=other.vendor.seen.order_id)
    await shop.orders.ProcessOrder(request, metadata=shop.staff)
    assert (await other.customer.log())[-1].kind == "placed"
    table = await a_placed_table(shop)
    task = await a_vendor_who_amends(shop, table)
    assert shop.catalog.gate is not None
    order_id = table.customer.seen.order_id
    await shop.orders.ProcessOrder(orders_pb2.ProcessOrderRequest(order_id=order_id), metadata=shop.staff)
    shop.catalog.gate.set()
    await task
    assert (await shop.get(order_id)).lines[1].quantity == 2
    assert (await table.customer.log())[-1].kind == "ended"
    assert await listed(table) == []


async def test_a_refusal_of_a_neighbour_is_an_obstacle_and_leaves_nothing_held(shop: Shop) -> None:
    table = await a_placed_table(shop)
    await table.customer.change(1, quantity=4)
    await table.vendor.look()
    shop.catalog.fail_reserve = RemoteError(
        "overtaken", kind=Kind.ABORTED, reason="RESERVATION_RELEASED", domain="catalog", metadata={}
    )
    assert [each.reason for each in (await table.vendor.accept()).obstacles] == ["RESERVATION_RELEASED"]
    shop.catalog.fail_reserve = None
    assert list((await table.vendor.accept()).obstacles) == []
