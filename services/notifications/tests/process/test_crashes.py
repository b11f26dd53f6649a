"""kill -9 of a real process at named points: no order without its mails, no mail twice."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest
import sqlalchemy as sa
from nats.aio.client import Client as NatsClient
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis import broker, outbox
from chassis.db import Sessions
from chassis.ids import new_id
from chassis.relay import Relay
from services.notifications.tests.factories import VENDOR_MAIL, an_order, placed
from services.notifications.tests.mailserver import MailServer, mail_server
from services.notifications.tests.process.conftest import Service
from services.notifications.tests.process.neighbours import neighbours

ORDERS = 12
BUYER = "marie@parc.example"


async def publish(engine: AsyncEngine, sessions: Sessions, nats: NatsClient, orders: list[str]) -> None:
    for owner in ("orders", "customers"):
        await broker.ensure_stream(nats.jetstream(), owner)
    relay = Relay(engine, nats, "notifications")
    running = asyncio.create_task(relay.run())
    async with sessions.begin() as session:
        for order_id in orders:
            event = placed(an_order(id=order_id))
            outbox.add(session, event, subject="commis.orders.v1.order_placed", aggregate_id=order_id)
    while await count(sessions, "SELECT count(*) FROM outbox WHERE publish_time IS NULL"):
        await asyncio.sleep(0.05)
    await relay.stop()
    await running


async def count(sessions: Sessions, query: str) -> int:
    async with sessions() as session:
        return int((await session.execute(sa.text(query))).scalar_one())


async def settled(sessions: Sessions) -> None:
    """Every order has both its mails, and none is waiting any more."""
    for _ in range(600):
        written = await count(sessions, "SELECT count(*) FROM mails")
        if written == 2 * ORDERS and not await count(
            sessions, "SELECT count(*) FROM mails WHERE state = 'PENDING'"
        ):
            return
        await asyncio.sleep(0.05)
    pytest.fail("mails are missing or still waiting after half a minute")


@pytest.mark.spec("M-02", "M-05")
@pytest.mark.parametrize(
    "point",
    [
        "consumer.before_commit",
        "consumer.after_commit_before_ack",
        "notifications.mark.before",
        "notifications.sending.committed",
        "notifications.sent",
    ],
)
async def test_killed_and_started_again(
    engine: AsyncEngine,
    sessions: Sessions,
    nats_client: NatsClient,
    settings: dict[str, str],
    tmp_path: Path,
    point: str,
) -> None:
    orders = [str(new_id()) for _ in range(ORDERS)]
    known = {order_id: an_order(id=order_id, number=f"N-{order_id}") for order_id in orders}
    async with mail_server() as smtp, neighbours(known) as target:
        settings |= {
            "NOTIFICATIONS_SMTP_PORT": str(smtp.port),
            "NOTIFICATIONS_ORDERS_TARGET": target,
            "NOTIFICATIONS_CUSTOMERS_TARGET": target,
        }
        service = Service(settings, tmp_path / "log")
        await publish(engine, sessions, nats_client, orders)
        await service.start(crash_at=point)
        assert await service.wait() == -signal.SIGKILL, (tmp_path / "log").read_text()
        await service.start()
        try:
            await settled(sessions)
        finally:
            assert await service.stop() == 0, (tmp_path / "log").read_text()
        await check(sessions, smtp, point)


async def check(sessions: Sessions, smtp: MailServer, point: str) -> None:
    """What was certainly not handed over arrived; what may have been was not sent again."""
    subjects = [(to, str(mail["Subject"])) for to, mail in smtp.mails]
    assert len(subjects) == len(set(subjects)), "a mail came twice"
    doubtful = await count(sessions, "SELECT count(*) FROM mails WHERE state = 'SENDING'")
    sent = await count(sessions, "SELECT count(*) FROM mails WHERE state = 'SENT'")
    assert sent + doubtful == 2 * ORDERS
    if point in ("notifications.sending.committed", "notifications.sent"):
        assert 1 <= doubtful <= 8, "at most one for each connection"
        assert sent <= len(subjects)
    else:
        assert doubtful == 0
        assert len(subjects) == 2 * ORDERS
    assert {to for to, _ in subjects} <= {VENDOR_MAIL, BUYER}
