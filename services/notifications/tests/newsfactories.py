"""One mail of every kind about an order after it was placed, and what they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from commis.common.v1 import common_pb2
from commis.orders.v1 import messages_pb2, orders_pb2, shipments_pb2
from google.type import date_pb2

from chassis.ids import new_id
from notifications.mails.drafting import About
from notifications.mails.store import Draft
from notifications.ports import Recipient
from services.notifications.tests.factories import (
    ACCOUNT_ID,
    FakeCustomers,
    FakeOrders,
    a_line,
    an_order,
    news,
)

SHIPMENT = UUID("01933f5e-7a10-7000-8000-0000000000e1")
MESSAGE = UUID("01933f5e-7a10-7000-8000-0000000000e2")
AUTHOR = UUID("01933f5e-7a10-7000-8000-0000000000e3")
REP = UUID("01933f5e-7a10-7000-8000-0000000000e4")


def a_shipped_order(language: str = "fr", **changes: Any) -> orders_pb2.Order:
    order = an_order(language, **changes)
    order.lines.append(a_line(3, description="Lampe de lecture", sku="LAMP-1", quantity=4))
    order.parties.actor.id = str(REP)
    return order


def a_shipment(order: orders_pb2.Order, **changes: Any) -> shipments_pb2.ListShipmentsResponse:
    """A part of the first line and all of the second left; the first and the third have more to come."""
    first, second, third = order.lines
    given: dict[str, Any] = {
        "id": str(SHIPMENT),
        "order_id": order.id,
        "position": 1,
        "carrier": "bpost",
        "tracking_number": "3SABC 17",
        "tracking_address": "https://track.example/3SABC?a=1&b=2",
        "lines": [
            shipments_pb2.ShipmentLine(
                line_id=line.id, sku=line.sku, description=line.description, quantity=quantity
            )
            for line, quantity in ((first, 1000), (second, 1))
        ],
    }
    soon = date_pb2.Date(year=2027, month=1, day=15)
    return shipments_pb2.ListShipmentsResponse(
        shipments=[shipments_pb2.Shipment(**(given | changes))],
        open_lines=[
            shipments_pb2.OpenLine(
                line_id=first.id, open_quantity=200, backorder_quantity=50, expected_date=soon
            ),
            shipments_pb2.OpenLine(line_id=second.id, shipped_quantity=1),
            shipments_pb2.OpenLine(line_id=third.id, open_quantity=4),
        ],
    )


def a_message(
    *, from_customer: bool, text: str = "Can it be Friday?\n\n<b>Thank you</b> & goodbye"
) -> messages_pb2.OrderMessage:
    kind = common_pb2.PARTY_KIND_PERSON if from_customer else common_pb2.PARTY_KIND_STAFF
    return messages_pb2.OrderMessage(
        id=str(MESSAGE),
        from_customer=from_customer,
        author=common_pb2.Party(kind=kind, id=str(AUTHOR), display_name="Luc Janssens"),
        text=text,
    )


def known_customers(language: str = "fr") -> FakeCustomers:
    known = FakeCustomers()
    known.holders[ACCOUNT_ID] = Recipient("marie@parc.example", "Marie Dupont", language)
    known.representatives[REP] = Recipient("jan@reps.example", "Jan Peeters", language)
    return known


async def every_news(language: str) -> Sequence[Draft]:
    """The readers and the vendor all read this language; of an answer only what the vendor reads."""
    order = a_shipped_order(language)
    orders = FakeOrders(order)
    orders.shipments = a_shipment(order)
    made = news(orders, known_customers(language), vendor_language=language)
    about = About(new_id(), ACCOUNT_ID)
    drafts = await made.shipped(about, order, SHIPMENT)
    for from_customer in (False, True):
        orders.messages[MESSAGE] = a_message(from_customer=from_customer)
        drafts += (await made.written(about, order, MESSAGE))[:1]
    return drafts
