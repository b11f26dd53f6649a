"""A care worker orders for a client of a community: for whom, through what, who pays, and who sees it afterwards."""

from typing import Any

import pytest
from commis.common.v1 import common_pb2
from commis.orders.v1 import events_pb2
from commis.orders.v1 import orders_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask

from chassis.ids import new_id
from chassis.testing import as_customer
from services.orders.tests.care import MONTHLY, Care
from services.orders.tests.shop import Shop, found, refused


@pytest.fixture
def care(shop: Shop) -> Care:
    return Care(shop)


async def open_cart(shop: Shop, who: Any) -> pb.Order:
    return (await shop.orders.OpenCart(pb.OpenCartRequest(), metadata=who)).order


async def checkout(shop: Shop, order_id: str, who: Any) -> pb.GetCheckoutResponse:
    answer: pb.GetCheckoutResponse = await shop.orders.GetCheckout(
        pb.GetCheckoutRequest(order_id=order_id), metadata=who
    )
    return answer


async def update(shop: Shop, order_id: str, *paths: str, who: Any, **values: Any) -> pb.Order:
    request = pb.UpdateOrderRequest(order=pb.Order(id=order_id, **values), update_mask=FieldMask(paths=paths))
    return (await shop.orders.UpdateOrder(request, metadata=who)).order


@pytest.mark.spec("H-08", "H-10", "H-11")
async def test_an_assisted_order_names_everybody_and_bills_the_residence(shop: Shop, care: Care) -> None:
    client, worker = care.client(), new_id()
    who = care.carer(client, worker)
    placed = await care.placed(who, ("A", 2))
    parties = placed.parties
    assert (parties.actor.kind, parties.actor.id) == (common_pb2.PARTY_KIND_CARE_WORKER, str(worker))
    assert parties.actor.display_name == "An Claes"
    assert (parties.customer.id, parties.customer.display_name) == (str(client), "Maria Peeters")
    assert (parties.payer.id, parties.payer.display_name) == (
        str(care.residence),
        "Residentie Ter Linden vzw",
    )
    assert (parties.channel, parties.community_name) == (
        common_pb2.CHANNEL_ASSISTED,
        "Residentie Ter Linden",
    )
    given = parties.assistance
    assert (given.platform_id, given.community_id) == (str(care.platform), str(care.community))
    assert (given.community_external_id, given.care_worker_id) == ("ter-linden", str(worker))
    assert given.client_external_id == f"client-{client.hex[-6:]}"
    assert given.care_worker_subject == f"worker-{worker.hex[-6:]}"
    assert placed.language_code == "fr"
    accepted = placed.terms_acceptance
    assert (accepted.accepted_by, accepted.accepted_for_account_id) == (parties.actor, str(client))
    assert await shop.get(placed.id, who) == placed
    entries = pb.ListOrderHistoryRequest(order_id=placed.id)
    history = (await shop.orders.ListOrderHistory(entries, metadata=who)).entries
    assert [(entry.action, entry.actor.display_name) for entry in history] == [
        ("created", "An Claes"),
        ("placed", "An Claes"),
    ]


@pytest.mark.spec("H-11", "H-12")
async def test_every_fact_of_an_assisted_order_carries_its_community(shop: Shop, care: Care) -> None:
    who = care.carer(care.client())
    placed, cancelled = await care.placed(who), await care.placed(who)
    await shop.orders.CancelOrder(pb.CancelOrderRequest(order_id=cancelled.id), metadata=who)
    for call, request in (
        (shop.orders.ProcessOrder, pb.ProcessOrderRequest),
        (shop.orders.ShipOrder, pb.ShipOrderRequest),
        (shop.orders.DeliverOrder, pb.DeliverOrderRequest),
        (shop.orders.CloseOrder, pb.CloseOrderRequest),
    ):
        await call(request(order_id=placed.id), metadata=shop.staff)
    for fact, message, count, order in (
        ("order_placed", events_pb2.OrderPlaced, 2, placed),
        ("order_cancelled", events_pb2.OrderCancelled, 1, cancelled),
        ("order_processed", events_pb2.OrderProcessed, 1, placed),
        ("order_shipped", events_pb2.OrderShipped, 1, placed),
        ("order_delivered", events_pb2.OrderDelivered, 1, placed),
        ("order_closed", events_pb2.OrderClosed, 1, placed),
    ):
        payloads = await shop.events(fact)
        assert len(payloads) == count
        event: Any = message.FromString(payloads[0])
        assert event.assistance == order.parties.assistance
        assert (event.number, event.account_id) == (order.number, order.parties.customer.id)
        assert b"Maria" not in payloads[0]
    paid = events_pb2.OrderPlaced.FromString((await shop.events("order_placed"))[0])
    assert paid.payer_account_id == str(care.residence)


