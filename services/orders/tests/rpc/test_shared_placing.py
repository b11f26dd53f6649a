"""A sheet that is agreed is placed as every order is: stock, prices, terms of sale, spending control, approval."""

from decimal import Decimal

import pytest
from commis.orders.v1 import orders_pb2
from commis.orders.v1 import shared_orders_pb2 as pb

from chassis.errors import Unavailable
from chassis.ids import new_id
from chassis.testing import as_customer
from orders.ports import SpendingControl
from services.orders.tests.negotiating import (
    CUSTOMER,
    GREEN,
    RED,
    TERMS,
    VENDOR,
    YELLOW,
    Desk,
    Table,
    a_sent_table,
)
from services.orders.tests.shop import Shop, amount, eur, found, refused, terms_hash

PLACED, NEGOTIATING = orders_pb2.Order.STATE_PLACED, orders_pb2.Order.STATE_NEGOTIATING


async def agree(table: Table) -> pb.SharedOrder:
    """The customer has accepted the terms of sale and everything else; the vendor agrees last."""
    await table.customer.accept(**TERMS)
    await table.vendor.look()
    return await table.vendor.accept()


@pytest.mark.spec("N-07", "O-20")
async def test_what_stands_against_placing_is_kept_and_placing_goes_on_when_it_is_gone(shop: Shop) -> None:
    rare = shop.catalog.add("RARE", stock=1)
    table = await a_sent_table(shop, ("RARE", 5))
    await table.customer.accept()
    await table.vendor.look()
    green = await table.vendor.accept()
    assert (green.state, green.status.colour) == (NEGOTIATING, GREEN)
    against = {(each.field, each.reason) for each in green.obstacles}
    assert against == {("terms_version", "TERMS_NOT_ACCEPTED"), ("lines[0].quantity", "STOCK_SHORTAGE")}
    assert [each.reason for each in (await table.customer.look()).obstacles] == [
        each.reason for each in green.obstacles
    ]
    async with refused("ORDER_NOT_PLACEABLE"):
        await shop.place(green.order_id)
    rare.stock = 10
    await table.customer.look()
    placed = await table.customer.accept(**TERMS)
    assert (placed.state, list(placed.obstacles)) == (PLACED, [])


@pytest.mark.spec("N-07", "O-20")
async def test_a_green_sheet_can_be_placed_as_any_order_and_one_that_is_not_cannot(shop: Shop) -> None:
    table = await a_sent_table(shop, ("A", 2))
    async with refused("ORDER_NOT_PLACEABLE") as error:
        await shop.place(table.customer.seen.order_id)
    assert ("lines", "NOT_AGREED") in found(error)
    shop.catalog.fail_reserve = Unavailable("catalog is away")
    green = await agree(table)
    assert green.state == NEGOTIATING
    assert [each.reason for each in green.obstacles] == ["UNAVAILABLE"]
    shop.catalog.fail_reserve = None
    assert (await shop.place(green.order_id)).state == PLACED
    assert (await table.vendor.look()).state == PLACED


@pytest.mark.spec("N-08")
async def test_a_list_price_that_moved_comes_back_as_a_proposal_and_a_negotiated_one_stays(
    shop: Shop,
) -> None:
    table = await a_sent_table(shop, ("A", 5), ("B", 2))
    await table.customer.change(1, price="20.00")
    await table.vendor.look()
    shop.catalog.articles["A"].price = Decimal("25.00")
    shop.catalog.articles["B"].price = Decimal("99.00")
    moved = await agree(table)
    assert moved.state == NEGOTIATING
    assert {each.reason for each in moved.obstacles} == {"PRICE_CHANGED"}
    assert [line.status.colour for line in moved.lines] == [YELLOW, GREEN]
    assert amount(moved.lines[0].agreed.unit_price) == "19.95", "nobody is bound to the new one"
    assert amount(moved.lines[0].current.unit_price) == "25.00"
    assert moved.lines[0].fields[2].proposed_by == VENDOR
    last = (await table.customer.log())[-1]
    assert (last.kind, last.from_value, last.to_value) == ("price_moved", "19.95 EUR list", "25 EUR list")
    theirs = await table.customer.look()
    assert theirs.status.colour == RED
    placed = await table.customer.accept()
    assert placed.state == PLACED
    order = await shop.get(placed.order_id)
    assert [amount(line.price.total) for line in order.lines] == ["125.00", "40.00"]


@pytest.mark.spec("N-08")
async def test_no_agreement_goes_below_the_law(shop: Shop) -> None:
    shop.catalog.add("BOOK", "20.00", floor=Decimal("16.00"))
    table = await a_sent_table(shop, ("BOOK", 1))
    async with refused("BELOW_LEGAL_FLOOR") as error:
        await table.customer.change(0, price="15.99")
    assert found(error) == {("lines[0].unit_price", "BELOW_LEGAL_FLOOR")}
    assert (await table.customer.look()).revision == table.vendor.seen.revision
    sheet = await table.customer.change(0, price="16.00")
    assert amount(sheet.lines[0].current.unit_price) == "16.00"


@pytest.mark.spec("N-03", "N-08")
async def test_prices_are_named_in_the_currency_of_the_order(shop: Shop) -> None:
    table = await a_sent_table(shop)
    price = eur("5.00")
    price.currency_code = "USD"
    async with refused("INVALID_FIELDS") as error:
        line = table.customer.seen.lines[0].id
        await table.customer.propose(pb.LineProposal(line_id=line, unit_price=price))
    assert found(error) == {("lines", "CURRENCY_MISMATCH")}


