"""Who sees which order: what the caller may not see does not exist."""

import datetime

import pytest
from commis.orders.v1 import orders_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask
from google.type import date_pb2

from chassis.ids import new_id
from chassis.testing import as_customer, as_rep, as_rep_for, as_service, as_staff
from services.orders.tests.shop import Shop, refused


async def open_cart(shop: Shop, who: object = None) -> pb.Order:
    return (await shop.orders.OpenCart(pb.OpenCartRequest(), metadata=who or shop.customer)).order


async def add(shop: Shop, order: pb.Order, *lines: pb.LineInput, **fields: str) -> pb.Order:
    request = pb.AddOrderLinesRequest(order_id=order.id, lines=lines, **fields)
    return (await shop.orders.AddOrderLines(request, metadata=shop.customer)).order


async def update(shop: Shop, order_id: str, *paths: str, who: object = None, **fields: object) -> pb.Order:
    request = pb.UpdateOrderRequest(order=pb.Order(id=order_id, **fields), update_mask=FieldMask(paths=paths))
    return (await shop.orders.UpdateOrder(request, metadata=who or shop.customer)).order


@pytest.mark.spec("O-10", "A-12")
async def test_somebody_elses_order_does_not_exist(shop: Shop) -> None:
    foreign = shop.customers.add()
    theirs = as_customer(new_id(), foreign)
    order = await shop.sheet(("A", 1), who=theirs)
    strangers = (shop.customer, shop.as_rep, as_rep(shop.rep), as_rep_for(shop.rep, foreign))
    for who in strangers:
        for order_id in (order.id, str(new_id())):
            for call, request in (
                (shop.orders.GetOrder, pb.GetOrderRequest(order_id=order_id)),
                (shop.orders.UpdateOrder, pb.UpdateOrderRequest(order=pb.Order(id=order_id, note="x"))),
                (
                    shop.orders.AddOrderLines,
                    pb.AddOrderLinesRequest(order_id=order_id, lines=[pb.LineInput(sku="A", quantity=1)]),
                ),
                (
                    shop.orders.UpdateOrderLine,
                    pb.UpdateOrderLineRequest(
                        order_id=order_id, line_id=order.lines[0].id, line=pb.LineInput(quantity=2)
                    ),
                ),
                (
                    shop.orders.RemoveOrderLine,
                    pb.RemoveOrderLineRequest(order_id=order_id, line_id=order.lines[0].id),
                ),
                (shop.orders.GetCheckout, pb.GetCheckoutRequest(order_id=order_id)),
                (shop.orders.ListOrderHistory, pb.ListOrderHistoryRequest(order_id=order_id)),
                (shop.orders.PlaceOrder, pb.PlaceOrderRequest(order_id=order_id, request_id=str(new_id()))),
                (shop.orders.CancelOrder, pb.CancelOrderRequest(order_id=order_id)),
            ):
                async with refused("ORDER_NOT_FOUND") as errors:
                    await call(request, metadata=who)
                assert errors[0].domain == "orders.commis"
        if who is not shop.customer:
            async with refused("ACCOUNT_NOT_FOUND"):
                await shop.sheet(("A", 1), who=who, account_id=str(foreign))
    assert await shop.get(order.id, theirs) == order


@pytest.mark.spec("A-11")
async def test_an_assignment_that_ended_ends_access_at_once(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1), who=shop.as_rep)
    shop.customers.reps[shop.account].clear()
    async with refused("ORDER_NOT_FOUND"):
        await shop.get(sheet.id, shop.as_rep)
    async with refused("ORDER_NOT_FOUND"):
        await shop.place(sheet.id, shop.as_rep)
    async with refused("ACCOUNT_NOT_FOUND"):
        await open_cart(shop, shop.as_rep)
    listed = await shop.orders.ListOrders(pb.ListOrdersRequest(), metadata=shop.as_rep)
    assert not listed.orders
    shop.customers.reps[shop.account].add(str(shop.rep))
    assert (await shop.place(sheet.id, shop.as_rep)).state == pb.Order.STATE_PLACED


async def test_a_user_sees_own_orders_an_administrator_all(shop: Shop) -> None:
    user, other = new_id(), new_id()
    mine = await shop.sheet(("A", 1), who=as_customer(user, shop.account, "USER"))
    async with refused("ORDER_NOT_FOUND"):
        await shop.get(mine.id, as_customer(other, shop.account, "USER"))
    assert (await shop.get(mine.id, as_customer(other, shop.account))).id == mine.id
    listed = await shop.orders.ListOrders(
        pb.ListOrdersRequest(), metadata=as_customer(other, shop.account, "USER")
    )
    assert not listed.orders
    listed = await shop.orders.ListOrders(
        pb.ListOrdersRequest(), metadata=as_customer(user, shop.account, "USER")
    )
    assert [order.id for order in listed.orders] == [mine.id]


