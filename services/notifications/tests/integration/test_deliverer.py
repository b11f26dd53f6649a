"""Deliveries over real HTTP: signed, retried, disabled, never in one another's way."""

from __future__ import annotations

import asyncio
import datetime
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from commis.notifications.v1 import events_pb2
from standardwebhooks.webhooks import WebhookVerificationError

from chassis.db import Sessions
from chassis.outward import ForeignHttp
from notifications.webhooks import deliverer as delivering
from notifications.webhooks import domain, store, use_cases
from notifications.webhooks.deliverer import Deliverer
from notifications.webhooks.domain import RETRY_SECONDS
from notifications.webhooks.use_cases import SubscriptionChange
from services.notifications.tests.integration.conftest import eventually
from services.notifications.tests.webhookfactories import (
    OTHER_PLATFORM,
    PLATFORM,
    VAULT,
    an_event,
    subscribe,
    tell,
)
from services.notifications.tests.webhookserver import HANG, Receiver, receiver


@pytest.fixture
async def target() -> AsyncIterator[Receiver]:
    async with receiver() as running:
        yield running


@asynccontextmanager
async def delivering_to(
    sessions: Sessions, *, internal_allowed: bool = True, replicas: int = 1
) -> AsyncIterator[Deliverer]:
    running = [
        Deliverer(sessions, ForeignHttp(internal_allowed=internal_allowed, connections=100), VAULT)
        for _ in range(replicas)
    ]
    tasks = [asyncio.create_task(one.run()) for one in running]
    await asyncio.sleep(0)
    try:
        yield running[0]
    finally:
        await asyncio.gather(*(one.stop() for one in running))
        await asyncio.gather(*tasks)


async def rows(sessions: Sessions, table: str = "webhook_deliveries") -> Sequence[Any]:
    async with sessions() as session:
        return (await session.execute(sa.text(f"SELECT *, now() AS now FROM {table} ORDER BY id"))).all()


async def change(sessions: Sessions, statement: str, **values: Any) -> None:
    async with sessions.begin() as session:
        await session.execute(sa.text(statement), values)


async def reached(sessions: Sessions, *states: str) -> None:
    async def done() -> bool:
        return {row.state for row in await rows(sessions)} <= set(states)

    await eventually(done, f"deliveries {states}")


async def attempted(sessions: Sessions, attempts: int) -> None:
    """Each delivery so often, and the outcome written down."""

    async def done() -> bool:
        found = await rows(sessions)
        return all(row.attempt_count >= attempts and row.last_error for row in found)

    await eventually(done, f"{attempts} attempts")


@pytest.mark.spec("M-03", "H-12")
async def test_a_webhook_arrives_once_and_verifies(sessions: Sessions, target: Receiver) -> None:
    _, secret = await subscribe(sessions, target.address())
    async with delivering_to(sessions) as deliverer:
        event = an_event()
        await tell(sessions, event)
        deliverer.wake()
        await reached(sessions, "DELIVERED")
    (got,) = target.received
    body = got.verified(secret)
    assert (body["type"], body["data"]["order_id"]) == ("order.placed", event.order_id)
    assert set(body) == {"type", "timestamp", "data"}
    assert got.headers["content-type"] == "application/json"
    (row,) = await rows(sessions)
    assert (row.attempt_count, row.last_status, row.last_error) == (1, 204, "")
    assert row.deliver_time is not None
    assert row.next_attempt_time is None