@pytest.mark.spec("H-07")
async def test_each_assisted_session_has_its_own_cart(shop: Shop, care: Care) -> None:
    worker = new_id()
    first, second = care.client(), care.client()
    one, other = care.carer(first, worker), care.carer(second, worker)
    again = care.carer(first, worker)
    carts = [await open_cart(shop, who) for who in (one, other, again)]
    assert len({cart.id for cart in carts}) == 3
    assert [cart.parties.customer.id for cart in carts] == [str(first), str(second), str(first)]
    assert [(await open_cart(shop, who)).id for who in (one, other, again)] == [cart.id for cart in carts]
    request = pb.AddOrderLinesRequest(order_id=carts[0].id, lines=[pb.LineInput(sku="A", quantity=1)])
    async with refused("ORDER_NOT_FOUND"):
        await shop.orders.AddOrderLines(request, metadata=other)


@pytest.mark.spec("H-09")
async def test_a_client_without_an_address_gets_one_offered_and_needs_one(shop: Shop, care: Care) -> None:
    who = care.carer(care.client())
    sheet = await shop.sheet(("A", 1), who=who, payment_method=MONTHLY)
    offered = await checkout(shop, sheet.id, who)
    assert list(offered.confirmation_emails) == ["onthaal@terlinden.example"]
    assert [(each.field, each.reason) for each in offered.obstacles if each.field.startswith("contact")] == [
        ("contact.email", "REQUIRED")
    ]
    async with refused("ORDER_NOT_PLACEABLE") as errors:
        await shop.place(sheet.id, who)
    assert ("contact.email", "REQUIRED") in found(errors)
    contact = pb.Contact(email=offered.confirmation_emails[0])
    await update(shop, sheet.id, "contact.email", who=who, contact=contact)
    placed = await shop.place(sheet.id, who)
    assert (placed.contact.name, placed.contact.email) == ("Maria Peeters", "onthaal@terlinden.example")
    own = care.carer(care.client("maria@peeters.example"))
    sheet = await shop.sheet(("A", 1), who=own, payment_method=MONTHLY)
    offered = await checkout(shop, sheet.id, own)
    assert list(offered.confirmation_emails) == ["maria@peeters.example", "onthaal@terlinden.example"]


@pytest.mark.spec("H-08")
async def test_only_what_was_agreed_can_pay(shop: Shop, care: Care) -> None:
    who = care.carer(care.client())
    cart = await open_cart(shop, who)
    assert cart.payment_method == pb.PAYMENT_METHOD_UNSPECIFIED
    offered = await checkout(shop, cart.id, who)
    assert list(offered.payment_methods) == [MONTHLY, pb.PAYMENT_METHOD_PAY_LATER]
    sheet = await care.sheet(who)
    assert sheet.parties.payer.id == str(care.residence)
    invoiced = await update(
        shop, sheet.id, "payment_method", who=who, payment_method=pb.PAYMENT_METHOD_PAY_LATER
    )
    assert invoiced.parties.payer == invoiced.parties.customer
    await update(shop, sheet.id, "payment_method", who=who, payment_method=pb.PAYMENT_METHOD_CHEQUE)
    async with refused("ORDER_NOT_PLACEABLE") as errors:
        await shop.place(sheet.id, who)
    assert found(errors) == {("payment_method", "PAYMENT_NOT_ALLOWED")}
    only_monthly = care.carer(care.client(payment_methods=("MONTHLY_RESIDENCE",)))
    assert (await open_cart(shop, only_monthly)).payment_method == MONTHLY


@pytest.mark.spec("H-08")
async def test_nobody_is_billed_monthly_without_a_residence(shop: Shop, care: Care) -> None:
    for who in (shop.customer, shop.as_rep, care.carer(care.client(residence=None))):
        sheet = await care.sheet(who)
        assert sheet.parties.payer == sheet.parties.customer
        async with refused("ORDER_NOT_PLACEABLE") as errors:
            await shop.place(sheet.id, who)
        assert found(errors) == {("payment_method", "PAYMENT_NOT_ALLOWED")}
    assert not shop.catalog.holds


