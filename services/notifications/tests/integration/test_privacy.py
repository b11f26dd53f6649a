"""Data protection in notifications: mails are handed in and erased, marks stay, and repeating changes nothing."""

import datetime
import json
from dataclasses import replace
from uuid import UUID

import pytest
import sqlalchemy as sa
from commis.customers.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.db import Sessions
from chassis.envelope import Meta
from chassis.errors import Unavailable
from chassis.ids import new_id
from notifications.mails import store
from notifications.mails.store import Draft, Mark, State
from notifications.privacy import erasing
from notifications.privacy.client import ExportGone, Item
from notifications.privacy.consumers import DataProtection

ACCOUNT, PERSON = new_id(), new_id()
ADDRESS = "zzcanary@mail.example"


class FakeCustomers:
    """What customers keeps: parts by number, reports."""

    def __init__(self) -> None:
        self.parts: dict[int, bytes] = {}
        self.reports: list[tuple[list[Item], list[Item]]] = []
        self.gone = False

    async def add_part(self, export_id: UUID, content: bytes, part: int, *, last: bool) -> None:
        if self.gone:
            raise ExportGone
        self.parts[part] = content

    async def email_of(self, person_id: UUID) -> str:
        return ADDRESS

    async def subjects(self, erasure_id: UUID) -> tuple[list[str], list[str]]:
        return [ADDRESS.title()], [str(ACCOUNT)]

    async def report(self, erasure_id: UUID, erased: list[Item], kept: list[Item]) -> None:
        self.reports.append((erased, kept))


def meta(age: float = 0) -> Meta:
    return Meta(
        new_id(), "", "", "", "", 0, datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=age)
    )


def a_draft(**fields: object) -> Draft:
    given = {"cause_id": new_id(), "template": "order_confirmation", "recipient": ADDRESS, "language": "en",
             "subject": "Dear Zzcanary", "text": "Dear Zzcanary", "html": "<p>Zzcanary"}  # fmt: skip
    return Draft(**(given | fields))  # type: ignore[arg-type]


async def add(
    sessions: Sessions, *drafts: Draft, state: str = "SENT", error: str = "550 <zzcanary@mail.example>"
) -> None:
    async with sessions.begin() as session:
        mails = await store.add(session, list(drafts), lease=600)
        await session.execute(
            sa.text("UPDATE mails SET state = :state, last_error = :error WHERE id = ANY(:ids)"),
            {"state": state, "error": error, "ids": [mail.id for mail in mails]},
        )


async def rows(sessions: Sessions) -> list[sa.Row]:  # type: ignore[type-arg]
    async with sessions() as session:
        return list(
            (await session.execute(sa.text("SELECT m.*, m::text AS whole FROM mails m ORDER BY id"))).all()
        )


def erasure(person: UUID | None = None, *erased: UUID) -> events_pb2.ErasureRequested:
    return events_pb2.ErasureRequested(
        erasure_id=str(new_id()),
        account_id=str(ACCOUNT),
        person_id=str(person or ""),
        erased_person_ids=map(str, erased),
    )


@pytest.mark.spec("A-24")
async def test_mails_to_the_erased_lose_recipient_and_content_and_keep_their_marks(
    sessions: Sessions,
) -> None:
    cause = new_id()
    await add(
        sessions,
        a_draft(account_id=ACCOUNT, cause_id=cause),
        a_draft(account_id=ACCOUNT, cause_id=cause, recipient="second@mail.example"),
        a_draft(account_id=ACCOUNT, template="new_order", recipient="vendor@commis.example"),
        a_draft(person_id=PERSON, recipient="former-address@mail.example"),
        a_draft(recipient=ADDRESS.upper()),
    )
    await add(
        sessions,
        a_draft(account_id=new_id(), recipient="other@mail.example", subject="Hello", text="Hello", html=""),
    )
    client, event = FakeCustomers(), erasure(None, PERSON)
    protection = DataProtection(sessions, client, 0)  # type: ignore[arg-type]
    await protection.prepare(event, meta(1))
    await protection.prepare(event, meta(2))
    *erased, other = await rows(sessions)
    assert [("zzcanary" in row.whole.lower(), row.state, row.erase_time is None) for row in erased] == [
        (False, "SENT", False)
    ] * 5
    assert not any("mail.example" in row.whole or "commis.example" in row.whole for row in erased)
    assert (other.subject, other.recipient, other.erase_time) == ("Hello", "other@mail.example", None)
    assert [[(item.subject, item.count) for item in report[0]] for report in client.reports] == [
        [("recipients, subjects and texts of mails", 5)]
    ] * 2


@pytest.mark.spec("A-24")
async def test_what_waits_is_not_sent_and_what_is_being_sent_tells_nothing_afterwards(
    sessions: Sessions, engine: AsyncEngine
) -> None:
    await add(sessions, a_draft(account_id=ACCOUNT), state="PENDING", error="")
    await add(sessions, a_draft(account_id=ACCOUNT), state="SENDING", error="")
    await DataProtection(sessions, FakeCustomers(), 0).prepare(erasure(None, PERSON), meta(1))  # type: ignore[arg-type]
    waiting, sending = await rows(sessions)
    assert (waiting.state, waiting.next_attempt_time, sending.state) == ("FAILED", None, "SENDING")
    async with engine.begin() as connection:
        await connection.execute(
            sa.text("UPDATE mails SET sender_id = :id WHERE state = 'SENDING'"), {"id": PERSON}
        )
        late = Mark(sending.id, State.PENDING, error=f"450 <{ADDRESS}> later")
        await store.mark(connection, PERSON, [late])
    assert [(row.state, row.last_error) for row in await rows(sessions)] == [("FAILED", ""), ("FAILED", "")]