@pytest.mark.spec("M-03")
async def test_a_failure_is_tried_again_later_with_the_same_id(sessions: Sessions, target: Receiver) -> None:
    subscription, secret = await subscribe(sessions, target.address())
    target.answers["/hooks"] = [
        (500, ""),
        (503, "Retry-After: 7200\r\n"),
        (302, "Location: /other\r\n"),
        (200, ""),
    ]
    await tell(sessions, an_event())
    async with delivering_to(sessions) as deliverer:
        for attempt, delay in ((1, RETRY_SECONDS[0]), (2, 7200), (3, RETRY_SECONDS[2])):
            await attempted(sessions, attempt)

            async def put_off(wanted: float = delay) -> bool:
                (row,) = await rows(sessions)
                return bool(wanted - 15 < (row.next_attempt_time - row.now).total_seconds() <= wanted)

            await eventually(put_off, f"attempt {attempt} put off by {delay} s")
            (kept,) = await rows(sessions, "webhook_subscriptions")
            assert kept.failing_since is not None
            assert kept.last_error.startswith("answered ")
            await change(sessions, "UPDATE webhook_deliveries SET next_attempt_time = now()")
            deliverer.wake()
        await reached(sessions, "DELIVERED")
    assert len({got.id for got in target.received}) == 1
    assert len({got.body for got in target.received}) == 1
    assert [got.path for got in target.received] == ["/hooks"] * 4, "redirects are not followed"
    for got in target.received:
        got.verified(secret)
    (kept,) = await rows(sessions, "webhook_subscriptions")
    assert (kept.id, kept.state, kept.failing_since, kept.last_error) == (subscription, "ACTIVE", None, "")


