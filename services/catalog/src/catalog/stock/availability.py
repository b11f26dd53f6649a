"""What a customer is told about stock: how much can be delivered, and when the rest could come."""

from __future__ import annotations

import datetime
from typing import NamedTuple, Protocol


class Stocked(Protocol):
    """What availability is derived from."""

    @property
    def stock_policy(self) -> str: ...
    @property
    def total_available(self) -> int: ...
    @property
    def expected_date(self) -> datetime.date | None: ...


class Availability(NamedTuple):
    state: str
    available: int
    expected_date: datetime.date | None


def availability_of(variant: Stocked, quantity: int) -> Availability:
    """TO_ORDER when not stock-managed; AVAILABLE when the whole quantity is there; else BACKORDER when the
    rest may follow later, PARTLY or UNAVAILABLE when it may not."""
    if variant.stock_policy == "UNMANAGED":
        return Availability("TO_ORDER", 0, variant.expected_date)
    available = variant.total_available
    if available >= quantity:
        return Availability("AVAILABLE", available, None)
    if variant.stock_policy == "BACKORDER":
        return Availability("BACKORDER", available, variant.expected_date)
    return Availability("PARTLY" if available else "UNAVAILABLE", available, variant.expected_date)
