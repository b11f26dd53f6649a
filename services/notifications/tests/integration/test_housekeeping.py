"""What is deleted after its time, and what is not."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from chassis.db import Sessions
from chassis.ids import new_id
from notifications import housekeeping
from notifications.housekeeping import Housekeeping
from notifications.webhooks import use_cases
from services.notifications.tests.webhookfactories import PLATFORM, VAULT, an_event, subscribe, tell


async def change(sessions: Sessions, statement: str, **values: Any) -> None:
    async with sessions.begin() as session:
        await session.execute(sa.text(statement), values)


async def read(sessions: Sessions, query: str) -> Sequence[Any]:
    async with sessions() as session:
        return (await session.execute(sa.text(query))).all()


@pytest.mark.spec("M-03", "H-12")
async def test_events_are_kept_for_400_days_and_numbers_are_not_used_again(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    await subscribe(sessions, "https://receiver.example/hooks")
    await tell(sessions, *(an_event() for _ in range(7)))
    for sequences, days in (("1, 2, 3, 4, 5", 401), ("6", 399)):
        await change(
            sessions,
            "UPDATE webhook_events SET create_time = now() - make_interval(days => :days)"
            f" WHERE sequence IN ({sequences})",
            days=days,
        )
    await Housekeeping(sessions, mail_text_days=400).purge()
    assert [
        row.sequence for row in await read(sessions, "SELECT sequence FROM webhook_events ORDER BY 1")
    ] == [
        6,
        7,
    ]
    assert len(await read(sessions, "SELECT id FROM webhook_deliveries")) == 2
    await tell(sessions, an_event())
    assert (await read(sessions, "SELECT max(sequence) AS top FROM webhook_events"))[0].top == 8


async def test_the_former_secret_is_forgotten_after_its_day(sessions: Sessions) -> None:
    subscription, _ = await subscribe(sessions, "https://receiver.example/hooks")
    async with sessions.begin() as session:
        await use_cases.rotate_secret(session, VAULT, subscription, PLATFORM)
    tidy = Housekeeping(sessions, mail_text_days=400)
    query = "SELECT previous_secret, previous_until FROM webhook_subscriptions"
    await tidy.purge()
    assert (await read(sessions, query))[0].previous_secret is not None
    await change(sessions, "UPDATE webhook_subscriptions SET previous_until = now() - interval '1 second'")
    await tidy.purge()
    assert tuple((await read(sessions, query))[0]) == (None, None)


def an_id(days: float) -> UUID:
    """As it was made so many days ago."""
    then = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days)
    return UUID(int=(int(then.timestamp() * 1000) << 80) | (new_id().int & ((1 << 80) - 1)))


async def a_mail(sessions: Sessions, days: float, state: str = "SENT") -> UUID:
    mail_id = an_id(days)
    await change(
        sessions,
        "INSERT INTO mails (id, cause_id, template, recipient, language, state, subject, text, html)"
        " VALUES (:id, :id, 'new_order', 'a@b.example', 'en', :state, 'S', 'T', 'H')",
        id=mail_id,
        state=state,
    )
    return mail_id


@pytest.mark.spec("M-02")
async def test_what_old_mails_said_is_forgotten_that_they_were_sent_is_not(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    old = {
        await a_mail(sessions, 31 + n, state) for n, state in enumerate(("SENT", "FAILED", "UNKNOWN", "SENT"))
    }
    waiting = await a_mail(sessions, 40, "PENDING")
    young = await a_mail(sessions, 29)
    tidy = Housekeeping(sessions, mail_text_days=30)
    for _ in range(2):
        await tidy.purge()
        found = {
            row.id: (row.subject, row.text, row.html) for row in await read(sessions, "SELECT * FROM mails")
        }
        assert {mail_id for mail_id, said in found.items() if said == ("", "", "")} == old
        assert found[waiting] == found[young] == ("S", "T", "H")
    rows = "SELECT id, ctid::text FROM mails ORDER BY id"
    before = await read(sessions, rows)
    await Housekeeping(sessions, mail_text_days=30).purge()
    assert await read(sessions, rows) == before  # after a start too, nothing is written twice