async def test_services_with_the_scope_and_staff_read_any_order(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    readers = (
        as_service("orders.read"),
        as_service("orders.read", vouching=True),
        as_staff("FINANCE"),
        as_staff("ORDER_DESK"),
    )
    for who in readers:
        assert (await shop.get(sheet.id, who)).id == sheet.id
    for who in (as_staff("CATALOGUE"), as_service("orders.placement")):
        async with refused("PERMISSION_DENIED"):
            await shop.get(sheet.id, who)
    async with refused("PERMISSION_DENIED"):
        await update(shop, sheet.id, "note", note="x", who=as_staff("FINANCE"))


async def test_orders_are_listed_newest_first_page_by_page(shop: Shop) -> None:
    made = [(await shop.sheet(("A", 1))).id for _ in range(5)]
    foreign = shop.customers.add()
    await shop.sheet(("A", 1), who=as_customer(new_id(), foreign))
    for who in (shop.customer, shop.as_rep, as_rep(shop.rep)):
        seen: list[str] = []
        token = ""
        while True:
            page = await shop.orders.ListOrders(
                pb.ListOrdersRequest(page_size=2, page_token=token), metadata=who
            )
            assert len(page.orders) <= 2
            seen += [order.id for order in page.orders]
            token = page.next_page_token
            if not token:
                break
        assert seen == made[::-1]
    everything = await shop.orders.ListOrders(pb.ListOrdersRequest(), metadata=shop.staff)
    assert len(everything.orders) == 6


async def test_orders_are_filtered(shop: Shop) -> None:
    placed = await shop.placed(("A", 1))
    await shop.sheet(("A", 1))
    by_rep = await shop.sheet(("B", 2), who=shop.as_rep)

    async def ids(**fields: object) -> list[str]:
        answer = await shop.orders.ListOrders(pb.ListOrdersRequest(**fields), metadata=shop.staff)
        return [order.id for order in answer.orders]

    assert await ids(states=[pb.Order.STATE_PLACED]) == [placed.id]
    assert await ids(representative_id=str(shop.rep)) == [by_rep.id]
    assert await ids(account_id=str(new_id())) == []
    today = shop.infra.today()
    day = date_pb2.Date(year=today.year, month=today.month, day=today.day)
    assert await ids(place_from_date=day, place_to_date=day) == [placed.id]
    later = today + datetime.timedelta(days=1)
    assert await ids(place_from_date=date_pb2.Date(year=later.year, month=later.month, day=later.day)) == []
    row = (
        await shop.orders.ListOrders(
            pb.ListOrdersRequest(states=[pb.Order.STATE_PLACED]), metadata=shop.staff
        )
    ).orders[0]
    assert row.number == placed.number
    assert row.total == placed.totals.total
    assert row.line_count == 1
    async with refused("INVALID_FIELDS"):
        first = await shop.orders.ListOrders(pb.ListOrdersRequest(page_size=1), metadata=shop.staff)
        await ids(page_token=first.next_page_token, account_id=str(shop.account))


@pytest.mark.spec("A-12")
async def test_a_rep_lists_the_orders_of_all_own_accounts_together(shop: Shop) -> None:
    own = [shop.account, *(shop.customers.add() for _ in range(2))]
    for account in own:
        shop.customers.reps[account].add(str(shop.rep))
    foreign = shop.customers.add()
    made = []
    for account in (own[0], own[2], foreign, own[1], own[0], foreign, own[2]):
        order = await shop.sheet(("A", 1), who=as_customer(new_id(), account))
        if account != foreign:
            made.append(order.id)
    seen: list[str] = []
    token = ""
    while not seen or token:
        request = pb.ListOrdersRequest(page_size=2, page_token=token)
        page = await shop.orders.ListOrders(request, metadata=as_rep(shop.rep))
        seen += [order.id for order in page.orders]
        token = page.next_page_token
    assert seen == made[::-1]
    one = pb.ListOrdersRequest(account_id=str(own[2]))
    listed = await shop.orders.ListOrders(one, metadata=as_rep(shop.rep))
    assert [order.parties.customer.id for order in listed.orders] == [str(own[2])] * 2
    theirs = pb.ListOrdersRequest(account_id=str(foreign))
    assert not (await shop.orders.ListOrders(theirs, metadata=as_rep(shop.rep))).orders


async def test_services_read_several_orders_at_once_and_nobody_else_does(shop: Shop) -> None:
    first, second = await shop.sheet(("A", 1), ("B", 2)), await shop.placed(("A", 3))
    request = pb.BatchGetOrdersRequest(order_ids=[second.id, str(new_id()), first.id])
    answer = await shop.orders.BatchGetOrders(request, metadata=as_service("orders.read"))
    found = {order.id: order for order in answer.orders}
    assert found == {first.id: await shop.get(first.id), second.id: await shop.get(second.id)}
    for who in (shop.customer, as_staff("ADMIN"), as_service("orders.placement")):
        async with refused("PERMISSION_DENIED"):
            await shop.orders.BatchGetOrders(request, metadata=who)
    request.order_ids.extend(["nonsense"] * 98)
    async with refused("INVALID_FIELDS") as errors:
        await shop.orders.BatchGetOrders(request, metadata=as_service("orders.read"))
    assert [each.field for each in errors[0].violations][:2] == ["order_ids", "order_ids[3]"]
