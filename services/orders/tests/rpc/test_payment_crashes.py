"""Between the provider and our commit anything may break: there is one payment, one refund, and the truth comes out."""

import datetime

import pytest
from commis.orders.v1 import events_pb2, orders_pb2, payments_pb2

from orders.payments import unpaid
from orders.payments.domain import Payment
from orders.payments.ports import PaymentFact, ProviderAway
from services.orders.tests.conftest import Clock
from services.orders.tests.provider import Till
from services.orders.tests.shop import Shop, refused

Order = orders_pb2.Order


@pytest.mark.spec("O-22")
async def test_a_payment_whose_answer_was_lost_is_the_same_payment(till: Till) -> None:
    order = await till.placed()
    till.provider.lost.add("create")
    async with refused("PAYMENT_PROVIDER_AWAY"):
        await till.start(order.id)
    assert not await till.shop.rows("SELECT 1 FROM payments WHERE provider_id <> ''")
    await till.due_now()
    await till.follow()  # makes it with the same key
    started = await till.start(order.id)
    assert len(till.provider.wanted) == 1
    await till.tell(started.payment.id, Payment.PAID)
    assert (await till.shop.get(order.id)).payment_state == Order.PAYMENT_STATE_PAID


@pytest.mark.spec("O-22")
async def test_a_payment_that_was_only_written_is_made_later_or_never(till: Till, shop: Shop) -> None:
    order, other = await till.placed(), await till.placed()
    till.provider.away = True
    for each in (order, other):
        async with refused("PAYMENT_PROVIDER_AWAY"):
            await till.start(each.id)
    await shop.orders.CancelOrder(orders_pb2.CancelOrderRequest(order_id=other.id), metadata=shop.customer)
    till.provider.away = False
    await till.due_now()
    await till.follow()
    assert [one.state for one in await till.list(order.id)] == [payments_pb2.Payment.STATE_OPEN]
    assert [one.state for one in await till.list(other.id)] == [payments_pb2.Payment.STATE_CANCELED]
    assert len(till.provider.wanted) == 1


@pytest.mark.spec("O-33")
async def test_a_refund_whose_answer_was_lost_is_the_same_refund(till: Till, shop: Shop) -> None:
    order, _ = await till.paid()
    till.provider.lost.add("refund")
    await shop.orders.CancelOrder(orders_pb2.CancelOrderRequest(order_id=order.id), metadata=shop.customer)
    for _ in range(3):
        await till.due_now()
        await till.follow()
    [payment] = await till.list(order.id)
    assert len(payment.refunds) == len(till.provider.refunds) == 1
    assert till.provider.calls["refund"] == 1  # it was found at the provider instead of being asked for again


@pytest.mark.spec("O-22")
async def test_what_the_provider_cannot_say_now_is_asked_later(till: Till) -> None:
    order = await till.placed()
    payment = (await till.start(order.id)).payment
    till.provider.away = True
    await till.tell(payment.id, Payment.PAID)
    assert (await till.shop.get(order.id)).payment_state == Order.PAYMENT_STATE_OPEN
    till.provider.away = False
    await till.due_now()
    await till.follow()
    assert (await till.shop.get(order.id)).payment_state == Order.PAYMENT_STATE_PAID


@pytest.mark.spec("O-22")
@pytest.mark.parametrize("known", [Payment.OPEN, Payment.EXPIRED])  # EXPIRED ends the asking
@pytest.mark.parametrize("away", [False, True])
async def test_a_call_that_comes_while_the_provider_is_asked_is_answered_by_asking_again(
    till: Till, monkeypatch: pytest.MonkeyPatch, known: Payment, away: bool
) -> None:
    order = await till.placed()
    name = till.name_of((await till.start(order.id)).payment.id)
    till.provider.tell(name, known)
    ask = till.provider.get

    async def overtaken(provider_id: str) -> PaymentFact:
        fact = await ask(provider_id)
        if till.provider.calls["get"] == 1:
            till.provider.tell(name, Payment.PAID)
            await till.notify(name)
            if away:
                raise ProviderAway("its answer was lost")
        return fact

    monkeypatch.setattr(till.provider, "get", overtaken)
    await till.notify(name)
    await till.follow()
    assert (await till.shop.get(order.id)).payment_state == Order.PAYMENT_STATE_PAID
    assert till.provider.calls["get"] == 2
    assert not await till.shop.rows("SELECT 1 FROM payments WHERE check_time IS NOT NULL")


