"""Events of orders become feed rows and deliveries; a care platform that is no longer trusted gets nothing more."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from commis.customers.v1 import events_pb2 as customer_events
from commis.orders.v1 import events_pb2 as order_events
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import db, ids
from chassis.consumer import Permanent, Subscription
from chassis.envelope import Meta
from notifications.order_facts import ORDER_FACTS, subjects
from notifications.webhooks import facts, feed, use_cases
from notifications.webhooks.domain import VENDOR
from notifications.webhooks.facts import Fact, OrderEvent

DURABLE = "notifications-webhooks"
# A webhook may come a quarter of a second later; together they cost much less.
LINGER_SECONDS = 0.25
# How long "the vendor has no subscription" may be believed without looking again: orders of the vendor's own
# customers then cost no transaction. Whoever makes the first subscription waits this long for all to know.
BELIEF_SECONDS = 1.0


class FeedConsumer:
    """`wake` tells the deliverer of this process that something is due; without one (a replay) it finds out."""

    def __init__(self, wake: Callable[[], None] | None) -> None:
        self._wake = wake
        self._vendor_listens = False
        self._nobody_until = 0.0

    def concerns(self, event: OrderEvent) -> bool:
        if isinstance(event, order_events.OrderCancelled) and not event.was_placed:
            return False
        if event.assistance.platform_id or self._vendor_listens:
            return True
        return time.monotonic() >= self._nobody_until

    async def write(self, session: AsyncSession, batch: Sequence[tuple[OrderEvent, Meta, Any]]) -> None:
        looked = time.monotonic()
        told = [(event, meta, facts.platform_of(event)) for event, meta, _ in batch if self._is_public(event)]
        owners = {platform for _, _, platform in told if platform is not None}
        wanted = await feed.subscribers(session, [VENDOR, *owners])
        self._vendor_listens = VENDOR in wanted
        self._nobody_until = looked + BELIEF_SECONDS
        listed: list[Fact] = []
        for event, meta, platform in told:
            if platform is not None:
                listed.append(facts.fact(event, meta, platform))
            if self._vendor_listens:
                listed.append(facts.fact(event, meta, VENDOR))
        if listed and await feed.append(session, listed, wanted) and self._wake is not None:
            db.after_commit(session, self._wake)

    @staticmethod
    def _is_public(event: OrderEvent) -> bool:
        """A sheet that was given up before it was placed is nobody's news."""
        return not isinstance(event, order_events.OrderCancelled) or event.was_placed

    async def platform_changed(
        self, session: AsyncSession, event: customer_events.CarePlatformChanged, _meta: Meta
    ) -> None:
        platform_id = ids.parse_id(event.platform_id)
        if platform_id is None:
            raise Permanent(f"not an id: {event.platform_id!r}")
        if not event.active:
            await use_cases.pause_all(session, platform_id)

    def subscriptions(self) -> list[Subscription]:
        return [
            Subscription(
                stream="COMMIS_ORDERS",
                durable=DURABLE,
                subjects=subjects(ORDER_FACTS),
                linger=LINGER_SECONDS,
                concerns=self.concerns,
                handle_many=self.write,
            ),
            Subscription(
                stream="COMMIS_CUSTOMERS",
                durable=DURABLE,
                subjects=("commis.customers.v1.care_platform_changed",),
                handler=self.platform_changed,
            ),
        ]
