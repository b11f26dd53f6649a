"""What use cases work with; built once by the composition root."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.db import Sessions
from orders.ports import Ports
from orders.shipping.store import ShippingMethods


def utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@dataclass(frozen=True, slots=True)
class Infrastructure:
    """`zone`: the vendor's business time zone. `currency`: of sheets without lines. `claim_seconds`: how long a
    placing attempt may take; holds of other services must live longer than that."""

    sessions: Sessions
    ports: Ports
    methods: ShippingMethods
    zone: ZoneInfo
    currency: str = "EUR"
    claim_seconds: float = 20.0
    clock: Callable[[], datetime.datetime] = utc_now

    @property
    def engine(self) -> AsyncEngine:
        """For statements that need no transaction."""
        engine: AsyncEngine = self.sessions.kw["bind"]
        return engine

    def today(self) -> datetime.date:
        """The local date in the business zone."""
        return self.clock().astimezone(self.zone).date()
