"""A paid order that is amended: what is due beyond the payment is open again, what is too much goes back."""

import pytest
from commis.orders.v1 import events_pb2, orders_pb2, payments_pb2
from google.type import money_pb2

from orders.payments.domain import Payment
from services.orders.tests.negotiating import Table
from services.orders.tests.provider import Till
from services.orders.tests.rpc.test_payment_links import mailed, send, token_of
from services.orders.tests.rpc.test_shared_amendments import a_placed_table
from services.orders.tests.shop import Shop, amount

pytestmark = pytest.mark.spec("N-09", "O-22")
Order = orders_pb2.Order


async def a_paid_table(till: Till, shop: Shop) -> tuple[Table, Order]:
    """Placed by both sides, paid by a mailed link."""
    table = await a_placed_table(shop)
    order_id = table.vendor.seen.order_id
    await send(till, order_id, shop.as_rep)
    await till.payments.PayByLink(payments_pb2.PayByLinkRequest(token=token_of(await mailed(till))))
    [payment] = await till.list(order_id)
    await till.tell(payment.id, Payment.PAID)
    await table.look()
    return table, await shop.get(order_id)


async def amended(table: Table, shop: Shop, quantity: int) -> Order:
    await table.customer.change(1, quantity=quantity)
    await table.vendor.look()
    done = await table.vendor.accept()
    assert not done.obstacles
    return await shop.get(done.order_id)


async def test_more_is_open_again_until_it_is_paid_too(till: Till, shop: Shop) -> None:
    table, paid = await a_paid_table(till, shop)
    assert paid.payment_state == Order.PAYMENT_STATE_PAID
    order = await amended(table, shop, 4)
    assert order.payment_state == Order.PAYMENT_STATE_OPEN
    assert [amount(one.refunded) for one in await till.list(order.id)] == ["0.00"]


async def test_who_was_told_that_it_is_paid_is_told_that_it_no_longer_is(till: Till, shop: Shop) -> None:
    table, _ = await a_paid_table(till, shop)
    for quantity in (4, 5, 2):
        order = await amended(table, shop, quantity)
        await table.look()
    told = [events_pb2.PaymentChanged.FromString(one) for one in await shop.events("payment_changed")]
    assert [one.order_payment_state for one in told] == ["PAID", "OPEN", "PAID"]
    assert len({one.payment_id for one in told}) == 1
    assert [one.state for one in told] == ["PAID"] * 3
    assert told[-1].aggregate_version == int(order.etag.strip('"'))


async def test_what_is_too_much_goes_back_once(till: Till, shop: Shop) -> None:
    table, paid = await a_paid_table(till, shop)
    order = await amended(table, shop, 1)
    await till.follow()
    [payment] = await till.list(order.id)
    [refund] = payment.refunds
    assert minor(refund.amount) == minor(paid.totals.total) - minor(order.totals.total)
    assert (await shop.get(order.id)).payment_state == Order.PAYMENT_STATE_PAID


def minor(value: money_pb2.Money) -> int:
    return int(value.units * 100 + value.nanos // 10**7)


async def pay(till: Till, table: Table, shop: Shop) -> payments_pb2.Payment:
    """All that is due now."""
    order_id = table.vendor.seen.order_id
    await send(till, order_id, shop.as_rep)
    await till.payments.PayByLink(payments_pb2.PayByLinkRequest(token=token_of(await mailed(till))))
    *_, payment = await till.list(order_id)
    await till.tell(payment.id, Payment.PAID)
    await table.look()
    return payment


async def test_of_two_payments_no_more_goes_back_than_is_too_much(till: Till, shop: Shop) -> None:
    table, paid = await a_paid_table(till, shop)
    more = await amended(table, shop, 4)
    second = await pay(till, table, shop)
    assert minor(second.amount) == minor(more.totals.total) - minor(paid.totals.total)
    less = await amended(table, shop, 1)
    await till.follow()
    asked = sum(each.amount.minor for each in till.provider.refunds.values())
    assert asked == minor(more.totals.total) - minor(less.totals.total)


async def test_cancelling_gives_back_what_an_amendment_left(till: Till, shop: Shop) -> None:
    table, _ = await a_paid_table(till, shop)
    order = await amended(table, shop, 1)
    await till.follow()
    await shop.orders.CancelOrder(orders_pb2.CancelOrderRequest(order_id=order.id), metadata=shop.staff)
    for _ in range(2):
        await till.due_now()
        await till.follow()
    [payment] = await till.list(order.id)
    assert sum(each.amount.minor for each in till.provider.refunds.values()) == minor(payment.amount)
    till.provider.settle_refunds(till.name_of(payment.id))
    await till.tell(payment.id, Payment.PAID)
    assert (await shop.get(order.id)).payment_state == Order.PAYMENT_STATE_REFUNDED


async def test_what_went_back_is_due_again_when_the_order_grows_again(till: Till, shop: Shop) -> None:
    table, _ = await a_paid_table(till, shop)
    less = await amended(table, shop, 1)
    await till.follow()
    await table.look()
    more = await amended(table, shop, 2)
    assert more.payment_state == Order.PAYMENT_STATE_OPEN
    again = await pay(till, table, shop)
    assert minor(again.amount) == minor(more.totals.total) - minor(less.totals.total)
    assert (await shop.get(more.id)).payment_state == Order.PAYMENT_STATE_PAID
