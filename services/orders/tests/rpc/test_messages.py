"""Messages about an order: who writes to whom, who reads them, and that they stay."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from commis.common.v1 import common_pb2
from commis.orders.v1 import events_pb2, messages_pb2_grpc
from commis.orders.v1 import messages_pb2 as pb
from sqlalchemy.exc import IntegrityError

from chassis.ids import new_id
from chassis.testing import as_customer, as_rep, as_service, as_staff
from orders.messages import domain
from services.orders.tests.rpc.test_fulfilment import change_row
from services.orders.tests.shop import Shop, found, refused


def messages(shop: Shop) -> Any:
    return messages_pb2_grpc.OrderMessageServiceStub(shop.channel)


async def write(shop: Shop, order_id: str, text: str, who: Any, **fields: Any) -> pb.OrderMessage:
    request = pb.WriteOrderMessageRequest(order_id=order_id, text=text, **fields)
    return (await messages(shop).WriteOrderMessage(request, metadata=who)).message


async def read(shop: Shop, order_id: str, who: Any = None, **fields: Any) -> pb.ListOrderMessagesResponse:
    request = pb.ListOrderMessagesRequest(order_id=order_id, **fields)
    answer: pb.ListOrderMessagesResponse = await messages(shop).ListOrderMessages(
        request, metadata=who or shop.customer
    )
    return answer


@pytest.mark.spec("O-30", "O-40")
async def test_both_sides_write_and_it_stays_on_the_order(shop: Shop) -> None:
    order = await shop.placed(("A", 1))
    desk = as_staff("ORDER_DESK")
    written = [
        await write(shop, order.id, "It will be a day later.\n\nSorry!", desk),
        await write(shop, order.id, "That is fine. {order_number} <b>", shop.customer),
        await write(shop, order.id, "Thank you.", shop.as_rep),
    ]
    assert [each.from_customer for each in written] == [False, True, False]
    assert [each.author.kind for each in written] == [
        common_pb2.PARTY_KIND_STAFF, common_pb2.PARTY_KIND_PERSON, common_pb2.PARTY_KIND_REP,
    ]  # fmt: skip
    assert written[1].author.display_name == "Name of PERSON"
    assert written[0].text == "It will be a day later.\n\nSorry!"
    for who in (shop.customer, shop.as_rep, desk, as_staff("FINANCE"), as_service("orders.read")):
        assert list((await read(shop, order.id, who)).messages) == written
    events = [
        events_pb2.OrderMessageWritten.FromString(each) for each in await shop.events("order_message_written")
    ]
    assert [(each.message_id, each.from_customer) for each in events] == [
        (each.id, each.from_customer) for each in written
    ]
    assert all(b"Sorry" not in payload for payload in await shop.events("order_message_written"))
    now = await shop.get(order.id)
    assert now.etag == order.etag  # the order itself did not change
    activity = now.activity
    assert (activity.message_count, activity.last_message_from_customer) == (3, False)
    assert activity.last_message_time == written[2].create_time


@pytest.mark.spec("O-40", "A-12")
async def test_who_does_not_see_the_order_neither_reads_nor_writes(shop: Shop) -> None:
    order = await shop.placed(("A", 1))
    other = shop.customers.add()
    strangers = (as_customer(new_id(), other), as_customer(new_id(), shop.account, "USER"), as_rep(new_id()))
    for who in strangers:
        async with refused("ORDER_NOT_FOUND"):
            await write(shop, order.id, "hello", who)
        async with refused("ORDER_NOT_FOUND"):
            await read(shop, order.id, who)
    async with refused("PERMISSION_DENIED"):
        await write(shop, order.id, "hello", as_staff("FINANCE"))
    assert list((await read(shop, order.id)).messages) == []


@pytest.mark.spec("O-40")
async def test_what_was_written_is_read_by_services_one_by_one(shop: Shop) -> None:
    order = await shop.placed(("A", 1))
    written = await write(shop, order.id, "hello", shop.customer)
    request = pb.GetOrderMessageRequest(order_message_id=written.id)
    answer = await messages(shop).GetOrderMessage(request, metadata=as_service("orders.read"))
    assert answer.message == written
    for who in (shop.customer, shop.staff, as_service("orders.placement")):
        async with refused("PERMISSION_DENIED"):
            await messages(shop).GetOrderMessage(request, metadata=who)
    nothing = pb.GetOrderMessageRequest(order_message_id=str(new_id()))
    async with refused("ORDER_MESSAGE_NOT_FOUND"):
        await messages(shop).GetOrderMessage(nothing, metadata=as_service("orders.read"))


@pytest.mark.spec("O-40", "O-21")
async def test_a_message_that_is_sent_again_is_one(shop: Shop) -> None:
    order = await shop.placed(("A", 1))
    key = str(new_id())
    made = await asyncio.gather(
        *(write(shop, order.id, "once", shop.customer, request_id=key) for _ in range(6))
    )
    assert all(each == made[0] for each in made)
    assert len((await read(shop, order.id)).messages) == 1
    async with refused("REQUEST_ID_REUSED"):
        await write(shop, order.id, "twice", shop.customer, request_id=key)
    rows = await shop.rows("SELECT response FROM idempotency WHERE method = 'WriteOrderMessage'")
    assert [b"once" in row.response for row in rows] == [False]


@pytest.mark.spec("O-40")
async def test_pages_of_messages_and_their_limit(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    order = await shop.placed(("A", 1))
    written = [await write(shop, order.id, f"number {index}", shop.customer) for index in range(5)]
    first = await read(shop, order.id, page_size=2)
    second = await read(shop, order.id, page_size=2, page_token=first.next_page_token)
    third = await read(shop, order.id, page_size=2, page_token=second.next_page_token)
    assert [*first.messages, *second.messages, *third.messages] == written
    assert not third.next_page_token
    monkeypatch.setattr("orders.messages.use_cases.MAX_MESSAGES", 5)
    async with refused("TOO_MANY_MESSAGES"):
        await write(shop, order.id, "one more", shop.customer)


@pytest.mark.spec("O-40")
async def test_texts_that_cannot_be(shop: Shop) -> None:
    order = await shop.placed(("A", 1))
    for text, reason in (
        ("", "REQUIRED"),
        (" \n ", "REQUIRED"),
        ("x" * (domain.MAX_LENGTH + 1), "TOO_LONG"),
        ("a\x00b", "UNSTORABLE_CHARACTER"),
    ):
        async with refused("INVALID_FIELDS") as errors:
            await write(shop, order.id, text, shop.customer)
        assert found(errors) == {("text", reason)}
    longest = await write(shop, order.id, "é" * domain.MAX_LENGTH, shop.customer)
    assert len(longest.text) == domain.MAX_LENGTH


@pytest.mark.spec("O-40")
async def test_the_database_keeps_messages_as_they_were_written(shop: Shop) -> None:
    order = await shop.placed(("A", 1))
    await write(shop, order.id, "hello", shop.customer)
    for statement in (
        "DELETE FROM order_messages",
        "UPDATE order_messages SET text = 'goodbye'",
        "UPDATE order_messages SET from_customer = false",
    ):
        with pytest.raises(IntegrityError):
            await change_row(shop, statement)
    await change_row(shop, "UPDATE order_messages SET text = '', author_name = ''")
