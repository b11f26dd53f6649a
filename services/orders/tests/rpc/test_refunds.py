"""Giving money back: what a cancelled order was paid with, what came in for nothing, and what staff decide."""

import asyncio
from typing import Any

import pytest
from commis.orders.v1 import orders_pb2, payments_pb2

from chassis.ids import new_id
from chassis.testing import as_staff
from orders.payments.domain import Payment, RefundState
from orders.payments.ports import ProviderRefused
from services.orders.tests.provider import Till
from services.orders.tests.shop import Shop, amount, eur, found, refused

Order = orders_pb2.Order
FINANCE = as_staff("FINANCE")


async def cancel(shop: Shop, order_id: str, **fields: Any) -> Order:
    request = orders_pb2.CancelOrderRequest(order_id=order_id, **fields)
    return (await shop.orders.CancelOrder(request, metadata=shop.customer)).order


async def refund(till: Till, payment_id: str, given: str = "", **fields: Any) -> payments_pb2.Payment:
    request = payments_pb2.RefundPaymentRequest(
        **{"payment_id": payment_id, "reason": "Damaged", "request_id": str(new_id())} | fields
    )
    if given:
        request.amount.CopyFrom(eur(given))
    return (await till.payments.RefundPayment(request, metadata=FINANCE)).payment


@pytest.mark.spec("O-33")
async def test_cancelling_a_paid_order_gives_the_money_back_once(till: Till, shop: Shop) -> None:
    order, payment_id = await till.paid()
    cancelled = await cancel(shop, order.id)
    assert cancelled.payment_state == Order.PAYMENT_STATE_PAID
    assert "PAYMENT_REFUND_PENDING" in cancelled.not_undone
    await asyncio.gather(till.follow(), till.follow(), till.follow())
    await till.due_now()
    await till.follow()
    [asked] = till.provider.refunds.values()
    assert asked.amount.minor == 5614
    assert "PAYMENT_REFUND_PENDING" in (await shop.get(order.id)).not_undone
    till.provider.settle_refunds(till.name_of(payment_id))
    await till.notify(till.name_of(payment_id))
    await till.follow()
    after = await shop.get(order.id)
    assert after.payment_state == Order.PAYMENT_STATE_REFUNDED
    assert "PAYMENT_REFUND_PENDING" not in after.not_undone
    [payment] = await till.list(order.id)
    assert amount(payment.refunded) == "56.14"


@pytest.mark.spec("O-33")
async def test_cancelling_stops_what_is_being_paid(till: Till, shop: Shop) -> None:
    order = await till.placed()
    payment = (await till.start(order.id)).payment
    await cancel(shop, order.id)
    await till.follow()
    assert till.provider.facts[till.name_of(payment.id)].state is Payment.CANCELED
    assert (await shop.get(order.id)).payment_state == Order.PAYMENT_STATE_NONE
    assert [one.state for one in await till.list(order.id)] == [payments_pb2.Payment.STATE_CANCELED]


@pytest.mark.spec("O-22")
@pytest.mark.parametrize("ended", [Payment.EXPIRED, Payment.CANCELED, Payment.FAILED])
async def test_money_that_comes_after_the_end_of_a_cancelled_order_goes_back(
    till: Till, shop: Shop, ended: Payment
) -> None:
    order = await till.placed()
    payment = (await till.start(order.id)).payment
    await till.tell(payment.id, ended)
    await cancel(shop, order.id)
    await till.tell(payment.id, Payment.PAID)
    [asked] = till.provider.refunds.values()
    assert asked.amount.minor == 5614
    for _ in range(3):
        await till.notify(till.name_of(payment.id))
        await till.follow()
    assert till.provider.calls["refund"] == 1