@pytest.mark.spec("O-22")
async def test_orders_that_nobody_pays_are_cancelled_once(till: Till, shop: Shop, clock: Clock) -> None:
    order, with_page, paid = await till.placed(), await till.placed(), await till.placed()
    by_transfer = await shop.placed(("A", 1))
    page = (await till.start(with_page.id)).payment
    late = (await till.start(paid.id)).payment
    till.provider.tell(till.name_of(late.id), Payment.PAID)  # and nobody told us
    assert await unpaid.UnpaidOrders(shop.infra, till.online).cancel() == 0
    clock.fixed = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=25)
    assert await unpaid.UnpaidOrders(shop.infra, till.online).cancel() == 2
    assert await unpaid.UnpaidOrders(shop.infra, till.online).cancel() == 0
    states = [(await shop.get(one.id)).state for one in (order, with_page, paid, by_transfer)]
    assert states == [Order.STATE_CANCELLED, Order.STATE_CANCELLED, Order.STATE_PLACED, Order.STATE_PLACED]
    assert (await shop.get(paid.id)).payment_state == Order.PAYMENT_STATE_PAID
    clock.fixed = None
    await till.due_now()
    await till.follow()
    assert till.provider.facts[till.name_of(page.id)].state is Payment.CANCELED
    told = [events_pb2.OrderCancelled.FromString(one) for one in await shop.events("order_cancelled")]
    assert sorted(one.order_id for one in told) == sorted([order.id, with_page.id])
    assert all(one.was_placed for one in told)
    [entry] = [one for one in await shop.history(order.id) if one.action == "cancelled"]
    assert entry.detail == unpaid.REASON


@pytest.mark.spec("O-22")
async def test_what_the_provider_cannot_tell_keeps_no_younger_order_from_its_turn(
    till: Till, shop: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpaid, "AT_ONCE", 2)
    old = [await till.placed() for _ in range(2)]
    for order in old:
        await till.start(order.id)
    young = await till.placed()
    clock.fixed = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=25)
    till.provider.away = True
    orders = unpaid.UnpaidOrders(shop.infra, till.online)
    assert (await orders.cancel(), orders.more) == (0, True)
    assert (await orders.cancel(), orders.more) == (1, False)
    assert (await shop.get(young.id)).state == Order.STATE_CANCELLED
    till.provider.away = False
    assert await orders.cancel() == 2
    assert [(await shop.get(one.id)).state for one in old] == [Order.STATE_CANCELLED] * 2


@pytest.mark.spec("O-22")
@pytest.mark.parametrize("state", [Payment.PENDING, Payment.AUTHORIZED])
async def test_money_that_is_on_its_way_is_waited_for(
    till: Till, shop: Shop, clock: Clock, state: Payment
) -> None:
    order = await till.placed()
    payment = (await till.start(order.id)).payment
    till.provider.tell(till.name_of(payment.id), state)
    clock.fixed = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=25)
    assert await unpaid.UnpaidOrders(shop.infra, till.online).cancel() == 0
    assert (await shop.get(order.id)).state == Order.STATE_PLACED


@pytest.mark.spec("O-22")
async def test_a_payment_of_another_amount_is_stopped_first(till: Till, shop: Shop) -> None:
    order = await till.placed()
    old = (await till.start(order.id)).payment
    async with shop.infra.sessions.begin() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("UPDATE orders SET total = total + 100")
    new = (await till.start(order.id)).payment
    assert new.id != old.id
    assert till.provider.facts[till.name_of(old.id)].state is Payment.CANCELED
    till.provider.tell(till.name_of(new.id), Payment.PENDING)
    async with shop.infra.sessions.begin() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("UPDATE orders SET total = total + 100")
    async with refused("PAYMENT_IN_PROGRESS"):
        await till.start(order.id)
