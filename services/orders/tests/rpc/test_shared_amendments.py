"""A placed order is changed by agreement alone: line by line, with what it needs held first."""

from decimal import Decimal

import pytest
from commis.common.v1 import common_pb2
from commis.orders.v1 import events_pb2, orders_pb2
from commis.orders.v1 import shared_orders_pb2 as pb

from chassis.errors import Unavailable
from chassis.testing import as_service
from services.orders.tests.care import Care
from services.orders.tests.negotiating import GREEN, RED, TERMS, YELLOW, Desk, Table, a_sent_table, a_table
from services.orders.tests.shop import Shop, amount, found, refused

pytestmark = pytest.mark.spec("N-09")
PLACED = orders_pb2.Order.STATE_PLACED


async def a_placed_table(shop: Shop, *lines: tuple[str, int]) -> Table:
    table = await a_sent_table(shop, *(lines or (("A", 5), ("B", 2))))
    await table.customer.accept(**TERMS)
    await table.vendor.look()
    placed = await table.vendor.accept()
    assert placed.state == PLACED, placed.obstacles
    await table.look()
    return table


async def placement(shop: Shop, order_id: str) -> str:
    request = orders_pb2.GetPlacementsRequest(order_ids=[order_id])
    who = as_service("orders.placement", vouching=True)
    answer = (await shop.placements.GetPlacements(request, metadata=who)).placements[0]
    assert answer.state == orders_pb2.Placement.STATE_PLACED
    return str(answer.attempt_id)


async def test_a_change_reopens_its_line_alone_and_the_order_stays_until_both_agree(shop: Shop) -> None:
    table = await a_placed_table(shop)
    before = await shop.get(table.vendor.seen.order_id)
    first = await placement(shop, before.id)
    shop.catalog.articles["A"].price = Decimal("99.00")  # of no concern to what is not changed
    changed = await table.customer.change(1, quantity=4)
    assert changed.state == PLACED
    assert [line.status.colour for line in changed.lines] == [GREEN, YELLOW]
    now = await shop.get(before.id)
    assert (now.lines, now.totals, now.etag) == (before.lines, before.totals, before.etag)
    assert [line.status.colour for line in (await table.vendor.look()).lines] == [GREEN, RED]
    done = await table.vendor.accept(table.vendor.seen.lines[1].id)
    assert (done.state, done.status.colour, list(done.obstacles)) == (PLACED, GREEN, [])
    after = await shop.get(before.id)
    assert [line.quantity for line in after.lines] == [5, 4]
    assert after.lines[0] == before.lines[0]
    assert amount(after.lines[1].price.total) == "83.80"
    assert (after.number, after.state) == (before.number, PLACED)
    assert after.totals == done.totals
    history = await shop.history(before.id)
    assert history[-1].action == "amended"
    assert history[-1].actor.kind == common_pb2.PARTY_KIND_STAFF
    (payload,) = await shop.events("order_amended")
    event = events_pb2.OrderAmended.FromString(payload)
    assert [(line.line_id, line.quantity) for line in event.lines] == [
        (line.id, line.quantity) for line in after.lines
    ]
    assert event.total == after.totals.total
    assert event.attempt_id == await placement(shop, before.id) != first
    assert len(await shop.events("order_placed")) == 1


async def test_what_cannot_be_held_changes_nothing_and_is_told(shop: Shop) -> None:
    table = await a_placed_table(shop)
    before = await shop.get(table.vendor.seen.order_id)
    first = await placement(shop, before.id)
    shop.catalog.articles["B"].stock = 3
    await table.customer.change(1, quantity=4)
    await table.vendor.look()
    green = await table.vendor.accept()
    assert [(each.field, each.reason) for each in green.obstacles] == [
        ("lines[1].quantity", "STOCK_SHORTAGE")
    ]
    assert (await shop.get(before.id)).lines == before.lines
    assert await placement(shop, before.id) == first
    assert shop.catalog.amending == {}
    listed = await table.vendor.stub.ListSharedOrders(pb.ListSharedOrdersRequest(), metadata=shop.staff)
    assert [each.order_id for each in listed.shared_orders] == [before.id]
    shop.catalog.fail_reserve = Unavailable("catalog is away")
    assert [each.reason for each in (await table.vendor.accept()).obstacles] == ["UNAVAILABLE"]
    shop.catalog.fail_reserve = None
    shop.catalog.articles["B"].stock = 10
    assert list((await table.vendor.accept()).obstacles) == []
    assert [line.quantity for line in (await shop.get(before.id)).lines] == [5, 4]


