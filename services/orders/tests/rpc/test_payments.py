"""Paying online: the page is opened for the customer alone, once, and what happens there reaches the order."""

import asyncio

import pytest
from commis.orders.v1 import events_pb2, orders_pb2, payments_pb2

from chassis.ids import new_id
from chassis.testing import as_customer, as_staff
from orders.payments.domain import Payment
from orders.payments.ports import ProviderRefused
from services.orders.tests.provider import RETURN, Till
from services.orders.tests.shop import Shop, amount, found, refused

Order = orders_pb2.Order


@pytest.mark.spec("O-22")
async def test_the_customer_opens_the_providers_page_and_the_order_follows(till: Till) -> None:
    order = await till.placed()
    assert order.payment_state == Order.PAYMENT_STATE_OPEN
    started = await till.start(order.id)
    wanted, name = next(iter(till.provider.wanted.values()))
    assert started.checkout_address == f"https://pay.example/{name}"
    assert (wanted.amount.minor, wanted.amount.currency) == (5614, "EUR")
    assert wanted.description == order.number
    assert wanted.return_address == RETURN
    assert wanted.locale == "nl_BE"
    await till.tell(started.payment.id, Payment.PAID)
    after = await till.shop.get(order.id)
    assert after.payment_state == Order.PAYMENT_STATE_PAID
    assert after.state == Order.STATE_PLACED
    [entry] = [one for one in await till.shop.history(order.id) if one.action == "payment_changed"]
    assert entry.detail == "PAID"
    [told] = map(events_pb2.PaymentChanged.FromString, await till.shop.events("payment_changed"))
    assert (told.state, told.order_payment_state, told.payment_id) == ("PAID", "PAID", started.payment.id)
    assert amount(told.amount) == "56.14"


@pytest.mark.spec("O-22")
async def test_an_open_payment_is_answered_again_and_an_ended_one_is_not(till: Till) -> None:
    order = await till.placed()
    first = await till.start(order.id)
    assert (await till.start(order.id)) == first
    assert till.provider.calls["create"] == 1
    await till.tell(first.payment.id, Payment.FAILED)
    second = await till.start(order.id)
    assert second.payment.id != first.payment.id
    assert [one.state for one in await till.list(order.id)] == [
        payments_pb2.Payment.STATE_FAILED,
        payments_pb2.Payment.STATE_OPEN,
    ]


@pytest.mark.spec("O-22")
async def test_twenty_at_once_make_one_payment(till: Till) -> None:
    order = await till.placed()
    till.provider.seconds = 0.05
    answers = await asyncio.gather(*(till.start(order.id) for _ in range(20)))
    assert len({one.checkout_address for one in answers}) == 1
    assert till.provider.calls["create"] == 1
    assert len(await till.shop.rows("SELECT 1 FROM payments")) == 1


@pytest.mark.spec("O-22")
async def test_a_repeated_request_gives_the_stored_answer(till: Till) -> None:
    order = await till.placed()
    key = str(new_id())
    first = await till.start(order.id, request_id=key)
    await till.tell(first.payment.id, Payment.EXPIRED)
    assert await till.start(order.id, request_id=key) == first
    async with refused("REQUEST_ID_REUSED"):
        await till.start(order.id, request_id=key, return_address=f"{RETURN}/other")


@pytest.mark.spec("O-22")
async def test_repeated_and_late_news_tell_nothing_new(till: Till) -> None:
    order, payment_id = await till.paid()
    name = till.name_of(payment_id)
    for state in (Payment.PAID, Payment.OPEN, Payment.EXPIRED, Payment.PENDING):
        await asyncio.gather(*(till.notify(name) for _ in range(5)))
        await till.tell(payment_id, state)
    assert len(await till.shop.events("payment_changed")) == 1
    after = await till.shop.get(order.id)
    assert (after.payment_state, after.etag) == (Order.PAYMENT_STATE_PAID, order.etag)


@pytest.mark.spec("O-22")
async def test_unknown_payments_are_answered_alike(till: Till) -> None:
    for name in ("tr_unknown", "x", "'; DROP TABLE payments", "é" * 50):
        await till.notify(name)
    assert till.provider.calls["get"] == 0


@pytest.mark.spec("O-22")
async def test_the_provider_is_asked_when_it_does_not_call(till: Till) -> None:
    order = await till.placed()
    payment = (await till.start(order.id)).payment
    till.provider.tell(till.name_of(payment.id), Payment.PAID)
    await till.follow()
    assert (await till.shop.get(order.id)).payment_state == Order.PAYMENT_STATE_OPEN
    await till.due_now()
    await till.follow()
    assert (await till.shop.get(order.id)).payment_state == Order.PAYMENT_STATE_PAID
    assert not await till.shop.rows("SELECT 1 FROM payments WHERE check_time IS NOT NULL")


