"""Subscriptions, deliveries and events as staff and platforms read them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.errors import NotFound
from chassis.paging import Page
from notifications.tables import webhook_deliveries as deliveries
from notifications.tables import webhook_events as events
from notifications.tables import webhook_subscriptions as subscriptions

_SUBSCRIPTION = (
    subscriptions.c.id,
    subscriptions.c.owner_id,
    subscriptions.c.target_address,
    subscriptions.c.event_types,
    subscriptions.c.state,
    subscriptions.c.version,
    subscriptions.c.last_error,
    subscriptions.c.create_time,
    subscriptions.c.disable_time,
)
_DELIVERY = (
    deliveries.c.id,
    deliveries.c.subscription_id,
    events.c.message_id,
    events.c.event_type,
    deliveries.c.sequence,
    deliveries.c.state,
    deliveries.c.attempt_count,
    deliveries.c.last_status,
    deliveries.c.last_error,
    deliveries.c.create_time,
    deliveries.c.next_attempt_time,
    deliveries.c.deliver_time,
)
_OF_EVENT = sa.and_(events.c.owner_id == deliveries.c.owner_id, events.c.sequence == deliveries.c.sequence)


class SubscriptionNotFound(NotFound):
    reason = "WEBHOOK_SUBSCRIPTION_NOT_FOUND"

    def __init__(self, subscription_id: UUID) -> None:
        super().__init__(
            f"There is no webhook subscription {subscription_id}.", subscription_id=subscription_id
        )


class DeliveryNotFound(NotFound):
    reason = "WEBHOOK_DELIVERY_NOT_FOUND"

    def __init__(self, delivery_id: UUID) -> None:
        super().__init__(f"There is no webhook delivery {delivery_id}.", delivery_id=delivery_id)


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    id: UUID
    owner_id: UUID
    target_address: str
    event_types: Sequence[str]
    state: str
    version: int
    last_error: str
    create_time: datetime.datetime
    disable_time: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryView:
    id: UUID
    subscription_id: UUID
    message_id: str
    event_type: str
    sequence: int
    state: str
    attempt_count: int
    last_status: int
    last_error: str
    create_time: datetime.datetime
    next_attempt_time: datetime.datetime | None
    deliver_time: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class EventView:
    sequence: int
    message_id: str
    event_type: str
    occur_time: datetime.datetime
    payload: str


async def get_subscription(
    session: AsyncSession, subscription_id: UUID, owner_id: UUID | None, *, lock: bool = False
) -> SubscriptionView:
    """`owner_id`: whose it must be, None for staff. Raises SubscriptionNotFound."""
    query = sa.select(*_SUBSCRIPTION).where(subscriptions.c.id == subscription_id)
    if owner_id is not None:
        query = query.where(subscriptions.c.owner_id == owner_id)
    row = (await session.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise SubscriptionNotFound(subscription_id)
    return SubscriptionView(*row)


async def list_subscriptions(
    session: AsyncSession, page: Page, owner_id: UUID | None
) -> Sequence[SubscriptionView]:
    """Newest first; one more than the page asks for when there are more."""
    query = sa.select(*_SUBSCRIPTION).order_by(subscriptions.c.id.desc()).limit(page.size + 1)
    if owner_id is not None:
        query = query.where(subscriptions.c.owner_id == owner_id)
    if page.after is not None:
        query = query.where(subscriptions.c.id < page.after[0])
    return [SubscriptionView(*row) for row in await session.execute(query)]


async def get_delivery(
    session: AsyncSession, delivery_id: UUID, owner_id: UUID | None, *, lock: bool = False
) -> DeliveryView:
    """Raises DeliveryNotFound."""
    query: sa.Select[Any] = sa.select(*_DELIVERY).join(events, _OF_EVENT)
    query = query.where(deliveries.c.id == delivery_id)
    if owner_id is not None:
        query = query.where(deliveries.c.owner_id == owner_id)
    rows = await session.execute(query.with_for_update(of=deliveries) if lock else query)
    found = [DeliveryView(*row) for row in rows]
    if not found:
        raise DeliveryNotFound(delivery_id)
    return found[0]


async def list_deliveries(
    session: AsyncSession, page: Page, *, subscription_id: UUID, state: str
) -> Sequence[DeliveryView]:
    """Newest first; one more than the page asks for when there are more."""
    query: sa.Select[Any] = sa.select(*_DELIVERY).join(events, _OF_EVENT)
    query = query.where(deliveries.c.subscription_id == subscription_id)
    if state:
        query = query.where(deliveries.c.state == state)
    if page.after is not None:
        query = query.where(deliveries.c.id < page.after[0])
    query = query.order_by(deliveries.c.id.desc()).limit(page.size + 1)
    return [DeliveryView(*row) for row in await session.execute(query)]


async def list_events(
    session: AsyncSession, owner_id: UUID, since_sequence: int, limit: int
) -> Sequence[EventView]:
    """Oldest first. The counter's lock makes numbers visible in their order: nothing lower comes later."""
    columns = (
        events.c.sequence,
        events.c.message_id,
        events.c.event_type,
        events.c.occur_time,
        events.c.payload,
    )
    query = sa.select(*columns).where(events.c.owner_id == owner_id, events.c.sequence > since_sequence)
    query = query.order_by(events.c.sequence).limit(limit)
    return [EventView(*row) for row in await session.execute(query)]
