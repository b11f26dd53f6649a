"""Mails about shipments and messages: who gets which, and what they say."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from commis.common.v1 import common_pb2
from commis.orders.v1 import events_pb2, messages_pb2, orders_pb2, shipments_pb2

from chassis.consumer import Permanent
from chassis.ids import new_id
from notifications.mails.store import Draft
from services.notifications.tests.factories import (
    ACCOUNT_ID,
    VENDOR_MAIL,
    FakeCustomers,
    FakeOrders,
    causes,
    meta,
)
from services.notifications.tests.newsfactories import (
    AUTHOR,
    MESSAGE,
    SHIPMENT,
    a_message,
    a_shipment,
    a_shipped_order,
    known_customers,
)


def shipped(order: orders_pb2.Order, shipment: UUID = SHIPMENT) -> events_pb2.ShipmentCreated:
    return events_pb2.ShipmentCreated(
        order_id=order.id, account_id=str(ACCOUNT_ID), shipment_id=str(shipment)
    )


def written(order: orders_pb2.Order) -> events_pb2.OrderMessageWritten:
    return events_pb2.OrderMessageWritten(
        order_id=order.id, account_id=str(ACCOUNT_ID), message_id=str(MESSAGE)
    )


async def mailed(
    event: Any,
    order: orders_pb2.Order,
    *,
    message: messages_pb2.OrderMessage | None = None,
    shipments: shipments_pb2.ListShipmentsResponse | None = None,
    customers: FakeCustomers | None = None,
) -> list[Draft]:
    orders = FakeOrders(order)
    orders.shipments = shipments or a_shipment(order)
    if message is not None:
        orders.messages[MESSAGE] = message
    return await causes(orders, customers or known_customers("it")).drafts(event, meta())


def to(drafts: list[Draft]) -> list[tuple[str, str, str]]:
    return [(draft.template, draft.recipient, draft.language) for draft in drafts]


@pytest.mark.spec("O-32", "M-01")
async def test_a_shipment_goes_where_the_confirmation_went() -> None:
    order = a_shipped_order("nl")
    (draft,) = drafts = await mailed(shipped(order), order)
    assert to(drafts) == [("shipment", "marie@parc.example", "nl")]
    assert (draft.order_id, draft.account_id) == (UUID(order.id), ACCOUNT_ID)
    for part in (draft.text, draft.html):
        for said in ("bpost", "3SABC 17", "1.000", "BK-9789401", "150", "50", "verwacht op 15 januari 2027"):
            assert said in part
    assert "https://track.example/3SABC?a=1&b=2" in draft.text
    assert 'href="https://track.example/3SABC?a=1&amp;b=2"' in draft.html


@pytest.mark.spec("O-32", "M-01")
async def test_the_last_shipment_says_that_it_is_the_last() -> None:
    order = a_shipped_order("en")
    all_gone = a_shipment(order, tracking_address="", carrier="")
    del all_gone.open_lines[:]
    (draft,) = await mailed(shipped(order), order, shipments=all_gone)
    assert "Your order is complete with this." in draft.text
    for absent in ("Still to come", "Carrier", "Follow the parcel", "href"):
        assert absent not in draft.text + draft.html


@pytest.mark.spec("M-01")
async def test_without_an_address_or_a_shipment_nothing_is_mailed() -> None:
    order = a_shipped_order("en")
    assert await mailed(shipped(order, new_id()), order) == []
    order.contact.email = ""
    assert await mailed(shipped(order), order) == []
    with pytest.raises(Permanent):
        await mailed(events_pb2.ShipmentCreated(order_id="x"), order)


@pytest.mark.spec("O-40", "M-01")
async def test_the_vendor_writes_to_the_accounts_address() -> None:
    order = a_shipped_order("nl")
    (draft,) = drafts = await mailed(written(order), order, message=a_message(from_customer=False))
    assert to(drafts) == [("order_message", "marie@parc.example", "it")]
    assert "   Can it be Friday?\n" in draft.text
    assert "&lt;b&gt;Thank you&lt;/b&gt; &amp; goodbye" in draft.html
    assert AUTHOR not in draft.named  # of the vendor


@pytest.mark.spec("O-40", "M-01")
async def test_somebody_without_an_address_is_written_to_through_the_contact() -> None:
    order = a_shipped_order("nl")
    order.contact.email = "reception@zonnebloem.example"
    message = a_message(from_customer=False)
    drafts = await mailed(written(order), order, message=message, customers=FakeCustomers())
    assert to(drafts) == [("order_message", "reception@zonnebloem.example", "nl")]
    order.contact.email = ""
    assert await mailed(written(order), order, message=message, customers=FakeCustomers()) == []


@pytest.mark.spec("O-40", "M-01")
async def test_the_customer_writes_to_the_vendor_and_to_the_rep_of_the_order() -> None:
    order = a_shipped_order("fr")
    message = a_message(from_customer=True)
    drafts = await mailed(written(order), order, message=message)
    assert to(drafts) == [
        ("order_answer", VENDOR_MAIL, "nl"),
        ("order_answer", "jan@reps.example", "it"),
    ]
    assert all(AUTHOR in draft.named for draft in drafts)
    assert drafts[0].subject == "Bericht over bestelling 2026-000123 – Librairie du Parc"
    unassigned = known_customers("it")
    unassigned.looked_after.clear()
    drafts = await mailed(written(order), order, message=message, customers=unassigned)
    assert to(drafts) == [("order_answer", VENDOR_MAIL, "nl")]
    order.parties.actor.kind = common_pb2.PARTY_KIND_PERSON
    assert len(await mailed(written(order), order, message=message)) == 1


@pytest.mark.spec("O-40")
async def test_what_was_emptied_meanwhile_is_not_mailed() -> None:
    order = a_shipped_order("fr")
    assert await mailed(written(order), order) == []
    assert await mailed(written(order), order, message=a_message(from_customer=True, text="")) == []


@pytest.mark.spec("O-40", "O-41")
async def test_braces_and_markup_in_texts_and_names_are_what_they_are() -> None:
    order = a_shipped_order("en")
    order.parties.customer.display_name = "{vendor} {{ 7*7 }} <i>"
    order.number = ""
    order.order_reference = ""
    message = a_message(from_customer=True, text="{order} {{ vendor }} {% if %} <script>")
    draft = (await mailed(written(order), order, message=message))[0]
    assert draft.subject.endswith("{vendor} {{ 7*7 }} <i>")
    assert "{order} {{ vendor }} {% if %} <script>" in draft.text
    assert "<script>" not in draft.html
    assert "{order} {{ vendor }} {% if %} &lt;script&gt;" in draft.html
