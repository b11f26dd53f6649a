"""What cannot be placed as it was taken becomes a shared order, which the customer answers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from commis.orders.v1 import orders_pb2, shared_orders_pb2_grpc
from commis.orders.v1 import shared_orders_pb2 as pb

from chassis.errors import Unavailable
from orders.batches import proposing
from orders.batches.proposing import SharedOrders
from services.orders.tests.batches import AGAIN, ALREADY, ATTENTION, Batch, open_batch, reasons
from services.orders.tests.shop import Shop, amount, refused

pytestmark = pytest.mark.spec("O-11")
RED, YELLOW = pb.SheetStatus.COLOUR_RED, pb.SheetStatus.COLOUR_YELLOW


@pytest.fixture
async def batch(shop: Shop) -> AsyncIterator[Batch]:
    async with open_batch(shop, SharedOrders(shop.infra)) as made:
        yield made


async def sheet(shop: Shop, order_id: str, who: Any = None) -> pb.SharedOrder:
    stub = shared_orders_pb2_grpc.SharedOrderServiceStub(shop.channel)
    answer = await stub.GetSharedOrder(
        pb.GetSharedOrderRequest(order_id=order_id), metadata=who or shop.customer
    )
    return answer.shared_order


async def log(shop: Shop, order_id: str, who: Any = None) -> list[pb.SheetChange]:
    stub = shared_orders_pb2_grpc.SharedOrderServiceStub(shop.channel)
    request = pb.ListSheetChangesRequest(order_id=order_id, page_size=200)
    return list((await stub.ListSheetChanges(request, metadata=who or shop.customer)).changes)


async def test_the_customer_validates_the_price_of_now_and_it_is_placed(shop: Shop, batch: Batch) -> None:
    offline = batch.order(("A", 2, "18.00"), ("B", 1, "20.95"), note="ring twice", order_reference="PO 7")
    answer = await batch.one(offline)
    assert (answer.outcome, answer.shared_order) == (ATTENTION, True)
    seen = await sheet(shop, offline.order_id)
    assert (seen.status.colour, seen.waiting_for, seen.started_by) == (RED, pb.SIDE_CUSTOMER, pb.SIDE_VENDOR)
    assert [amount(line.current.unit_price) for line in seen.lines] == ["19.95", "20.95"]
    assert (seen.header.note, seen.header.order_reference) == ("ring twice", "PO 7")
    assert (await sheet(shop, offline.order_id, batch.who)).status.colour == YELLOW
    assert any(
        "18 EUR" in change.text and "19.95 EUR" in change.text for change in await log(shop, offline.order_id)
    )
    stub = shared_orders_pb2_grpc.SharedOrderServiceStub(shop.channel)
    accept = pb.AcceptChangesRequest(order_id=offline.order_id, revision=seen.revision, hash=seen.hash)
    # The terms of sale were accepted when the order was taken.
    accepted = (await stub.AcceptChanges(accept, metadata=shop.customer)).shared_order
    assert (accepted.state, list(accepted.obstacles)) == (orders_pb2.Order.STATE_PLACED, [])
    again = await batch.one(offline)
    assert (again.outcome, again.number) == (ALREADY, accepted.number)


async def test_what_is_there_of_a_line_is_proposed_and_what_was_typed_stays_in_the_log(
    shop: Shop, batch: Batch
) -> None:
    shop.catalog.add("D", "7.00", stock=2)
    shop.catalog.add("E", "8.00", stock=0)
    offline = batch.order(("D", 5, "7.00"), ("E", 3, "8.00"), ("A", 1, "19.95"))
    answer = await batch.one(offline)
    assert {reason for _, reason in reasons(answer)} == {"STOCK_SHORTAGE"}
    lines = (await sheet(shop, offline.order_id)).lines
    assert [(line.current.quantity, line.current.mark) for line in lines] == [
        (2, pb.LineTerms.MARK_SHORT),
        (3, pb.LineTerms.MARK_BACKORDERED),
        (1, pb.LineTerms.MARK_NONE),
    ]
    moved = [change for change in await log(shop, offline.order_id, batch.who) if change.field == "quantity"]
    assert [(change.from_value, change.to_value) for change in moved] == [("5", "2")]
    assert any("5 x D" in change.text for change in await log(shop, offline.order_id))


async def test_uploaded_three_times_at_once_it_is_proposed_and_sent_once(shop: Shop, batch: Batch) -> None:
    shop.catalog.add("D", "7.00", stock=2)
    offline = [batch.order(("A", 1, "1.00")), batch.order(("D", 5, "7.00"))]
    answers = await asyncio.gather(*(batch.upload(*offline) for _ in range(3)))
    assert {each.outcome for answer in answers for each in answer} <= {ATTENTION, AGAIN}
    answers = [*answers, await batch.upload(*offline)]
    told = [each for answer in answers for each in answer if each.outcome == ATTENTION]
    assert all(each.shared_order for each in told)
    for each in offline:
        whole = await log(shop, each.order_id, batch.who)
        kinds = [change.kind for change in whole]
        assert (kinds.count("started"), kinds.count("sent")) == (1, 1)


async def test_a_proposal_that_broke_off_before_it_was_sent_is_sent_by_the_next_upload(
    shop: Shop, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise Unavailable("gone")

    offline = batch.order(("A", 1, "1.00"))
    with monkeypatch.context() as patched:
        patched.setattr(proposing, "negotiate", broken)
        assert (await batch.one(offline)).outcome == AGAIN
    async with refused("SHARED_ORDER_NOT_FOUND"):
        await sheet(shop, offline.order_id)
    assert (await batch.one(offline)).outcome == ATTENTION
    assert (await sheet(shop, offline.order_id)).status.colour == RED


async def test_a_negotiation_that_the_representative_began_by_hand_is_left_alone(
    shop: Shop, batch: Batch
) -> None:
    offline = batch.order(("A", 1, "19.95"), terms_version="2025")
    assert (await batch.one(offline)).shared_order is False
    stub = shared_orders_pb2_grpc.SharedOrderServiceStub(shop.channel)
    await stub.StartSharedOrder(pb.StartSharedOrderRequest(order_id=offline.order_id), metadata=batch.who)
    answer = await batch.one(offline)
    assert (answer.outcome, answer.shared_order) == (ATTENTION, True)
    async with refused("SHARED_ORDER_NOT_FOUND"):
        await sheet(shop, offline.order_id)
