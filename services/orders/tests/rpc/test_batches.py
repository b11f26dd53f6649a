"""Orders taken offline: uploaded together, answered one by one, safe to repeat."""

import asyncio
import datetime
from collections.abc import AsyncIterator
from typing import Any

import pytest
from commis.common.v1 import common_pb2
from commis.orders.v1 import checkout_pb2, entry_pb2, orders_pb2
from google.protobuf.timestamp_pb2 import Timestamp
from google.type import date_pb2

from orders.placing import use_cases as placing
from services.orders.tests.batches import (
    ALREADY,
    ATTENTION,
    PLACED,
    REFUSED,
    Batch,
    open_batch,
    reasons,
)
from services.orders.tests.shop import TERMS, Shop, amount, eur, refused

pytestmark = pytest.mark.spec("O-11")
TAKEN = datetime.datetime(2026, 11, 2, 15, 30, tzinfo=datetime.UTC)


@pytest.fixture
async def batch(shop: Shop) -> AsyncIterator[Batch]:
    async with open_batch(shop) as made:
        yield made


async def test_everything_that_was_typed_is_on_the_placed_order(shop: Shop, batch: Batch) -> None:
    taken = Timestamp()
    taken.FromDatetime(TAKEN)
    line = orders_pb2.LineInput(
        variant_id=str(shop.catalog.articles["B"].id),
        quantity=2,
        line_reference="L-1",
        cost_centre="K",
        requested_delivery_date=date_pb2.Date(year=2026, month=12, day=1),
        note="gift",
    )
    offline = batch.order(
        ("A", 1, "19.95"),
        order_reference="PO 7",
        cost_centre="C",
        note="ring twice",
        taken_time=taken,
        requested_delivery_date=date_pb2.Date(year=2026, month=12, day=2),
        contact=orders_pb2.Contact(name="An", email="an@linde.example"),
    )
    offline.lines.append(entry_pb2.OfflineLine(line=line, shown_unit_price=eur("20.95")))
    answer = await batch.one(offline)
    order = await shop.get(offline.order_id)
    assert (answer.outcome, answer.number, answer.state) == (
        PLACED,
        order.number,
        orders_pb2.Order.STATE_PLACED,
    )
    assert (order.parties.rep_code, order.taken_time.ToDatetime(datetime.UTC)) == ("REP01", TAKEN)
    assert (order.order_reference, order.cost_centre, order.note) == ("PO 7", "C", "ring twice")
    assert (order.requested_delivery_date.day, order.contact.name) == (2, "An")
    assert order.terms_acceptance.terms_version == "2026-01"
    placed = order.lines[1]
    assert (placed.sku, placed.quantity, placed.line_reference, placed.cost_centre, placed.note) == (
        *("B", 2, "L-1", "K", "gift"),
    )
    assert placed.requested_delivery_date == line.requested_delivery_date


async def test_the_same_upload_three_times_has_one_effect(shop: Shop, batch: Batch) -> None:
    offline = [batch.order(("A", 1, "19.95")), batch.order(("B", 2, ""))]
    first = await batch.upload(*offline)
    assert [each.outcome for each in first] == [PLACED, PLACED]
    for _ in range(2):
        again = await batch.upload(*offline)
        assert [(each.outcome, each.number) for each in again] == [(ALREADY, each.number) for each in first]
    assert len(await shop.events("order_placed")) == 2
    assert shop.catalog.held(shop.catalog.articles["B"]) == 2


async def test_the_same_upload_three_times_at_once_has_one_effect(shop: Shop, batch: Batch) -> None:
    shop.catalog.add("D", "7.00", stock=1)
    same = [batch.order(("A", 1, "19.95")), batch.order(("B", 1, "1.00")), batch.order(("D", 5, "7.00"))]
    answers = await asyncio.gather(*(batch.upload(*same) for _ in range(3)))
    for each in answers:
        assert each[0].outcome in {PLACED, ALREADY}
        assert [(one.outcome, one.shared_order) for one in each[1:]] == [(ATTENTION, True)] * 2
        assert (reasons(each[1]), reasons(each[2])) == (reasons(answers[0][1]), reasons(answers[0][2]))
    assert len({each[0].number for each in answers}) == 1
    assert len(await shop.events("order_placed")) == 1
    assert len(await shop.rows("SELECT 1 FROM orders")) == 3


async def test_another_content_under_a_known_id_changes_nothing(shop: Shop, batch: Batch) -> None:
    offline = batch.order(("A", 1, "19.95"))
    number = (await batch.one(offline)).number
    draft = await shop.sheet(("A", 3))
    for order_id in (offline.order_id, draft.id):
        answer = await batch.one(batch.order(("A", 2, "19.95"), order_id=order_id))
        assert (answer.outcome, reasons(answer)) == (REFUSED, {("order_id", "ORDER_ID_TAKEN")})
    assert (await batch.one(offline)).number == number
    assert (await shop.get(offline.order_id)).lines[0].quantity == 1
    assert (await shop.get(draft.id)).etag == draft.etag


async def test_a_moved_price_is_never_placed_silently(shop: Shop, batch: Batch) -> None:
    offline = batch.order(("A", 1, "19.95"), ("B", 2, "18.00"), ("C", 1, ""))
    answer = await batch.one(offline)
    assert (answer.outcome, answer.shared_order, answer.number) == (ATTENTION, True, "")
    assert answer.state == orders_pb2.Order.STATE_NEGOTIATING
    assert reasons(answer) == {("lines[1].shown_unit_price", "PRICE_CHANGED")}
    ((short, message),) = batch.proposals.sent.values()
    assert (short, "18 EUR" in message, "20.95 EUR" in message) == ({}, True, True)
    shop.catalog.articles["B"].price = shop.catalog.articles["C"].price
    assert await batch.one(offline) == answer
    assert len(batch.proposals.sent) == 1
    assert not await shop.events("order_placed")


