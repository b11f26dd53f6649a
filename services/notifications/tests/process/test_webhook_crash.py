"""kill -9 between the answer of a target and writing it down: delivered again, with the same id."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import sqlalchemy as sa
from nats.aio.client import Client as NatsClient

from chassis import broker
from chassis.db import Sessions
from services.notifications.tests.integration.conftest import eventually
from services.notifications.tests.process.conftest import Service
from services.notifications.tests.process.neighbours import neighbours
from services.notifications.tests.webhookfactories import an_event, subscribe, tell
from services.notifications.tests.webhookserver import receiver


@pytest.mark.spec("M-03")
async def test_killed_before_it_was_written_down(
    sessions: Sessions, nats_client: NatsClient, settings: dict[str, str], tmp_path: Path
) -> None:
    for owner in ("orders", "customers"):
        await broker.ensure_stream(nats_client.jetstream(), owner)
    async with receiver() as target, neighbours({}) as neighbour:
        settings |= {
            "NOTIFICATIONS_ORDERS_TARGET": neighbour,
            "NOTIFICATIONS_CUSTOMERS_TARGET": neighbour,
        }
        _, secret = await subscribe(sessions, target.address())
        await tell(sessions, an_event())
        service = Service(settings, tmp_path / "log")
        await service.start(crash_at="notifications.webhook.answered")
        assert await service.wait() == -signal.SIGKILL, (tmp_path / "log").read_text()
        assert len(target.received) == 1
        async with sessions.begin() as session:
            lease_ends = "UPDATE webhook_deliveries SET next_attempt_time = now() WHERE state = 'PENDING'"
            assert (await (await session.connection()).execute(sa.text(lease_ends))).rowcount == 1
        await service.start()

        async def delivered() -> bool:
            async with sessions() as session:
                state = await session.execute(sa.text("SELECT state FROM webhook_deliveries"))
            return bool(state.scalar_one() == "DELIVERED")

        try:
            await eventually(delivered)
        finally:
            assert await service.stop() == 0, (tmp_path / "log").read_text()
    first, second = target.received
    assert (first.id, first.body) == (second.id, second.body)
    for got in (first, second):
        got.verified(secret)