async def test_lines_come_and_go_by_agreement_and_what_is_declined_leaves_the_order_alone(shop: Shop) -> None:
    table = await a_placed_table(shop)
    await table.vendor.add("C", 3)
    await table.vendor.change(0, removed=True)
    await table.customer.look()
    await table.customer.decline(table.customer.seen.lines[0].id, reason="we need it")
    await table.customer.accept()
    after = await shop.get(table.vendor.seen.order_id)
    assert [(line.sku, line.quantity) for line in after.lines] == [("A", 5), ("B", 2), ("C", 3)]
    await table.look()
    await table.vendor.change(1, price="1.00")
    await table.customer.look()
    await table.customer.decline()
    assert (await shop.get(after.id)) == after
    listed = await table.vendor.stub.ListSharedOrders(pb.ListSharedOrdersRequest(), metadata=shop.staff)
    assert list(listed.shared_orders) == []


async def test_main_fields_stay_as_they_were_placed(shop: Shop) -> None:
    table = await a_placed_table(shop)
    async with refused("INVALID_FIELDS") as error:
        await table.customer.propose(header=pb.HeaderProposal(note="another one"))
    assert found(error) == {("header", "NOT_ALLOWED")}


async def test_once_the_vendor_works_on_it_nothing_is_open_any_more(shop: Shop) -> None:
    table = await a_placed_table(shop)
    order_id = table.vendor.seen.order_id
    await table.customer.change(0, quantity=9)
    await shop.orders.ProcessOrder(orders_pb2.ProcessOrderRequest(order_id=order_id), metadata=shop.staff)
    await table.vendor.look()
    async with refused("SHARED_ORDER_STATE"):
        await table.vendor.accept()
    assert (await table.vendor.log())[-1].kind == "ended"
    assert (await shop.get(order_id)).lines[0].quantity == 5
    listed = await table.vendor.stub.ListSharedOrders(pb.ListSharedOrdersRequest(), metadata=shop.staff)
    assert list(listed.shared_orders) == []


async def test_nobody_removes_the_last_line_of_a_placed_order(shop: Shop) -> None:
    table = await a_placed_table(shop)
    await table.customer.change(0, removed=True)
    await table.vendor.look()
    async with refused("INVALID_FIELDS") as error:
        await table.vendor.change(1, removed=True)
    assert found(error) == {("lines", "REQUIRED")}
    await table.vendor.accept()
    assert [line.sku for line in (await shop.get(table.vendor.seen.order_id)).lines] == ["B"]


async def test_a_line_is_not_left_out_for_one_that_was_declined(shop: Shop) -> None:
    table = await a_placed_table(shop, ("A", 5))
    only = table.vendor.seen.lines[0].id
    await table.vendor.propose(
        pb.LineProposal(sku="C", quantity=1), pb.LineProposal(line_id=only, removed=True)
    )
    await table.customer.look()
    await table.customer.decline(table.customer.seen.lines[1].id)
    async with refused("INVALID_FIELDS") as error:
        await table.customer.accept(only)
    assert found(error) == {("lines", "REQUIRED")}
    assert (await table.customer.look()).status.colour == RED
    assert [line.sku for line in (await shop.get(table.vendor.seen.order_id)).lines] == ["A"]


@pytest.mark.spec("H-12")
async def test_the_platform_of_an_assisted_order_is_told_what_it_was_amended_to(shop: Shop) -> None:
    care, table = Care(shop), a_table(shop)
    carer = Desk(table.customer.stub, care.carer(care.client()))
    draft = await care.sheet(carer.who, ("A", 1))
    await carer.start(draft, send=True)
    await table.vendor.look(draft.id)
    await table.vendor.accept()
    await carer.look()
    assert (await carer.accept(**TERMS)).state == PLACED
    await table.vendor.look()
    await table.vendor.change(0, quantity=3)
    await carer.look()
    await carer.accept()
    [placed] = await shop.events("order_placed")
    [amended] = await shop.events("order_amended")
    event = events_pb2.OrderAmended.FromString(amended)
    assert event.assistance == events_pb2.OrderPlaced.FromString(placed).assistance
    assert event.assistance.platform_id == str(care.platform)
    assert event.total == (await shop.get(draft.id, shop.staff)).totals.total


@pytest.mark.spec("O-33")
async def test_the_sheet_of_an_order_that_is_cancelled_ends_and_tells_that_it_had_been_placed(
    shop: Shop,
) -> None:
    table = await a_placed_table(shop)
    order_id, number = table.vendor.seen.order_id, (await table.vendor.look()).number
    await table.vendor.change(0, quantity=9)
    request = orders_pb2.CancelOrderRequest(order_id=order_id, reason="no longer needed")
    await shop.orders.CancelOrder(request, metadata=shop.customer)
    seen = await table.vendor.look()
    assert (seen.state, seen.number) == (orders_pb2.Order.STATE_CANCELLED, number)
    assert number
    told = pb.SheetChanged.FromString((await shop.events(f"sheets.{order_id}"))[-1])
    assert ([each.kind for each in told.changes], told.state) == (["ended"], seen.state)