@pytest.mark.spec("O-12")
async def test_nobody_but_the_customer_opens_the_page(till: Till, shop: Shop) -> None:
    order = await till.placed()
    async with refused("PAYMENT_NOT_ALLOWED"):
        await till.start(order.id, shop.as_rep)
    for staff in (as_staff("ADMIN"), as_staff("FINANCE"), as_staff("ORDER_DESK")):
        async with refused("PERMISSION_DENIED"):
            await till.start(order.id, staff)
    async with refused("ORDER_NOT_FOUND"):
        await till.start(order.id, as_customer(new_id(), new_id()))
    assert not till.provider.calls
    shown = await till.list(order.id, shop.as_rep)
    assert not shown


@pytest.mark.spec("O-12")
async def test_neither_reps_nor_staff_choose_online_payment(till: Till, shop: Shop) -> None:
    electronic = orders_pb2.PAYMENT_METHOD_ELECTRONIC
    for who in (shop.as_rep, shop.staff):
        async with refused("INVALID_FIELDS") as errors:
            await shop.sheet(("A", 1), who=who, account_id=str(shop.account), payment_method=electronic)
        assert found(errors) == {("payment_method", "PAYMENT_NOT_ALLOWED")}
    sheet = await shop.sheet(("A", 1), payment_method=electronic)
    for who in (shop.as_rep, shop.staff):
        async with refused("ORDER_NOT_PLACEABLE") as errors:
            await shop.place(sheet.id, who)
        assert ("payment_method", "PAYMENT_NOT_ALLOWED") in found(errors)
        checkout = await shop.orders.GetCheckout(
            orders_pb2.GetCheckoutRequest(order_id=sheet.id), metadata=who
        )
        assert electronic not in checkout.payment_methods


@pytest.mark.spec("O-22")
@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/", "https://shop.example.evil.example/", "https://shop.example@evil.example/",
        "http://shop.example/", "https://shop.example:444/", "javascript:alert(1)", "//shop.example/",
        "https://shop.example\\@evil.example", "https://shop.example/é", "shop.example",
    ],
)  # fmt: skip
async def test_customers_are_sent_back_to_the_shop_only(till: Till, address: str) -> None:
    order = await till.placed()
    async with refused("INVALID_FIELDS") as errors:
        await till.start(order.id, return_address=address)
    assert found(errors) == {("return_address", "ADDRESS_NOT_ALLOWED")}


@pytest.mark.spec("O-22")
async def test_only_what_is_due_can_be_paid(till: Till, shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1), payment_method=orders_pb2.PAYMENT_METHOD_ELECTRONIC)
    async with refused("PAYMENT_NOT_DUE"):
        await till.start(sheet.id)
    paid, _ = await till.paid()
    async with refused("PAYMENT_NOT_DUE"):
        await till.start(paid.id)
    order = await till.placed()
    await shop.orders.CancelOrder(orders_pb2.CancelOrderRequest(order_id=order.id), metadata=shop.customer)
    async with refused("PAYMENT_NOT_DUE"):
        await till.start(order.id)
    other = await shop.placed(("A", 1))  # by bank transfer, and paid online after all
    assert (await till.start(other.id)).checkout_address


@pytest.mark.spec("O-22")
async def test_what_the_provider_refuses_is_said_and_can_be_tried_again(till: Till) -> None:
    order = await till.placed()
    till.provider.refuse = ProviderRefused(422, "amount")
    async with refused("PAYMENT_REFUSED") as errors:
        await till.start(order.id)
    assert errors[0].metadata["field"] == "amount"
    till.provider.refuse = None
    assert (await till.start(order.id)).checkout_address
    till.provider.away = True
    again = await till.placed()
    async with refused("PAYMENT_PROVIDER_AWAY"):
        await till.start(again.id)


@pytest.mark.spec("O-22")
async def test_unpaid_orders_are_not_worked_on(till: Till, shop: Shop) -> None:
    order = await till.placed()
    process = orders_pb2.ProcessOrderRequest(order_id=order.id)
    async with refused("ORDER_NOT_PAID"):
        await shop.orders.ProcessOrder(process, metadata=shop.staff)
    payment = (await till.start(order.id)).payment
    await till.tell(payment.id, Payment.AUTHORIZED)
    assert (await shop.get(order.id)).payment_state == Order.PAYMENT_STATE_AUTHORIZED
    async with refused("ORDER_NOT_PAID"):
        await shop.orders.ProcessOrder(process, metadata=shop.staff)
    async with refused("PAYMENT_NOT_DUE"):
        await till.start(order.id)
    await till.tell(payment.id, Payment.PAID)
    moved = (await shop.orders.ProcessOrder(process, metadata=shop.staff)).order
    assert moved.state == Order.STATE_PROCESSING