@pytest.mark.spec("H-14", "A-12")
async def test_a_care_worker_sees_what_the_community_ordered_for_this_client_alone(
    shop: Shop, care: Care
) -> None:
    client, neighbour = care.client(), care.client()
    who, colleague = care.carer(client), care.carer(client)
    mine, theirs = await care.placed(who), await care.placed(care.carer(neighbour))
    # What the same client ordered without the community, and in an earlier one.
    alone = await shop.sheet(("A", 1), who=as_customer(new_id(), client), payment_method=0)
    care.customers.clients[client] = elsewhere = new_id()
    before = await care.sheet(care.carer(client, community=str(elsewhere)))
    care.customers.clients[client] = care.community
    for order_id in (theirs.id, alone.id, before.id):
        for call, request in (
            (shop.orders.GetOrder, pb.GetOrderRequest(order_id=order_id)),
            (shop.orders.ListOrderHistory, pb.ListOrderHistoryRequest(order_id=order_id)),
            (shop.orders.GetCheckout, pb.GetCheckoutRequest(order_id=order_id)),
            (shop.orders.CancelOrder, pb.CancelOrderRequest(order_id=order_id)),
            (shop.orders.UpdateOrder, pb.UpdateOrderRequest(order=pb.Order(id=order_id, note="x"))),
        ):
            async with refused("ORDER_NOT_FOUND"):
                await call(request, metadata=who)
        async with refused("ORDER_NOT_FOUND"):
            await shop.place(order_id, who)
    listed = await shop.orders.ListOrders(pb.ListOrdersRequest(), metadata=who)
    assert [order.id for order in listed.orders] == [mine.id]
    assert listed.orders[0].parties == mine.parties
    assert (await shop.get(mine.id, colleague)).id == mine.id


@pytest.mark.spec("H-14", "A-11")
async def test_a_client_who_moved_is_gone_at_once(shop: Shop, care: Care) -> None:
    client = care.client()
    who = care.carer(client)
    placed, sheet = await care.placed(who), await care.sheet(who)
    care.customers.clients[client] = new_id()
    for order_id in (placed.id, sheet.id):
        async with refused("ORDER_NOT_FOUND"):
            await shop.get(order_id, who)
        async with refused("ORDER_NOT_FOUND"):
            await shop.place(order_id, who)
    async with refused("ACCOUNT_NOT_FOUND"):
        await open_cart(shop, who)
    assert not (await shop.orders.ListOrders(pb.ListOrdersRequest(), metadata=who)).orders
    assert [str(held) for held in shop.catalog.holds] == [placed.id]


@pytest.mark.spec("A-06", "A-07")
async def test_a_member_who_was_removed_sees_nothing_any_more(shop: Shop) -> None:
    user = new_id()
    who = as_customer(user, shop.account, "USER")
    sheet = await shop.sheet(("A", 1), who=who)
    request_id = str(new_id())
    placed = await shop.place((await shop.sheet(("A", 1), who=who)).id, who, request_id=request_id)
    shop.customers.roles[str(user)] = ""
    for order_id in (sheet.id, placed.id):
        async with refused("ORDER_NOT_FOUND"):
            await shop.get(order_id, who)
        history = pb.ListOrderHistoryRequest(order_id=order_id)
        async with refused("ORDER_NOT_FOUND"):
            await shop.orders.ListOrderHistory(history, metadata=who)
    async with refused("ORDER_NOT_FOUND"):
        await shop.place(placed.id, who, request_id=request_id)
    async with refused("ORDER_NOT_FOUND"):
        await shop.place(sheet.id, who)
    assert not (await shop.orders.ListOrders(pb.ListOrdersRequest(), metadata=who)).orders


@pytest.mark.spec("A-06")
async def test_an_administrator_who_is_a_user_now_sees_own_orders_alone(shop: Shop) -> None:
    """Whatever the token says, which lives for minutes."""
    admin, other = new_id(), new_id()
    who = as_customer(admin, shop.account)
    own, foreign = await shop.sheet(("A", 1), who=who), await shop.sheet(("A", 1))
    assert (await shop.get(foreign.id, who)).id == foreign.id
    shop.customers.roles[str(admin)] = "USER"
    assert (await shop.get(own.id, who)).id == own.id
    for order_id in (foreign.id, (await shop.sheet(("A", 1), who=as_customer(other, shop.account))).id):
        async with refused("ORDER_NOT_FOUND"):
            await shop.get(order_id, who)
        async with refused("ORDER_NOT_FOUND"):
            await shop.place(order_id, who)
        async with refused("ORDER_NOT_FOUND"):
            await update(shop, order_id, "note", who=who, note="x")
    listed = await shop.orders.ListOrders(pb.ListOrdersRequest(), metadata=who)
    assert [order.id for order in listed.orders] == [own.id]
    assert not shop.catalog.holds
