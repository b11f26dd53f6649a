"""Uploads that are refused, cut off, too slow or wrong: nothing is lost, and nothing is done twice."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from commis.orders.v1 import orders_pb2

from chassis.errors import Unavailable
from chassis.ids import new_id
from chassis.testing import as_rep, as_service, as_staff
from orders.batches import use_cases
from orders.placing import use_cases as placing
from services.orders.tests.batches import (
    AGAIN,
    ALREADY,
    ATTENTION,
    PLACED,
    REFUSED,
    Batch,
    open_batch,
    reasons,
)
from services.orders.tests.shop import Shop, found, refused

pytestmark = pytest.mark.spec("O-11")


@pytest.fixture
async def batch(shop: Shop) -> AsyncIterator[Batch]:
    async with open_batch(shop) as made:
        yield made


@pytest.mark.spec("A-12")
async def test_a_customer_who_is_no_longer_ones_own_does_not_exist(shop: Shop, batch: Batch) -> None:
    placed = batch.order(("A", 1, "19.95"))
    assert (await batch.one(placed)).outcome == PLACED
    shop.customers.reps[shop.account].clear()
    nobody = batch.order(("A", 1, "19.95"), account_id=str(new_id()))
    for offline in (placed, batch.order(("A", 1, "19.95")), nobody):
        answer = await batch.one(offline)
        assert (answer.outcome, reasons(answer)) == (REFUSED, {("account_id", "ACCOUNT_NOT_FOUND")})
        assert (answer.number, answer.state) == ("", orders_pb2.Order.STATE_UNSPECIFIED)
    assert (await batch.one(placed, as_staff("ORDER_DESK"))).outcome == ALREADY
    for who in (shop.customer, shop.as_rep, as_service("orders.read"), as_staff("CATALOGUE")):
        async with refused("PERMISSION_DENIED"):
            await batch.one(placed, who)
    assert (await batch.one(batch.order(("A", 1, "")), as_rep(new_id()))).outcome == REFUSED


async def test_a_crash_between_making_and_placing_is_finished_by_the_next_upload(
    shop: Shop, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crashed(*_: Any) -> Any:
        raise Unavailable("gone")

    offline = [batch.order(("A", 1, "19.95")), batch.order(("B", 1, "1.00"))]
    with monkeypatch.context() as broken:
        broken.setattr(placing, "place_order", crashed)
        batch.proposals.fail = Unavailable("gone")
        assert [each.outcome for each in await batch.upload(*offline)] == [AGAIN, AGAIN]
    assert (await shop.get(offline[0].order_id)).state == orders_pb2.Order.STATE_DRAFT
    batch.proposals.fail = None
    first, second = await batch.upload(*offline)
    assert (first.outcome, second.outcome, second.shared_order) == (PLACED, ATTENTION, True)
    assert len(batch.proposals.sent) == 1
    shop.customers.down = True
    assert [each.outcome for each in await batch.upload(*offline)] == [AGAIN, AGAIN]


async def test_five_hundred_in_one_upload_in_their_order(shop: Shop, batch: Batch) -> None:
    offline = [batch.order(("C", 1 + number % 3, "5.00")) for number in range(500)]
    answers = await batch.upload(*offline, timeout=120)
    assert [each.order_id for each in answers] == [each.order_id for each in offline]
    assert {each.outcome for each in answers} == {PLACED}
    assert len({each.number for each in answers}) == 500


async def test_what_is_not_reached_in_time_is_told_so(shop: Shop, batch: Batch) -> None:
    shop.catalog.gate = asyncio.Event()
    offline = [batch.order(("A", 1, "19.95")) for _ in range(7)]
    answers = await batch.upload(*offline, timeout=3)
    assert [each.outcome for each in answers] == [AGAIN] * 7
    shop.catalog.gate.set()
    shop.catalog.gate = None
    async with asyncio.timeout(20):
        while {each.outcome for each in await batch.upload(*offline)} - {PLACED, ALREADY}:
            await asyncio.sleep(0.05)
    assert len(await shop.events("order_placed")) == 7


async def test_every_wrong_field_of_an_order_is_its_own_answer(shop: Shop, batch: Batch) -> None:
    wrong = batch.order(("A", 0, ""), order_id="x", account_id="", note="y" * 2001)
    wrong.lines[0].line.note = "\x00"
    wrong.lines[0].shown_unit_price.currency_code = "EURO"
    electronic = batch.order(("A", 1, ""), payment_method=orders_pb2.PAYMENT_METHOD_ELECTRONIC)
    first, second, third = await batch.upload(
        wrong, electronic, batch.order(order_id=str(shop.account)[:14] + "4" + str(shop.account)[15:])
    )
    assert (first.order_id, first.outcome) == ("x", REFUSED)
    assert reasons(first) == {
        ("order_id", "INVALID"),
        ("account_id", "REQUIRED"),
        ("note", "TOO_LONG"),
        ("lines[0].line.quantity", "OUT_OF_RANGE"),
        ("lines[0].line.note", "UNSTORABLE_CHARACTER"),
        ("lines[0].shown_unit_price", "INVALID"),
    }
    assert (second.outcome, reasons(second)) == (REFUSED, {("payment_method", "PAYMENT_NOT_ALLOWED")})
    assert reasons(third) == {("order_id", "INVALID"), ("lines", "REQUIRED")}


async def test_a_batch_that_is_none_is_refused_whole(shop: Shop, batch: Batch) -> None:
    twice = batch.order(("A", 1, ""))
    for orders, wrong in (
        ([], ("orders", "REQUIRED")),
        ([batch.order(("A", 1, "")) for _ in range(501)], ("orders", "TOO_MANY")),
        ([twice, batch.order(), twice], ("orders[2].order_id", "REPEATED")),
    ):
        async with refused("INVALID_FIELDS") as errors:
            await batch.upload(*orders)
        assert found(errors) == {wrong}
    assert await shop.rows("SELECT 1 FROM orders") == []


def test_a_repeat_is_known_by_its_method() -> None:
    """It is in stored answers: a new name would forget them."""
    assert use_cases.METHOD == "UploadOrders"
