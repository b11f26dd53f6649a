"""The feeds: numbered without gaps in the order of commits, once per event, each owner by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from commis.customers.v1 import events_pb2 as customer_events
from commis.notifications.v1 import events_pb2 as own_events
from commis.orders.v1 import events_pb2
from nats.aio.client import Client as NatsClient
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis import broker, outbox
from chassis.consumer import Consumer, Permanent
from chassis.db import Sessions
from chassis.ids import new_id
from chassis.relay import Relay
from notifications.webhooks import queries
from notifications.webhooks.consumers import BELIEF_SECONDS, FeedConsumer
from notifications.webhooks.domain import VENDOR
from notifications.webhooks.queries import EventView
from services.notifications.tests.factories import meta
from services.notifications.tests.integration.conftest import eventually
from services.notifications.tests.webhookfactories import (
    OTHER_PLATFORM,
    PLATFORM,
    an_event,
    batch,
    subscribe,
    tell,
)

TARGET = "https://receiver.example/hooks"


async def feed_of(sessions: Sessions, owner: UUID, since: int = 0) -> Sequence[EventView]:
    async with sessions() as session:
        return await queries.list_events(session, owner, since, 1000)


async def count(sessions: Sessions, query: str) -> Any:
    async with sessions() as session:
        return (await session.execute(sa.text(query))).scalar_one()


@pytest.mark.spec("H-12", "M-03")
async def test_each_platform_has_a_feed_of_its_own(sessions: Sessions) -> None:
    await tell(sessions, an_event(), an_event(platform=OTHER_PLATFORM), an_event(events_pb2.OrderShipped))
    await tell(sessions, an_event(events_pb2.OrderCancelled))
    mine = await feed_of(sessions, PLATFORM)
    assert [(one.sequence, one.event_type) for one in mine] == [
        (1, "order.placed"),
        (2, "order.shipped"),
        (3, "order.cancelled"),
    ]
    assert [one.sequence for one in await feed_of(sessions, OTHER_PLATFORM)] == [1]
    assert [one.sequence for one in await feed_of(sessions, PLATFORM, since=2)] == [3]
    assert '"sequence":3' in mine[-1].payload


@pytest.mark.spec("M-03")
async def test_orders_of_nobody_else_leave_no_trace_until_the_vendor_listens(sessions: Sessions) -> None:
    await tell(sessions, an_event(platform=None), an_event())
    assert await feed_of(sessions, VENDOR) == []
    await subscribe(sessions, TARGET, owner=VENDOR)
    await tell(sessions, an_event(platform=None), an_event())
    assert [one.sequence for one in await feed_of(sessions, VENDOR)] == [1, 2]
    assert len(await feed_of(sessions, PLATFORM)) == 2


@pytest.mark.spec("H-12")
async def test_a_cart_that_was_given_up_is_no_news(sessions: Sessions) -> None:
    cart = an_event(events_pb2.OrderCancelled)
    cart.was_placed = False
    assert not FeedConsumer(None).concerns(cart)
    await tell(sessions, cart)
    assert await feed_of(sessions, PLATFORM) == []


@pytest.mark.spec("M-03")
async def test_deliveries_are_made_for_those_who_want_the_event(sessions: Sessions) -> None:
    everything, _ = await subscribe(sessions, TARGET)
    shipped, _ = await subscribe(sessions, TARGET, "order.shipped", "order.credited")
    await subscribe(sessions, TARGET, owner=OTHER_PLATFORM)
    await tell(sessions, an_event(), an_event(events_pb2.OrderShipped))
    async with sessions() as session:
        query = "SELECT subscription_id, sequence FROM webhook_deliveries ORDER BY sequence, subscription_id"
        rows = [tuple(row) for row in await session.execute(sa.text(query))]
    assert sorted(rows) == sorted([(everything, 1), (everything, 2), (shipped, 2)])


@pytest.mark.spec("M-03", "H-12")
async def test_numbers_have_no_gap_and_do_not_overtake(sessions: Sessions) -> None:
    """Twelve writers at once, some of whom fail, while a reader follows: it never has to go back."""
    read: list[int] = []
    writing = True

    async def follow() -> None:
        while writing or len(read) < 80:
            for one in await feed_of(sessions, PLATFORM, since=read[-1] if read else 0):
                read.append(one.sequence)
            await asyncio.sleep(0.002)

    async def write(number: int) -> None:
        for turn in range(10):
            platforms = (PLATFORM, OTHER_PLATFORM) if number % 2 else (OTHER_PLATFORM, PLATFORM)
            try:
                async with sessions.begin() as session:
                    events = batch(*(an_event(platform=one) for one in platforms))
                    await FeedConsumer(None).write(session, events)
                    await asyncio.sleep(0.003 * (number % 3))
                    if number >= 8:
                        raise RuntimeError(f"turn {turn} fails")
            except RuntimeError:
                continue

    following = asyncio.create_task(follow())
    await asyncio.gather(*(write(number) for number in range(12)))
    writing = False
    await asyncio.wait_for(following, 30)
    assert read == list(range(1, 81))


@pytest.mark.spec("M-03")
async def test_whether_the_vendor_listens_is_looked_up_once_a_second_at_most(sessions: Sessions) -> None:
    consumer, ordinary = FeedConsumer(None), an_event(platform=None)
    assert consumer.concerns(ordinary)
    await tell(sessions, ordinary, consumer=consumer)
    assert not consumer.concerns(ordinary)
    assert consumer.concerns(an_event())
    await subscribe(sessions, TARGET, owner=VENDOR)
    await asyncio.sleep(BELIEF_SECONDS)  # what the creating call waits
    assert consumer.concerns(ordinary)
    await tell(sessions, ordinary, consumer=consumer)
    assert len(await feed_of(sessions, VENDOR)) == 1
    assert consumer.concerns(ordinary)
    consumer._nobody_until = time.monotonic() + 60
    assert consumer.concerns(ordinary), "once it listens it listens"


@pytest.mark.spec("M-03", "M-05")
async def test_from_the_broker_each_event_once(
    engine: AsyncEngine, sessions: Sessions, nats_client: NatsClient
) -> None:
    for owner in ("orders", "customers"):
        await broker.ensure_stream(nats_client.jetstream(), owner)
    events = [an_event(kind) for kind in (events_pb2.OrderPlaced, events_pb2.OrderShipped) for _ in range(20)]
    woken: list[bool] = []
    await subscribe(sessions, TARGET)
    async with sessions.begin() as session:
        for event in events:
            name = "placed" if isinstance(event, events_pb2.OrderPlaced) else "shipped"
            outbox.add(session, event, subject=f"commis.orders.v1.order_{name}", aggregate_id=event.order_id)
    consumer = FeedConsumer(lambda: woken.append(True))
    tasks = [
        Relay(engine, nats_client, "notifications"),
        *(Consumer(sessions, nats_client, one) for one in consumer.subscriptions()),
    ]
    running = [asyncio.create_task(task.run()) for task in tasks]

    async def arrived() -> bool:
        return len(await feed_of(sessions, PLATFORM)) >= 40

    await eventually(arrived)
    # Everything once more, as after a lost stream: the inbox knows it.
    async with sessions.begin() as session:
        await session.execute(sa.text("UPDATE outbox SET publish_time = NULL"))
    await nats_client.jetstream().purge_stream("COMMIS_ORDERS")

    async def published() -> bool:
        return await count(sessions, "SELECT count(*) FROM outbox WHERE publish_time IS NULL") == 0

    await eventually(published)
    for task in tasks:
        await task.stop()
    await asyncio.gather(*running)
    told = await feed_of(sessions, PLATFORM)
    assert [one.sequence for one in told] == list(range(1, 41))
    assert [one.event_type for one in told] == ["order.placed"] * 20 + ["order.shipped"] * 20
    assert await count(sessions, "SELECT count(*) FROM webhook_deliveries") == 40
    assert woken


@pytest.mark.spec("H-14")
async def test_a_platform_that_is_not_trusted_any_more_gets_nothing_more(sessions: Sessions) -> None:
    mine, _ = await subscribe(sessions, TARGET)
    await subscribe(sessions, TARGET, owner=OTHER_PLATFORM)
    consumer = FeedConsumer(None)
    for active in (True, False, False):
        event = customer_events.CarePlatformChanged(platform_id=str(PLATFORM), active=active)
        async with sessions.begin() as session:
            await consumer.platform_changed(session, event, meta())
        states = await count(sessions, "SELECT string_agg(state, ' ' ORDER BY id) FROM webhook_subscriptions")
        assert states == ("ACTIVE ACTIVE" if active else "PAUSED ACTIVE")
    async with sessions() as session:
        told = (
            (await session.execute(sa.text("SELECT payload FROM outbox ORDER BY position"))).scalars().all()
        )
    changed = own_events.WebhookSubscriptionChanged.FromString(told[-1])
    assert len(told) == 3, "two made, one paused"
    assert (changed.subscription_id, list(changed.changed_fields)) == (str(mine), ["state"])
    assert changed.attribution.actor.id == "notifications"
    broken = customer_events.CarePlatformChanged(platform_id=f"x{new_id()}")
    async with sessions.begin() as session:
        with pytest.raises(Permanent):
            await consumer.platform_changed(session, broken, meta())
