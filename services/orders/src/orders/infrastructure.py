"""What use cases work with; built once by the composition root."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.db import Sessions
from orders.attachments.blobs import BlobStore
from orders.payments.online import Online
from orders.ports import Ports
from orders.shipping.store import ShippingMethods


def utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@dataclass(frozen=True, slots=True)
class Infrastructure:
    """`blobs`: where files lie. `zone`: the vendor's business time zone. `currency`: of sheets without lines.
    `vendor_name`: signs messages.
    `claim_seconds`: how long a placing attempt may take; holds of other services must live longer than that.
    `placing_slots`: attempts at once; in a rush the others wait their turn here, before they claim anything, instead of
    for connections and rows. `online`: how payments are taken online; without it they are not offered."""

    sessions: Sessions
    ports: Ports
    methods: ShippingMethods
    blobs: BlobStore
    zone: ZoneInfo
    currency: str = "EUR"
    vendor_name: str = ""
    claim_seconds: float = 20.0
    clock: Callable[[], datetime.datetime] = utc_now
    placing_slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(16))

    online: Online | None = None

    @property
    def engine(self) -> AsyncEngine:
        """For statements that need no transaction."""
        engine: AsyncEngine = self.sessions.kw["bind"]
        return engine

    def today(self) -> datetime.date:
        """The local date in the business zone."""
        return self.clock().astimezone(self.zone).date()
