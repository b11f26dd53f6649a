"""Sending over a real SMTP server from a real table: once each, whatever breaks."""

from __future__ import annotations

import asyncio
import datetime

import pytest
import sqlalchemy as sa
from aiosmtpd.smtp import SMTP
from commis.notifications.v1.events_pb2 import MailFailed
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from chassis.db import Sessions
from chassis.errors import DependencyFailed
from chassis.ids import new_id
from services.notifications.tests.factories import FakeCustomers, a_link
from services.notifications.tests.integration.conftest import (
    a_draft,
    all_in,
    eventually,
    rows,
    sending,
    states,
    write,
)
from services.notifications.tests.mailserver import MailServer


async def due_now(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await session.execute(sa.text("UPDATE mails SET next_attempt_time = now() WHERE state = 'PENDING'"))


async def first(sessions: Sessions) -> object:
    return (await rows(sessions))[0]


@pytest.mark.spec("M-02")
async def test_sent_mails_say_so(engine: AsyncEngine, sessions: Sessions, smtp: MailServer) -> None:
    await write(sessions, *(a_draft(f"{n}@a.example") for n in range(60)))
    async with sending(engine, smtp):
        await eventually(lambda: all_in(sessions, "SENT"))
    assert smtp.received() == {f"{n}@a.example": 1 for n in range(60)}
    assert smtp.connections <= 4, "connections are kept open"
    for row in await rows(sessions):
        assert (row.attempt_count, row.last_error) == (1, "")
        assert row.send_time is not None
    mail = smtp.mails[0][1]
    assert mail["Message-ID"].endswith("@vendor.example>")
    assert mail["From"].addresses[0].display_name == "Boek & Zoon"


@pytest.mark.spec("M-02")
async def test_the_same_cause_template_and_recipient_is_one_mail(
    engine: AsyncEngine, sessions: Sessions, smtp: MailServer
) -> None:
    draft = a_draft()
    written = await write(sessions, draft)
    assert len(written) == 1
    assert await write(sessions, draft, draft) == []
    other = a_draft(draft.recipient, cause_id=draft.cause_id, template="new_order")
    assert len(await write(sessions, other)) == 1
    async with sending(engine, smtp):
        await eventually(lambda: all_in(sessions, "SENT"))
    assert smtp.received() == {draft.recipient: 2}


@pytest.mark.spec("M-02")
async def test_a_bad_address_fails_at_once_and_blocks_nobody(
    engine: AsyncEngine, sessions: Sessions, smtp: MailServer
) -> None:
    smtp.answers["gone@a.example"] = "550 5.1.1 no such mailbox"
    drafts = [a_draft("gone@a.example", order_id=new_id()), a_draft("not an address")]
    await write(sessions, *drafts, *(a_draft(f"{n}@a.example") for n in range(10)))
    async with sending(engine, smtp, workers=1):
        await eventually(lambda: all_in(sessions, "SENT", "FAILED"))
    failed = {row.recipient: row.last_error for row in await rows(sessions) if row.state == "FAILED"}
    assert failed == {
        "gone@a.example": "550 5.1.1 no such mailbox",
        "not an address": "553 this is not a mail address",
    }
    assert len(smtp.mails) == 10
    async with sessions() as session:
        told = (await session.execute(sa.text("SELECT subject, payload FROM outbox"))).all()
    assert {row.subject for row in told} == {"commis.notifications.v1.mail_failed"}
    orders = {MailFailed.FromString(row.payload).attribution.order_id for row in told}
    assert orders == {str(drafts[0].order_id), ""}


@pytest.mark.spec("M-02")
async def test_a_slow_address_blocks_nobody(
    engine: AsyncEngine, sessions: Sessions, smtp: MailServer
) -> None:
    smtp.stall["slow@a.example"] = asyncio.Event()
    await write(sessions, a_draft("slow@a.example"), *(a_draft(f"{n}@a.example") for n in range(20)))
    async with sending(engine, smtp, workers=2):

        async def others() -> bool:
            return len(smtp.mails) == 20

        await eventually(others)
        assert "PENDING" in (await states(sessions)).values()
        smtp.stall["slow@a.example"].set()
        await eventually(lambda: all_in(sessions, "SENT"))
    assert smtp.received()["slow@a.example"] == 1


@pytest.mark.spec("M-02")
async def test_a_refusal_for_now_is_tried_again_later(
    engine: AsyncEngine, sessions: Sessions, smtp: MailServer
) -> None:
    smtp.answers["busy@a.example"] = "451 4.2.0 try later"
    await write(sessions, a_draft("busy@a.example"))
    async with sending(engine, smtp):

        async def tried() -> bool:
            return (await rows(sessions))[0].attempt_count == 1

        await eventually(tried)
        row = (await rows(sessions))[0]
        assert (row.state, row.last_error) == ("PENDING", "451 4.2.0 try later")
        assert row.next_attempt_time > datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=20)
        del smtp.answers["busy@a.example"]
        await due_now(sessions)
        await eventually(lambda: all_in(sessions, "SENT"))
    assert (await rows(sessions))[0].attempt_count == 2
    assert smtp.received() == {"busy@a.example": 1}