async def test_prices_that_move_while_it_is_placed(
    shop: Shop, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the customer was shown is compared again; a price that nobody was shown is that of now."""
    place, raised = placing.place_order, []

    async def later(*given: Any) -> Any:
        if not raised:
            raised.append(1)
            for sku in ("A", "B"):
                shop.catalog.articles[sku].price += 1
        return await place(*given)

    monkeypatch.setattr(placing, "place_order", later)
    answer = await batch.one(batch.order(("A", 1, "19.95"), ("C", 1, "")))
    assert (answer.outcome, reasons(answer)) == (ATTENTION, {("lines[0].shown_unit_price", "PRICE_CHANGED")})
    raised.clear()
    unseen = batch.order(("B", 1, ""))
    assert (await batch.one(unseen)).outcome == PLACED
    assert amount((await shop.get(unseen.order_id)).totals.goods) == "22.95"


async def test_what_is_short_is_offered_as_far_as_it_is_there(shop: Shop, batch: Batch) -> None:
    shop.catalog.add("D", "7.00", stock=5)
    shop.catalog.add("E", "8.00", stock=0)
    offline = batch.order(("D", 4, "7.00"), ("D", 3, "7.00"), ("E", 2, "8.00"), ("A", 1, "19.95"))
    answer = await batch.one(offline)
    assert (answer.outcome, answer.shared_order) == (ATTENTION, True)
    assert reasons(answer) == {
        ("lines[1].line.quantity", "STOCK_SHORTAGE"),
        ("lines[2].line.quantity", "STOCK_SHORTAGE"),
    }
    order = await shop.get(offline.order_id)
    short, _ = batch.proposals.sent[next(iter(batch.proposals.sent))]
    by_id = {line.id: line for line in order.lines}
    assert {by_id[str(line)].position: each.available for line, each in short.items()} == {2: 1, 3: 0}
    assert [line.quantity for line in order.lines] == [4, 3, 2, 1]
    assert shop.catalog.held(shop.catalog.articles["A"]) == 0


async def test_lines_that_no_order_can_have_are_kept_in_the_note(shop: Shop, batch: Batch) -> None:
    shop.catalog.add("OLD", "3.00", discontinued=True)
    offline = batch.order(("OLD", 3, "3.00"), ("A", 1, "19.95"), ("NONE", 2, ""), note="ring twice")
    offline.lines[0].line.line_reference, offline.lines[0].line.note = "L-9", "the blue one"
    answer = await batch.one(offline)
    assert (answer.outcome, answer.shared_order) == (ATTENTION, True)
    assert reasons(answer) == {
        ("lines[0].line", "VARIANT_DISCONTINUED"),
        ("lines[2].line", "VARIANT_NOT_FOUND"),
    }
    order = await shop.get(offline.order_id)
    assert [line.sku for line in order.lines] == ["A"]
    for kept in ("ring twice", "3 x OLD", "L-9", "the blue one", "2 x NONE"):
        assert kept in order.note
    assert await batch.one(offline) == answer
    # Without any line that can be had there is nothing to propose; what was typed stays, too.
    nothing = batch.order(("OLD", 3, "3.00"))
    answer = await batch.one(nothing)
    assert (answer.outcome, answer.shared_order, answer.state) == (
        ATTENTION,
        False,
        orders_pb2.Order.STATE_DRAFT,
    )
    assert "3 x OLD" in (await shop.get(nothing.order_id)).note
    # More than a note can hold is not cut off.
    full = batch.order(*(("OLD", 1, ""),) * 60, note="x" * 1000)
    answer = await batch.one(full)
    assert (answer.outcome, ("note", "TOO_LONG") in reasons(answer)) == (REFUSED, True)
    async with refused("ORDER_NOT_FOUND"):
        await shop.get(full.order_id)


async def test_what_else_is_missing_leaves_a_draft_that_the_same_upload_places_later(
    shop: Shop, batch: Batch
) -> None:
    offline = batch.order(("A", 1, "19.95"), terms_version="2025", shipping_method="")
    answer = await batch.one(offline)
    assert (answer.outcome, answer.shared_order, answer.state) == (
        ATTENTION,
        False,
        orders_pb2.Order.STATE_DRAFT,
    )
    assert reasons(answer) == {("terms_version", "TERMS_OUTDATED"), ("shipping_method", "REQUIRED")}
    assert reasons(await batch.one(offline)) == reasons(answer)
    change = orders_pb2.UpdateOrderRequest(
        order=orders_pb2.Order(id=offline.order_id, shipping_method="STANDARD")
    )
    await shop.orders.UpdateOrder(change, metadata=batch.who)
    terms = common_pb2.LocalizedText(texts=TERMS)
    await shop.terms.PublishTerms(
        checkout_pb2.PublishTermsRequest(version="2025", text=terms), metadata=shop.staff
    )
    assert (await batch.one(offline)).outcome == PLACED
    # Lines that somebody changed since are not those that were uploaded.
    other = batch.order(("A", 1, "19.95"))
    assert (await batch.one(other)).outcome == ATTENTION
    more = orders_pb2.AddOrderLinesRequest(
        order_id=other.order_id, lines=[orders_pb2.LineInput(sku="B", quantity=1)]
    )
    await shop.orders.AddOrderLines(more, metadata=batch.who)
    assert reasons(await batch.one(other)) == {("lines", "ORDER_CHANGED")}
    await shop.orders.CancelOrder(orders_pb2.CancelOrderRequest(order_id=other.order_id), metadata=batch.who)
    assert reasons(await batch.one(other)) == {("order_id", "ORDER_STATE")}
