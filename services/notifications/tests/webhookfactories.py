"""Subscriptions and events with defaults; platforms as customers would know them."""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID

from commis.common.v1 import common_pb2
from commis.orders.v1 import events_pb2

from chassis import context
from chassis.db import Sessions
from chassis.envelope import Meta
from chassis.errors import NotFound
from chassis.ids import new_id
from notifications.vault import Vault
from notifications.webhooks import use_cases
from notifications.webhooks.consumers import FeedConsumer
from notifications.webhooks.facts import OrderEvent
from notifications.webhooks.use_cases import NewSubscription
from services.notifications.tests.factories import eur, meta

PLATFORM = UUID("01933f5e-7a10-7000-8000-00000000000a")
OTHER_PLATFORM = UUID("01933f5e-7a10-7000-8000-00000000000b")
VAULT = Vault("a secret of at least thirty-two characters")
OCCURRED = datetime.datetime(2026, 11, 20, 23, 30, 5, 250_000, tzinfo=datetime.UTC)


class PlatformNotFound(NotFound):
    reason = "CARE_PLATFORM_NOT_FOUND"


class FakePlatforms:
    def __init__(self, *platforms: UUID) -> None:
        self.trusted = set(platforms)

    async def exists(self, platform_id: UUID) -> bool:
        return platform_id in self.trusted

    async def trusted_platform(self) -> UUID:
        asking = context.principal().subject
        if asking not in self.trusted:
            raise PlatformNotFound("There is no such care platform.")
        assert isinstance(asking, UUID)
        return asking


def an_event(
    message: type[Any] = events_pb2.OrderPlaced, platform: UUID | None = PLATFORM, **changes: Any
) -> Any:
    """A fact of an assisted order; of an ordinary one without `platform`."""
    event = message(
        order_id=str(new_id()), number="2026-000123", account_id=str(new_id()), total=eur("14157.95")
    )
    event.attribution.occur_time.FromDatetime(OCCURRED)
    if platform is not None:
        event.assistance.CopyFrom(
            common_pb2.Assistance(
                platform_id=str(platform),
                community_id=str(new_id()),
                community_external_id="RES-7",
                care_worker_id=str(new_id()),
                care_worker_subject="carer|42",
                client_external_id="client-9",
            )
        )
    if isinstance(event, events_pb2.OrderCancelled):
        event.was_placed = True
    event.MergeFrom(message(**changes))
    return event


def batch(*events: OrderEvent) -> list[tuple[OrderEvent, Meta, Any]]:
    return [(event, meta(event.DESCRIPTOR.full_name), None) for event in events]


async def tell(sessions: Sessions, *events: OrderEvent, consumer: FeedConsumer | None = None) -> None:
    """As the consumer does with a batch."""
    async with sessions.begin() as session:
        await (consumer or FeedConsumer(None)).write(session, batch(*events))


async def subscribe(
    sessions: Sessions, target: str, *event_types: str, owner: UUID = PLATFORM
) -> tuple[UUID, str]:
    """(its id, its secret)"""
    async with sessions.begin() as session:
        view, secret = await use_cases.create_subscription(
            session, VAULT, NewSubscription(owner, target, event_types)
        )
    return view.id, secret