@pytest.mark.spec("M-02")
async def test_after_two_days_of_refusals_it_is_given_up(
    engine: AsyncEngine, sessions: Sessions, smtp: MailServer
) -> None:
    smtp.answers["busy@a.example"] = "451 4.2.0 try later"
    await write(sessions, a_draft("busy@a.example"))
    async with sessions.begin() as session:
        await session.execute(sa.text("UPDATE mails SET attempt_count = 16"))
    async with sending(engine, smtp):
        await eventually(lambda: all_in(sessions, "FAILED"))


@pytest.mark.parametrize("answer", ["554 5.7.1 looks like spam", "452 4.3.1 disk full"])
async def test_a_refusal_of_the_mail_itself(
    engine: AsyncEngine, sessions: Sessions, smtp: MailServer, answer: str
) -> None:
    async def refuse(_server: SMTP) -> str:
        return answer

    smtp.on_mail = refuse
    await write(sessions, a_draft())
    async with sending(engine, smtp):

        async def refused() -> bool:
            return bool((await rows(sessions))[0].last_error)

        await eventually(refused)
    row = (await rows(sessions))[0]
    assert (row.state, row.last_error) == ("FAILED" if answer[0] == "5" else "PENDING", answer)
    assert row.attempt_count == 1


@pytest.mark.spec("M-02")
async def test_mails_wait_while_there_is_no_server(
    engine: AsyncEngine, sessions: Sessions, smtp: MailServer
) -> None:
    await smtp.stop()
    await write(sessions, *(a_draft(f"{n}@a.example") for n in range(10)))
    async with sending(engine, smtp):

        async def noticed() -> bool:
            return any(row.last_error.startswith("mail server:") for row in await rows(sessions))

        await eventually(noticed)
        assert {(row.state, row.attempt_count) for row in await rows(sessions)} == {("PENDING", 0)}
        await smtp.start()
        await eventually(lambda: all_in(sessions, "SENT"))
    assert smtp.received() == {f"{n}@a.example": 1 for n in range(10)}


async def test_a_kept_connection_that_died_is_replaced(
    engine: AsyncEngine, sessions: Sessions, smtp: MailServer
) -> None:
    async with sending(engine, smtp, workers=1):
        await write(sessions, a_draft("1@a.example"))
        await eventually(lambda: all_in(sessions, "SENT"))
        smtp.cut()
        await write(sessions, a_draft("2@a.example"))
        await eventually(lambda: all_in(sessions, "SENT"))
    assert smtp.received() == {"1@a.example": 1, "2@a.example": 1}
    assert [row.attempt_count for row in await rows(sessions)] == [1, 1]


@pytest.mark.spec("M-02")
async def test_no_answer_to_the_mail_means_unknown_and_never_again(
    engine: AsyncEngine, sessions: Sessions, smtp: MailServer
) -> None:
    async def vanish(_server: SMTP) -> None:
        smtp.cut()

    smtp.on_mail = vanish
    await write(sessions, a_draft())
    async with sending(engine, smtp):
        await eventually(lambda: all_in(sessions, "UNKNOWN"))
        smtp.on_mail = None
        await due_now(sessions)
        await asyncio.sleep(1.2)
    assert set((await states(sessions)).values()) == {"UNKNOWN"}
    assert len(smtp.mails) == 1, "the server had taken it"


