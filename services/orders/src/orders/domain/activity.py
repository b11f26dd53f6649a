"""What came beside an order, as its page shows it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Activity:
    """Counts and the latest of what has lists of its own: shipments, messages."""

    shipment_count: int
    last_ship_time: datetime.datetime | None
    carriers: tuple[str, ...]
    shipped_weight_grams: int
    message_count: int
    last_message_time: datetime.datetime | None
    last_message_from_customer: bool
