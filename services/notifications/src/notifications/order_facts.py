"""What orders tells that is told on, by webhooks and in feeds alike."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from commis.orders.v1 import events_pb2 as pb

# Event -> (what it is called outside, the state the order is in after it).
ORDER_FACTS: dict[type[Any], tuple[str, str]] = {
    pb.OrderPlaced: ("order.placed", "PLACED"),
    pb.OrderAmended: ("order.changed", "PLACED"),
    pb.OrderProcessed: ("order.changed", "PROCESSING"),
    pb.OrderShipped: ("order.shipped", "SHIPPED"),
    pb.OrderDelivered: ("order.changed", "DELIVERED"),
    pb.OrderClosed: ("order.changed", "CLOSED"),
    pb.OrderCancelled: ("order.cancelled", "CANCELLED"),
}
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


def subjects(events: Iterable[type[Any]]) -> tuple[str, ...]:
    """On which orders publishes them."""
    return tuple(f"commis.orders.v1.{_WORD.sub('_', each.DESCRIPTOR.name).lower()}" for each in events)