@pytest.mark.spec("M-02")
async def test_what_a_dead_sender_was_sending_is_unknown(
    engine: AsyncEngine, sessions: Sessions, smtp: MailServer
) -> None:
    await write(sessions, a_draft("dead@a.example"), a_draft("alive@a.example"))
    async with sessions.begin() as session:
        await session.execute(
            sa.text(
                "UPDATE mails SET state = 'SENDING', sender_id = gen_random_uuid(), start_time = now()"
                " - CASE recipient WHEN 'dead@a.example' THEN interval '61 s' ELSE interval '1 s' END"
            )
        )
    async with sending(engine, smtp):
        await eventually(lambda: all_in(sessions, "UNKNOWN", "SENDING"))

        async def noticed() -> bool:
            return {row.recipient: row.state for row in await rows(sessions)} == {
                "dead@a.example": "UNKNOWN",
                "alive@a.example": "SENDING",
            }

        await eventually(noticed)
    assert not smtp.mails


@pytest.mark.spec("M-02")
async def test_the_database_goes_away_between_acceptance_and_its_record(
    engine: AsyncEngine, sessions: Sessions, smtp: MailServer, postgres_url: str
) -> None:
    admin = create_async_engine(postgres_url, isolation_level="AUTOCOMMIT")
    name = engine.url.database

    async def allow(yes: bool) -> None:
        async with admin.connect() as connection:
            await connection.execute(sa.text(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS {yes}"))
            if not yes:
                query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
                await connection.execute(sa.text(query), {"name": name})

    away = asyncio.Event()

    async def cut_database(_server: SMTP) -> None:
        if not away.is_set():
            away.set()
            await allow(False)

    smtp.on_mail = cut_database
    await write(sessions, *(a_draft(f"{n}@a.example") for n in range(8)))
    try:
        async with sending(engine, smtp):
            await asyncio.wait_for(away.wait(), 10)
            await asyncio.sleep(1.5)
            await allow(True)
            await eventually(lambda: all_in(sessions, "SENT"))
    finally:
        await allow(True)
        await admin.dispose()
    assert smtp.received() == {f"{n}@a.example": 1 for n in range(8)}


@pytest.mark.spec("M-02")
async def test_many_senders_send_each_mail_once(
    engine: AsyncEngine, sessions: Sessions, smtp: MailServer
) -> None:
    """Also mails that two of them have in hand, because a lease ran out."""
    written = await write(sessions, *(a_draft(f"{n}@a.example") for n in range(120)))
    async with sending(engine, smtp) as one, sending(engine, smtp) as two, sending(engine, smtp) as three:
        for sender in (one, two, three):
            sender.accept(written)
        await eventually(lambda: all_in(sessions, "SENT"))
    assert smtp.received() == {f"{n}@a.example": 1 for n in range(120)}


@pytest.mark.spec("M-01", "M-02", "A-02")
async def test_the_link_is_in_the_mail_and_nowhere_else(
    engine: AsyncEngine, sessions: Sessions, smtp: MailServer
) -> None:
    customers = FakeCustomers(a_link())
    draft = a_draft(template="activation", credential_request_id=new_id(), text="masked", html="")
    await write(sessions, draft)
    async with sending(engine, smtp, customers=customers):
        await eventually(lambda: all_in(sessions, "SENT"))
    assert "https://shop.example/password?token=SECRET-TOKEN" in smtp.text(draft.recipient)
    async with sessions() as session:
        for table in ("mails", "outbox", "inbox"):
            found = await session.execute(sa.text(f"SELECT CAST(t AS text) FROM {table} t"))
            assert "SECRET" not in "".join(found.scalars())


async def test_a_link_that_ended_is_not_mailed(
    engine: AsyncEngine, sessions: Sessions, smtp: MailServer
) -> None:
    await write(sessions, a_draft(template="activation", credential_request_id=new_id()))
    async with sending(engine, smtp, customers=FakeCustomers(None)):
        await eventually(lambda: all_in(sessions, "FAILED"))
    assert not smtp.mails


async def test_a_link_waits_for_customers(engine: AsyncEngine, sessions: Sessions, smtp: MailServer) -> None:
    customers = FakeCustomers(a_link())
    customers.error = DependencyFailed("customers")
    await write(sessions, a_draft(template="activation", credential_request_id=new_id()))
    async with sending(engine, smtp, customers=customers):

        async def asked() -> bool:
            return customers.asked > 0 and bool((await rows(sessions))[0].last_error)

        await eventually(asked)
        assert (await rows(sessions))[0].state == "PENDING"
        customers.error = None
        await eventually(lambda: all_in(sessions, "SENT"))
