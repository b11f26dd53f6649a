from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.db import Sessions
from chassis.ids import new_id
from notifications.mails import store
from notifications.mails.sender import Sender
from notifications.mails.smtp import Connection, Server
from notifications.mails.store import Draft, Mail
from notifications.ports import Customers
from services.notifications.tests.factories import contents
from services.notifications.tests.mailserver import MailServer, mail_server


@pytest.fixture
async def smtp() -> AsyncIterator[MailServer]:
    async with mail_server() as server:
        yield server


def a_draft(recipient: str = "marie@parc.example", **changes: Any) -> Draft:
    given: dict[str, Any] = {
        "cause_id": new_id(),
        "template": "order_confirmation",
        "recipient": recipient,
        "language": "fr",
        "subject": "Confirmation",
        "text": "Bonjour",
        "html": "<p>Bonjour</p>",
    }
    return Draft(**(given | changes))


async def write(sessions: Sessions, *drafts: Draft, lease: float = 0) -> list[Mail]:
    async with sessions.begin() as session:
        return await store.add(session, drafts, lease=lease)


async def rows(sessions: Sessions) -> Sequence[Any]:
    async with sessions() as session:
        return (await session.execute(sa.text("SELECT * FROM mails ORDER BY id"))).all()


async def states(sessions: Sessions) -> dict[UUID, str]:
    return {row.id: row.state for row in await rows(sessions)}


async def eventually(check: Callable[[], Awaitable[bool]], what: str = "") -> None:
    for _ in range(200):
        if await check():
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"did not happen in ten seconds: {what}")


async def all_in(sessions: Sessions, *wanted: str) -> bool:
    return set((await states(sessions)).values()) <= set(wanted)


@asynccontextmanager
async def sending(
    engine: AsyncEngine, smtp: MailServer, *, customers: Customers | None = None, workers: int = 4
) -> AsyncIterator[Sender]:
    server = Server("127.0.0.1", smtp.port)
    sender = Sender(
        engine,
        contents(customers),
        lambda: Connection(server),
        address="orders@vendor.example",
        workers=workers,
    )
    task = asyncio.create_task(sender.run())
    await asyncio.sleep(0)
    try:
        yield sender
    finally:
        await sender.stop()
        await task