@pytest.mark.spec("O-24", "N-07")
async def test_spending_control_holds_for_what_was_negotiated(shop: Shop) -> None:
    user = as_customer(new_id(), shop.account, role="USER")
    shop.customers.controls[shop.account] = SpendingControl()
    table = await a_sent_table(shop, ("A", 5))
    mine = Desk(table.customer.stub, user)
    draft = await shop.sheet(("A", 5), who=user)
    await mine.start(draft, send=True)
    await table.vendor.look(draft.id)
    await table.vendor.change(0, price="18.00")
    await table.vendor.accept()
    await mine.look()
    waits = await mine.accept(**TERMS)
    assert waits.state == orders_pb2.Order.STATE_PENDING_APPROVAL
    assert shop.catalog.holds == {}
    order = await shop.get(draft.id)
    request = orders_pb2.ApproveOrderRequest(request_id=str(new_id()), order_id=draft.id, etag=order.etag)
    approved = (await shop.orders.ApproveOrder(request, metadata=shop.customer)).order
    assert approved.state == PLACED
    assert amount(approved.lines[0].price.total) == "90.00"
    assert (await mine.look()).state == PLACED


@pytest.mark.spec("O-24", "N-09")
async def test_a_change_while_it_waits_for_approval_ends_the_request_and_reopens_its_line(shop: Shop) -> None:
    user = as_customer(new_id(), shop.account, role="USER")
    shop.customers.controls[shop.account] = SpendingControl()
    table = await a_sent_table(shop)
    mine = Desk(table.customer.stub, user)
    draft = await shop.sheet(("A", 5), ("B", 2), who=user)
    await mine.start(draft, send=True)
    await table.vendor.look(draft.id)
    await table.vendor.accept()
    assert (await mine.look()).obstacles[0].reason == "TERMS_NOT_ACCEPTED"
    await mine.accept(**TERMS)
    await table.vendor.look()
    assert table.vendor.seen.state == orders_pb2.Order.STATE_PENDING_APPROVAL
    changed = await table.vendor.change(1, quantity=3)
    assert changed.state == NEGOTIATING
    assert [line.status.colour for line in changed.lines] == [GREEN, YELLOW]
    order = await shop.get(draft.id)
    async with refused("ORDER_STATE"):
        request = orders_pb2.ApproveOrderRequest(request_id=str(new_id()), order_id=draft.id, etag=order.etag)
        await shop.orders.ApproveOrder(request, metadata=shop.customer)


@pytest.mark.spec("N-07", "O-20")
async def test_the_terms_of_sale_are_for_the_customers_side_to_accept(shop: Shop) -> None:
    table = await a_sent_table(shop, ("A", 1))
    async with refused("INVALID_FIELDS") as error:
        await table.vendor.accept(**TERMS)
    assert found(error) == {("terms_version", "NOT_ALLOWED")}
    await table.customer.accept(terms_version="2026-01", terms_hash=terms_hash("en"))
    await table.vendor.look()
    placed = await table.vendor.accept()
    order = await shop.get(placed.order_id)
    assert order.terms_acceptance.accepted_by.id == str(shop.person)
    assert order.parties.actor.kind != order.terms_acceptance.accepted_by.kind


@pytest.mark.spec("O-31", "O-33")
async def test_nothing_but_the_sheet_changes_a_shared_order_and_cancelling_ends_it(shop: Shop) -> None:
    table = await a_sent_table(shop, ("A", 1))
    order = await shop.get(table.customer.seen.order_id)
    assert order.state == NEGOTIATING
    assert list(order.allowed_verbs) == ["place", "cancel"]
    async with refused("ORDER_NOT_EDITABLE"):
        line = orders_pb2.LineInput(sku="B", quantity=1)
        await shop.orders.AddOrderLines(
            orders_pb2.AddOrderLinesRequest(order_id=order.id, lines=[line]), metadata=shop.customer
        )
    request = orders_pb2.CancelOrderRequest(order_id=order.id, reason="not needed")
    await shop.orders.CancelOrder(request, metadata=shop.customer)
    ended = await table.vendor.look()
    assert (ended.state, ended.number) == (orders_pb2.Order.STATE_CANCELLED, "")
    last = (await table.vendor.log())[-1]
    assert (last.kind, last.text, last.side) == ("ended", "not needed", CUSTOMER)
    async with refused("ORDER_STATE"):
        await table.customer.start(await shop.get(order.id))


@pytest.mark.spec("O-21", "N-07")
async def test_a_repeated_command_does_nothing_twice(shop: Shop) -> None:
    table = await a_sent_table(shop, ("A", 1))
    seen = table.customer.seen
    request = pb.ProposeChangesRequest(
        request_id=str(new_id()),
        order_id=seen.order_id,
        revision=seen.revision,
        lines=[pb.LineProposal(sku="C", quantity=2)],
    )
    first = await table.customer.call("ProposeChanges", request)
    again = await table.customer.call("ProposeChanges", request)
    assert (again.revision, len(again.lines)) == (first.revision, 2)
    request.lines[0].quantity = 3
    async with refused("REQUEST_ID_REUSED"):
        await table.customer.call("ProposeChanges", request)
