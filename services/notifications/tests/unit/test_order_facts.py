"""Every event of orders is told on, or named here as what is not."""

from __future__ import annotations

from commis.orders.v1 import events_pb2

from notifications import order_facts
from notifications.feeds import facts

# Parts of others; what concerns no account; and what is mailed, of which the feed tells by its own events.
PARTS = {"PlacedLine", "ShippedLine"}
LEFT_OUT = {"ShippingMethodChanged", "TermsPublished", "PaymentLinkRequested", "SheetReminderDue"}


def test_every_event_of_orders_is_told_or_left_out_on_purpose() -> None:
    told = {each.DESCRIPTOR.name for each in facts.OF_ORDERS}
    assert told | PARTS | LEFT_OUT == set(events_pb2.DESCRIPTOR.message_types_by_name)
    assert not told & LEFT_OUT
    of_orders = {each.DESCRIPTOR.name for each in order_facts.ORDER_FACTS}
    assert of_orders == {name for name in told if name.startswith("Order")} - {"OrderMessageWritten"}


def test_subjects_are_as_orders_publishes() -> None:
    found = order_facts.subjects((events_pb2.OrderPlaced, events_pb2.OrderMessageWritten))
    assert found == ("commis.orders.v1.order_placed", "commis.orders.v1.order_message_written")