@pytest.mark.spec("O-22")
async def test_what_is_paid_twice_goes_back_once(till: Till, shop: Shop) -> None:
    order = await till.placed()
    first = (await till.start(order.id)).payment
    await till.tell(first.id, Payment.EXPIRED)
    second = (await till.start(order.id)).payment
    await till.tell(second.id, Payment.PAID)
    await till.tell(first.id, Payment.PAID)  # after all
    [asked] = till.provider.refunds.values()
    till.provider.settle_refunds(till.name_of(first.id))
    await till.tell(first.id, Payment.PAID)
    assert asked.amount.minor == 5614
    assert (await shop.get(order.id)).payment_state == Order.PAYMENT_STATE_PAID


@pytest.mark.spec("O-22")
async def test_finance_gives_back_a_part_and_no_more_than_is_left(till: Till, shop: Shop) -> None:
    order, payment_id = await till.paid()
    await refund(till, payment_id, "6.14")
    async with refused("REFUND_TOO_HIGH") as errors:
        await refund(till, payment_id, "50.01")
    assert errors[0].metadata["left_minor"] == "5000"
    await till.follow()
    till.provider.settle_refunds(till.name_of(payment_id))
    await till.tell(payment_id, Payment.PAID)
    assert (await shop.get(order.id)).payment_state == Order.PAYMENT_STATE_PARTLY_REFUNDED
    rest = await refund(till, payment_id)
    assert [amount(one.amount) for one in rest.refunds] == ["6.14", "50.00"]
    await till.follow()
    till.provider.settle_refunds(till.name_of(payment_id))
    await till.tell(payment_id, Payment.PAID)
    assert (await shop.get(order.id)).payment_state == Order.PAYMENT_STATE_REFUNDED


@pytest.mark.spec("O-22")
async def test_a_repeated_refund_is_one(till: Till) -> None:
    _, payment_id = await till.paid()
    key = str(new_id())
    first = await refund(till, payment_id, "10.00", request_id=key)
    again = await asyncio.gather(*(refund(till, payment_id, "10.00", request_id=key) for _ in range(5)))
    assert all(one == first for one in again)
    assert len(await till.shop.rows("SELECT 1 FROM refunds")) == 1
    async with refused("REQUEST_ID_REUSED"):
        await refund(till, payment_id, "11.00", request_id=key)


@pytest.mark.spec("O-22")
async def test_what_cannot_be_refunded_is_refused(till: Till, shop: Shop) -> None:
    order = await till.placed()
    open_one = (await till.start(order.id)).payment.id
    async with refused("REFUND_TOO_HIGH"):
        await refund(till, open_one)
    async with refused("PAYMENT_NOT_FOUND"):
        await refund(till, str(new_id()))
    request = payments_pb2.RefundPaymentRequest(payment_id="x", amount=eur("0.00"))
    async with refused("INVALID_FIELDS") as errors:
        await till.payments.RefundPayment(request, metadata=FINANCE)
    assert {field for field, _ in found(errors)} == {"payment_id", "amount", "reason"}
    for who in (shop.customer, shop.as_rep, as_staff("ORDER_DESK")):
        async with refused("PERMISSION_DENIED"):
            await till.payments.RefundPayment(request, metadata=who)


@pytest.mark.spec("O-22")
async def test_a_refund_that_fails_is_left_to_people(till: Till, shop: Shop) -> None:
    order, payment_id = await till.paid()
    till.provider.refuse = ProviderRefused(422, "amount")
    await cancel(shop, order.id)
    for _ in range(3):
        await till.due_now()
        await till.follow()
    assert till.provider.calls["refund"] == 1
    [payment] = await till.list(order.id)
    assert [one.state for one in payment.refunds] == [payments_pb2.Refund.STATE_FAILED]
    assert "PAYMENT_REFUND_PENDING" in (await shop.get(order.id)).not_undone
    till.provider.refuse = None
    await refund(till, payment_id)
    await till.follow()
    till.provider.settle_refunds(till.name_of(payment_id), RefundState.REFUNDED)
    await till.tell(payment_id, Payment.PAID)
    assert (await shop.get(order.id)).payment_state == Order.PAYMENT_STATE_REFUNDED