@pytest.mark.spec("M-03")
async def test_a_target_that_hangs_delays_nobody(
    sessions: Sessions, target: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has many more deliveries waiting than there are places; all others arrive while it still hangs."""
    monkeypatch.setattr(delivering, "AT_ONCE", 12)
    monkeypatch.setattr(delivering, "STOP_SECONDS", 0.1)
    target.answers["/hanging"] = [(HANG, "")]
    await subscribe(sessions, target.address("/hanging"))
    await tell(sessions, *(an_event() for _ in range(60)))
    for number in range(5):
        await subscribe(sessions, target.address(f"/fine{number}"), owner=OTHER_PLATFORM)
    async with delivering_to(sessions):
        await eventually(_hangs(target), "the first one hangs")
        await tell(sessions, *(an_event(platform=OTHER_PLATFORM) for _ in range(10)))

        async def all_fine() -> bool:
            return all(len(target.at(f"/fine{number}")) == 10 for number in range(5))

        await eventually(all_fine, "the others get theirs")
        assert target.open["/hanging"] == delivering.PER_TARGET, "all its calls still hang"
        assert target.most_open["/hanging"] == delivering.PER_TARGET


def _hangs(target: Receiver) -> Any:
    async def hanging() -> bool:
        return target.open["/hanging"] > 0

    return hanging


@pytest.mark.spec("M-03")
async def test_a_message_that_is_refused_does_not_hold_up_the_next(
    sessions: Sessions, target: Receiver
) -> None:
    await subscribe(sessions, target.address())
    target.answers["/hooks"] = [(400, ""), (204, "")]
    await tell(sessions, an_event())
    async with delivering_to(sessions) as deliverer:
        await attempted(sessions, 1)
        await tell(sessions, an_event(), an_event())
        deliverer.wake()

        async def rest() -> bool:
            return [row.state for row in await rows(sessions)] == ["PENDING", "DELIVERED", "DELIVERED"]

        await eventually(rest, "the later ones are delivered, the first one waits")


@pytest.mark.spec("M-03")
async def test_one_that_goes_on_failing_is_called_rarely(sessions: Sessions, target: Receiver) -> None:
    """Hundreds of waiting deliveries do not become hundreds of calls to a target that is down."""
    await subscribe(sessions, target.address())
    target.answers["/hooks"] = [(503, "")]
    await tell(sessions, *(an_event() for _ in range(300)))
    async with delivering_to(sessions):

        async def tried() -> bool:
            return len(target.received) >= 5

        await eventually(tried)
        await asyncio.sleep(0.5)
    assert len(target.received) <= 12


@pytest.mark.spec("M-03")
async def test_410_disables_at_once_and_active_again_resumes(sessions: Sessions, target: Receiver) -> None:
    subscription, secret = await subscribe(sessions, target.address())
    target.answers["/hooks"] = [(410, ""), (204, "")]
    await tell(sessions, an_event())
    async with delivering_to(sessions) as deliverer:

        async def disabled() -> bool:
            return (await rows(sessions, "webhook_subscriptions"))[0].state == "DISABLED"

        await eventually(disabled)
        await tell(sessions, an_event())
        deliverer.wake()
        await asyncio.sleep(0.2)
        assert len(target.received) == 1
        (kept,) = await rows(sessions, "webhook_subscriptions")
        assert (kept.last_error, kept.version) == ("answered 410: gone", 2)
        assert kept.disable_time is not None
        async with sessions() as session:
            payloads = (await session.execute(sa.text("SELECT payload FROM outbox"))).scalars().all()
        told = events_pb2.WebhookSubscriptionChanged.FromString(payloads[-1])
        assert (told.subscription_id, told.platform_id) == (str(subscription), str(PLATFORM))
        assert list(told.changed_fields) == ["state"]
        await resume(sessions, subscription)
        deliverer.wake()
        await reached(sessions, "DELIVERED")
    assert sorted({got.sequence for got in target.received}) == [1, 2]
    for got in target.received:
        got.verified(secret)
    (kept,) = await rows(sessions, "webhook_subscriptions")
    assert (kept.state, kept.disable_time, kept.last_error) == ("ACTIVE", None, "")


async def resume(sessions: Sessions, subscription: UUID) -> None:
    async with sessions.begin() as session:
        change = SubscriptionChange(subscription, None, "", {"state": "ACTIVE"})
        await use_cases.update_subscription(session, change)


@pytest.mark.spec("M-03")
@pytest.mark.parametrize(("days", "state"), [(4, "DISABLED"), (2, "ACTIVE")])
async def test_a_target_that_failed_for_days_is_disabled(
    sessions: Sessions, target: Receiver, days: int, state: str
) -> None:
    """A delivery has used up its retries; if another one arrived meanwhile, the target lives."""
    await subscribe(sessions, target.address())
    target.answers["/hooks"] = [(500, "")]
    await tell(sessions, an_event())
    await change(sessions, "UPDATE webhook_deliveries SET tries = :tries", tries=len(RETRY_SECONDS))
    since = datetime.timedelta(days=days)
    failing = "UPDATE webhook_subscriptions SET failing_since = now() - CAST(:since AS interval)"
    await change(sessions, failing, since=since)
    async with delivering_to(sessions):
        await reached(sessions, "FAILED")
    (kept,) = await rows(sessions, "webhook_subscriptions")
    assert (kept.state, kept.last_error) == (state, "answered 500")
    (row,) = await rows(sessions)
    assert (row.next_attempt_time, row.last_status) == (None, 500)


@pytest.mark.spec("M-03")
async def test_internal_addresses_are_refused_at_each_delivery(sessions: Sessions, target: Receiver) -> None:
    """Whatever was registered: the profile allows no internal address here."""
    https = target.address().replace("http:", "https:")
    for address in (target.address(), https, https.replace("127.0.0.1", "localhost")):
        await subscribe(sessions, address)
    await tell(sessions, an_event())
    async with delivering_to(sessions, internal_allowed=False):
        await attempted(sessions, 1)
    assert not target.received
    assert {row.state for row in await rows(sessions)} == {"PENDING"}
    assert {row.last_status for row in await rows(sessions)} == {0}


@pytest.mark.spec("M-03")
async def test_a_target_that_is_not_there_is_tried_again(sessions: Sessions, target: Receiver) -> None:
    await subscribe(sessions, "http://127.0.0.1:9/hooks")
    await subscribe(sessions, "http://nobody.invalid/hooks")
    await tell(sessions, an_event())
    async with delivering_to(sessions):
        await attempted(sessions, 1)
    assert {row.state for row in await rows(sessions)} == {"PENDING"}


@pytest.mark.spec("M-03")
async def test_after_a_rotation_both_secrets_verify_for_a_day(sessions: Sessions, target: Receiver) -> None:
    subscription, old = await subscribe(sessions, target.address())
    async with sessions.begin() as session:
        new = await use_cases.rotate_secret(session, VAULT, subscription, None)
    async with delivering_to(sessions) as deliverer:
        await tell(sessions, an_event())
        deliverer.wake()
        await reached(sessions, "DELIVERED")
        for secret in (old, new):
            target.received[0].verified(secret)
        assert target.received[0].headers["webhook-signature"].count("v1,") == 2
        await change(
            sessions, "UPDATE webhook_subscriptions SET previous_until = now() - interval '1 second'"
        )
        await tell(sessions, an_event())
        deliverer.wake()
        await reached(sessions, "DELIVERED")
    target.received[1].verified(new)
    with pytest.raises(WebhookVerificationError):
        target.received[1].verified(old)


@pytest.mark.spec("M-03")
async def test_two_replicas_share_the_work(sessions: Sessions, target: Receiver) -> None:
    await subscribe(sessions, target.address())
    await tell(sessions, *(an_event() for _ in range(40)))
    async with delivering_to(sessions, replicas=2):
        await reached(sessions, "DELIVERED")
    assert sorted(got.sequence for got in target.received) == list(range(1, 41)), "none twice"


@pytest.mark.spec("M-03")
async def test_redelivery_repeats_the_message_with_its_id(sessions: Sessions, target: Receiver) -> None:
    _, secret = await subscribe(sessions, target.address())
    await tell(sessions, an_event())
    async with delivering_to(sessions) as deliverer:
        await reached(sessions, "DELIVERED")
        (row,) = await rows(sessions)
        async with sessions.begin() as session:
            view = await use_cases.redeliver(session, row.id, PLATFORM)
        assert view.state == "PENDING"
        deliverer.wake()
        await reached(sessions, "DELIVERED")
    first, second = target.received
    assert (first.id, first.body) == (second.id, second.body)
    second.verified(secret)
    (row,) = await rows(sessions)
    assert row.attempt_count == 2


@pytest.mark.spec("M-03")
async def test_what_was_in_hand_of_a_process_that_ended_is_taken_over(
    sessions: Sessions, target: Receiver
) -> None:
    await subscribe(sessions, target.address())
    await tell(sessions, an_event())
    async with sessions.begin() as session:
        connection = await session.connection()
        (lost,) = await store.claim(connection, rooms={}, room=4, limit=10)
    async with sessions.begin() as session:
        connection = await session.connection()
        assert await store.claim(connection, rooms={}, room=4, limit=10) == [], "leased"
    await change(sessions, "UPDATE webhook_deliveries SET next_attempt_time = now()")  # the lease ends
    async with delivering_to(sessions):
        await reached(sessions, "DELIVERED")
    async with sessions.begin() as session:
        await store.record(session, lost, domain.unanswered("late news", lost.tries))
    (row,) = await rows(sessions)
    assert (row.state, row.attempt_count, row.last_error) == ("DELIVERED", 2, "")


@pytest.mark.spec("M-03")
async def test_a_failure_that_another_attempt_has_overtaken_changes_nothing(sessions: Sessions) -> None:
    await subscribe(sessions, "https://receiver.example/hooks")
    await tell(sessions, an_event())
    attempts = []
    for _ in range(2):
        async with sessions.begin() as session:
            attempts += await store.claim(await session.connection(), rooms={}, room=4, limit=10)
        await change(sessions, "UPDATE webhook_deliveries SET next_attempt_time = now()")
    async with sessions.begin() as session:
        await store.record(
            session, attempts[0], domain.answered(410, 1, "", datetime.datetime.now(datetime.UTC))
        )
    (row,) = await rows(sessions)
    assert (row.state, row.last_status) == ("PENDING", 0)
    (kept,) = await rows(sessions, "webhook_subscriptions")
    assert kept.state == "ACTIVE"


async def test_a_paused_subscription_collects_and_then_gets_everything(
    sessions: Sessions, target: Receiver
) -> None:
    subscription, _ = await subscribe(sessions, target.address())
    await change(sessions, "UPDATE webhook_subscriptions SET state = 'PAUSED'")
    await tell(sessions, an_event(), an_event())
    async with delivering_to(sessions) as deliverer:
        await asyncio.sleep(0.2)
        assert not target.received
        await resume(sessions, subscription)
        deliverer.wake()
        await reached(sessions, "DELIVERED")
    assert sorted(json.loads(got.body)["data"]["sequence"] for got in target.received) == [1, 2]