@pytest.mark.spec("A-24")
async def test_who_stays_a_customer_elsewhere_keeps_those_mails(sessions: Sessions) -> None:
    await add(sessions, a_draft(account_id=ACCOUNT), a_draft(account_id=new_id()), a_draft(person_id=PERSON))
    await DataProtection(sessions, FakeCustomers(), 0).prepare(erasure(PERSON), meta(1))  # type: ignore[arg-type]
    assert [row.erase_time is None for row in await rows(sessions)] == [False, True, True]


@pytest.mark.spec("A-24")
async def test_mails_to_others_that_name_the_person_still_arrive_and_are_emptied_then(
    sessions: Sessions,
) -> None:
    told = a_draft(
        account_id=ACCOUNT, template="new_order", recipient="vendor@commis.example", named=(new_id(), PERSON)
    )
    contact = a_draft(account_id=ACCOUNT, recipient="colleague@mail.example", text=f"Contact: {ADDRESS}")
    silent = a_draft(account_id=ACCOUNT, recipient="colleague@mail.example", text="Hello", named=(new_id(),))
    elsewhere = a_draft(account_id=new_id(), recipient="other@mail.example", named=(PERSON,))
    await add(sessions, told)
    await add(sessions, contact)
    await add(sessions, replace(told, cause_id=new_id()), state="PENDING", error="")
    await add(sessions, silent)
    await add(sessions, elsewhere)
    client, event = FakeCustomers(), erasure(PERSON)
    protection = DataProtection(sessions, client, 0)  # type: ignore[arg-type]
    await protection.prepare(event, meta(1))
    await protection.prepare(event, meta(2))
    first, second, waiting, third, fourth = await rows(sessions)
    assert [row.erase_time is None for row in (first, second, third, fourth)] == [False, False, True, True]
    assert not any("anary" in row.whole for row in (first, second))
    assert (waiting.state, waiting.recipient, waiting.text) == ("PENDING", told.recipient, told.text)
    assert [item.count for item in client.reports[-1][0]] == [3]
    async with sessions.begin() as session:
        await session.execute(sa.text("UPDATE mails SET state = 'SENT' WHERE state = 'PENDING'"))
    await erasing.forget_sent(sessions)
    (sent,) = [row for row in await rows(sessions) if row.id == waiting.id]
    assert ("anary" in sent.whole, str(sent.erasure_id)) == (False, event.erasure_id)


@pytest.mark.spec("A-24")
async def test_the_report_waits_for_mails_that_were_being_written(sessions: Sessions) -> None:
    client, event = FakeCustomers(), erasure(None, PERSON)
    protection = DataProtection(sessions, client, 60)  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        await protection.prepare(event, meta())
    await add(sessions, a_draft(account_id=ACCOUNT))
    await protection.prepare(event, meta(61))
    assert "zzcanary" not in (await rows(sessions))[0].whole.lower()
    assert len(client.reports) == 1


@pytest.mark.spec("A-24")
async def test_a_receipt_is_forgotten_once_it_was_sent(sessions: Sessions) -> None:
    await add(sessions, a_draft(forget_when_sent=True), state="PENDING")
    await erasing.forget_sent(sessions)
    assert (await rows(sessions))[0].recipient == ADDRESS
    async with sessions.begin() as session:
        await session.execute(sa.text("UPDATE mails SET state = 'SENT'"))
    await erasing.forget_sent(sessions)
    (row,) = await rows(sessions)
    assert (row.state, "zzcanary" in row.whole.lower()) == ("SENT", False)


@pytest.mark.spec("A-24")
async def test_an_export_holds_the_mails_to_the_account_or_to_the_person(sessions: Sessions) -> None:
    await add(
        sessions,
        a_draft(account_id=ACCOUNT, subject="mine"),
        a_draft(account_id=ACCOUNT, recipient="colleague@mail.example", subject="colleague's"),
        a_draft(account_id=ACCOUNT, template="new_order", subject="vendor's"),
        a_draft(account_id=ACCOUNT, template="vendor_sheet_sent", subject="vendor's too"),
        a_draft(person_id=PERSON, subject="activation"),
        a_draft(account_id=new_id(), subject="elsewhere"),
    )
    client = FakeCustomers()
    protection = DataProtection(sessions, client, 0)  # type: ignore[arg-type]
    event = events_pb2.DataExportRequested(data_export_id=str(new_id()), account_id=str(ACCOUNT))
    await protection.prepare(event, meta())
    assert _subjects(client) == ["mine", "colleague's"]
    event.person_id = str(PERSON)
    event.person_ids.append(str(PERSON))
    await protection.prepare(event, meta())
    assert _subjects(client) == ["mine", "activation"]
    client.gone = True
    await protection.prepare(event, meta())


def _subjects(client: FakeCustomers) -> list[str]:
    return [mail["subject"] for mail in json.loads(client.parts[1])["mails"]]
