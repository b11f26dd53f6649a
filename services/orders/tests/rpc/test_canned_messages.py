"""Canned messages: one from the start, kept by staff, filled in for an order."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

import pytest
from commis.common.v1 import common_pb2
from commis.orders.v1 import messages_pb2 as pb
from commis.orders.v1 import messages_pb2_grpc, orders_pb2

from chassis.ids import new_id
from chassis.testing import as_staff
from orders.canned.domain import PLACEHOLDERS
from services.orders.tests.conftest import Clock
from services.orders.tests.shop import Shop, found, refused

ALL = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)


def canned(shop: Shop) -> Any:
    return messages_pb2_grpc.CannedMessageServiceStub(shop.channel)


def a_message(name: str = "", **texts: str) -> pb.CannedMessage:
    text = common_pb2.LocalizedText(texts=texts or {"en": "Dear {customer_name}"})
    return pb.CannedMessage(name=name or f"Message {new_id().hex}", text=text)


async def create(shop: Shop, message: pb.CannedMessage, **fields: Any) -> pb.CannedMessage:
    request = pb.CreateCannedMessageRequest(canned_message=message, **fields)
    return (await canned(shop).CreateCannedMessage(request, metadata=shop.staff)).canned_message


async def everything(shop: Shop) -> list[pb.CannedMessage]:
    listed: list[pb.CannedMessage] = []
    token = ""
    while True:
        request = pb.ListCannedMessagesRequest(page_size=2, page_token=token)
        answer = await canned(shop).ListCannedMessages(request, metadata=shop.staff)
        listed += answer.canned_messages
        token = answer.next_page_token
        if not token:
            return listed


async def fill(shop: Shop, message: pb.CannedMessage, order_id: str) -> pb.FillCannedMessageResponse:
    request = pb.FillCannedMessageRequest(canned_message_id=message.id, order_id=order_id)
    answer: pb.FillCannedMessageResponse = await canned(shop).FillCannedMessage(request, metadata=shop.staff)
    return answer


@pytest.mark.spec("O-41")
async def test_delay_is_there_from_the_start(shop: Shop) -> None:
    (delay,) = [each for each in await everything(shop) if each.name == "Delay"]
    assert set(delay.text.texts) == {"en", "fr", "it", "nl"}
    order = await shop.placed(("A", 1))
    answer = await fill(shop, delay, order.id)
    assert answer.language_code == "nl"
    assert f"Uw bestelling {order.number} van " in answer.text
    assert answer.text.startswith("Beste Lies Peeters,")
    assert not set(answer.text) & set("{}")


@pytest.mark.spec("O-41")
async def test_staff_make_change_and_delete_them(shop: Shop) -> None:
    key = str(new_id())
    made = await create(shop, a_message("Goods arrived"), request_id=key)
    assert await create(shop, a_message("Goods arrived"), request_id=key) == made
    for name in ("Goods arrived", " goods  ARRIVED ", "Góods arrived"):
        async with refused("CANNED_MESSAGE_NAME_TAKEN"):
            await create(shop, a_message(name))
    change = pb.CannedMessage(id=made.id, etag=made.etag, name="Arrived")
    request = pb.UpdateCannedMessageRequest(canned_message=change)
    changed = (await canned(shop).UpdateCannedMessage(request, metadata=shop.staff)).canned_message
    assert (changed.name, changed.text, changed.etag) == ("Arrived", made.text, '"2"')
    async with refused("ETAG_MISMATCH"):
        await canned(shop).UpdateCannedMessage(request, metadata=shop.staff)
    other = await create(shop, a_message())
    taken = pb.UpdateCannedMessageRequest(canned_message=pb.CannedMessage(id=other.id, name="ARRIVED"))
    async with refused("CANNED_MESSAGE_NAME_TAKEN"):
        await canned(shop).UpdateCannedMessage(taken, metadata=shop.staff)
    names = [each.name.lower() for each in await everything(shop)]
    assert names == sorted(names)
    stale = pb.DeleteCannedMessageRequest(canned_message_id=made.id, etag=made.etag)
    async with refused("ETAG_MISMATCH"):
        await canned(shop).DeleteCannedMessage(stale, metadata=shop.staff)
    gone = pb.DeleteCannedMessageRequest(
        canned_message_id=made.id, etag=changed.etag, request_id=str(new_id())
    )
    for _ in range(2):  # said again, it is gone already
        await canned(shop).DeleteCannedMessage(gone, metadata=shop.staff)
    async with refused("CANNED_MESSAGE_NOT_FOUND"):
        await fill(shop, made, (await shop.placed(("A", 1))).id)
    assert made.id not in {each.id for each in await everything(shop)}


@pytest.mark.spec("O-41")
async def test_only_what_can_be_filled_in_is_kept(shop: Shop) -> None:
    wrong = a_message(
        " ", nl="Beste {customer}", fr="{order_number.__class__} {0}", de="Hallo", it="{total!r:>99999999}"
    )
    async with refused("INVALID_FIELDS") as errors:
        await create(shop, wrong)
    assert found(errors) == {
        ("canned_message.name", "REQUIRED"),
        ("canned_message.text.texts", "UNKNOWN_LANGUAGE"),
        ("canned_message.text.texts[en]", "REQUIRED"),
        ("canned_message.text.texts[fr]", "UNKNOWN_PLACEHOLDER"),
        ("canned_message.text.texts[it]", "UNKNOWN_PLACEHOLDER"),
        ("canned_message.text.texts[nl]", "UNKNOWN_PLACEHOLDER"),
    }
    lonely = await create(shop, a_message(en="a } b { c {today"))
    assert lonely.text.texts["en"] == "a } b { c {today"


@pytest.mark.spec("O-41")
@pytest.mark.parametrize(
    ("language", "day", "total"),
    [
        ("nl", "21 november 2026", "€\u00a032,00"),
        ("fr", "21 novembre 2026", "32,00\u00a0€"),
        ("it", "21 novembre 2026", "32,00\u00a0€"),
        ("en", "21 November 2026", "€32.00"),
    ],
)
async def test_every_placeholder_reads_as_its_language_writes_it(
    shop: Shop, clock: Clock, language: str, day: str, total: str
) -> None:
    clock.fixed = datetime.datetime(2026, 11, 20, 23, 30, tzinfo=datetime.UTC)  # tomorrow in Brussels
    facts = shop.customers.contexts[shop.account]
    # Braces in names are what they are.
    shop.customers.contexts[shop.account] = replace(
        facts, language=language, display_name="{total} {{order_number}} {0.__class__}"
    )
    sheet = await shop.sheet(("A", 1))
    order = await shop.place(sheet.id, terms_hash=await hash_of(shop, sheet.id))
    made = await create(shop, a_message(**{language: ALL, "en": ALL}))
    answer = await fill(shop, made, order.id)
    assert answer.language_code == language
    assert answer.text == (
        f"{order.number} {{total}} {{{{order_number}}}} {{0.__class__}} {day} {day} Lies Peeters {total} Boek & Zoon"
    )


async def hash_of(shop: Shop, order_id: str) -> str:

    request = orders_pb2.GetCheckoutRequest(order_id=order_id)
    return str((await shop.orders.GetCheckout(request, metadata=shop.customer)).terms_hash)


@pytest.mark.spec("O-41")
async def test_english_where_a_language_is_missing_and_a_sheet_has_no_number(shop: Shop) -> None:
    made = await create(shop, a_message(en="About {order_number}", fr="Au sujet de {order_number}"))
    sheet = await shop.sheet(("A", 1), order_reference="PO-7")
    answer = await fill(shop, made, sheet.id)
    assert (answer.text, answer.language_code) == ("About PO-7", "en")
    async with refused("ORDER_NOT_FOUND"):
        await fill(shop, made, str(new_id()))


@pytest.mark.spec("O-41", "A-12")
async def test_they_are_for_the_order_desk(shop: Shop) -> None:
    request = pb.ListCannedMessagesRequest()
    await canned(shop).ListCannedMessages(request, metadata=as_staff("ORDER_DESK"))
    for who in (shop.customer, shop.as_rep, as_staff("CATALOGUE"), as_staff("FINANCE")):
        async with refused("PERMISSION_DENIED"):
            await canned(shop).ListCannedMessages(request, metadata=who)
