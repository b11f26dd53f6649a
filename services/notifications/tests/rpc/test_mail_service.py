"""MailService over a real channel."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from typing import Any
from uuid import UUID

import grpc
import pytest
import sqlalchemy as sa
from commis.notifications.v1 import events_pb2, mails_pb2_grpc
from commis.notifications.v1 import mails_pb2 as pb

from chassis.db import Sessions
from chassis.errors import ServiceError
from chassis.ids import new_id
from chassis.status import from_rpc_error
from chassis.testing import as_customer, as_rep, as_service, as_staff, grpc_server
from notifications.mails import store
from notifications.mails.rpc import MailServicer
from notifications.mails.store import Draft

STAFF = as_staff("ORDER_DESK")


@pytest.fixture
async def mails(sessions: Sessions) -> AsyncIterator[mails_pb2_grpc.MailServiceStub]:
    servicer = (
        mails_pb2_grpc.add_MailServiceServicer_to_server,
        MailServicer(sessions),
        "commis.notifications.v1.MailService",
    )
    async with grpc_server([servicer], domain="notifications.commis") as running:
        yield mails_pb2_grpc.MailServiceStub(running.channel)


async def refused(call: Awaitable[Any]) -> ServiceError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return from_rpc_error(caught.value, "notifications")


async def a_mail(sessions: Sessions, state: str = "SENT", **changes: Any) -> UUID:
    given: dict[str, Any] = {
        "cause_id": new_id(),
        "template": "order_confirmation",
        "recipient": "Marie@parc.example",
        "language": "fr",
        "subject": "Confirmation",
        "text": "Bonjour",
        "html": "<p>Bonjour</p>",
        "order_id": new_id(),
        "account_id": new_id(),
    }
    async with sessions.begin() as session:
        mail = (await store.add(session, [Draft(**(given | changes))], lease=0))[0]
        update = "UPDATE mails SET state = :state, send_time = now(), attempt_count = 1 WHERE id = :id"
        await session.execute(sa.text(update), {"state": state, "id": mail.id})
    return mail.id


@pytest.mark.spec("M-02")
async def test_staff_read_what_was_sent(mails: mails_pb2_grpc.MailServiceStub, sessions: Sessions) -> None:
    mail_id = await a_mail(sessions)
    mail = (await mails.GetMail(pb.GetMailRequest(mail_id=str(mail_id)), metadata=STAFF)).mail
    assert (mail.id, mail.state, mail.text) == (str(mail_id), pb.Mail.STATE_SENT, "Bonjour")
    assert mail.send_time.seconds
    listed = (await mails.ListMails(pb.ListMailsRequest(), metadata=STAFF)).mails
    assert [(m.id, m.subject, m.text) for m in listed] == [(str(mail_id), "Confirmation", "")]


async def test_lists_are_filtered_and_paged(
    mails: mails_pb2_grpc.MailServiceStub, sessions: Sessions
) -> None:
    order = new_id()
    sent = [await a_mail(sessions) for _ in range(3)]
    failed = await a_mail(sessions, "FAILED", order_id=order, recipient="gone@a.example")
    pending = await a_mail(sessions, "PENDING")

    async def found(**filters: Any) -> list[str]:
        seen: list[str] = []
        request = pb.ListMailsRequest(page_size=2, **filters)
        while True:
            answer = await mails.ListMails(request, metadata=STAFF)
            seen += [mail.id for mail in answer.mails]
            request.page_token = answer.next_page_token
            if not answer.next_page_token:
                return seen

    assert await found() == [str(x) for x in (pending, failed, *reversed(sent))]
    assert await found(state=pb.Mail.STATE_FAILED) == [str(failed)]
    assert await found(state=pb.Mail.STATE_PENDING) == [str(pending)]
    assert await found(order_id=str(order)) == [str(failed)]
    assert await found(recipient="GONE@a.example ") == [str(failed)]
    assert await found(recipient="marie@parc.example", state=pb.Mail.STATE_SENT) == [
        str(x) for x in reversed(sent)
    ]


@pytest.mark.spec("M-02")
@pytest.mark.parametrize("state", ["SENT", "FAILED", "UNKNOWN"])
async def test_staff_send_a_mail_again(
    mails: mails_pb2_grpc.MailServiceStub, sessions: Sessions, state: str
) -> None:
    original, staff = await a_mail(sessions, state), new_id()
    request = pb.ResendMailRequest(mail_id=str(original), request_id=str(new_id()))
    by_hand = as_staff("ORDER_DESK", staff_id=staff)
    first, second = [(await mails.ResendMail(request, metadata=by_hand)).mail for _ in range(2)]
    assert first == second
    assert first.id != str(original)
    assert (first.state, first.text, first.attempt_count) == (pb.Mail.STATE_PENDING, "Bonjour", 0)
    old = (await mails.GetMail(pb.GetMailRequest(mail_id=str(original)), metadata=STAFF)).mail
    assert old.state == pb.Mail.State.Value(f"STATE_{state}")
    assert (first.order_id, first.account_id) == (old.order_id, old.account_id)
    async with sessions() as session:
        told = (await session.execute(sa.text("SELECT payload FROM outbox"))).scalars().all()
    assert len(told) == 1
    event = events_pb2.MailResendRequested.FromString(told[0])
    assert (event.mail_id, event.original_mail_id) == (first.id, str(original))
    assert (event.attribution.actor.id, event.attribution.order_id) == (str(staff), old.order_id)


@pytest.mark.parametrize("state", ["PENDING", "SENDING"])
async def test_what_is_still_being_sent_is_not_sent_again(
    mails: mails_pb2_grpc.MailServiceStub, sessions: Sessions, state: str
) -> None:
    request = pb.ResendMailRequest(mail_id=str(await a_mail(sessions, state)))
    error = await refused(mails.ResendMail(request, metadata=STAFF))
    assert (error.kind, error.reason, error.metadata["state"]) == (
        "FAILED_PRECONDITION",
        "MAIL_STATE",
        state,
    )


async def test_what_is_not_kept_any_more_cannot_be_sent_again(
    mails: mails_pb2_grpc.MailServiceStub, sessions: Sessions
) -> None:
    request = pb.ResendMailRequest(mail_id=str(await a_mail(sessions, text="", html="", subject="")))
    error = await refused(mails.ResendMail(request, metadata=STAFF))
    assert (error.kind, error.reason) == ("FAILED_PRECONDITION", "MAIL_TEXT_GONE")


async def test_wrong_input(mails: mails_pb2_grpc.MailServiceStub) -> None:
    bad = pb.ListMailsRequest(state=99, order_id="x", recipient="a\x00b", page_size=1)  # type: ignore[arg-type]
    error = await refused(mails.ListMails(bad, metadata=STAFF))
    assert {violation.field for violation in error.violations} == {"state", "order_id", "recipient"}
    for field, request in (
        ("page_size", pb.ListMailsRequest(page_size=-1)),
        ("page_token", pb.ListMailsRequest(page_token="\x00")),
    ):
        error = await refused(mails.ListMails(request, metadata=STAFF))
        assert [violation.field for violation in error.violations] == [field]
    absent = str(new_id())
    assert (
        await refused(mails.GetMail(pb.GetMailRequest(mail_id=absent), metadata=STAFF))
    ).reason == "MAIL_NOT_FOUND"
    assert (
        await refused(mails.ResendMail(pb.ResendMailRequest(mail_id=absent), metadata=STAFF))
    ).reason == "MAIL_NOT_FOUND"
    assert [
        v.field for v in (await refused(mails.GetMail(pb.GetMailRequest(), metadata=STAFF))).violations
    ] == ["mail_id"]


async def test_only_staff(mails: mails_pb2_grpc.MailServiceStub) -> None:
    request = pb.ListMailsRequest()
    for metadata in (as_customer(new_id(), new_id()), as_rep(new_id()), as_service("orders.read")):
        error = await refused(mails.ListMails(request, metadata=metadata))
        assert error.kind == "PERMISSION_DENIED"
    assert (await refused(mails.ListMails(request))).kind == "UNAUTHENTICATED"


async def test_each_state_has_an_index_for_its_list(
    mails: mails_pb2_grpc.MailServiceStub, sessions: Sessions
) -> None:
    async with sessions.begin() as session:
        await session.execute(
            sa.text(
                "INSERT INTO mails (id, cause_id, template, recipient, language, state, subject, text, html)"
                " SELECT gen_random_uuid(), gen_random_uuid(), 'new_order', 'a@b.example', 'en', 'SENT', '',"
                " '', ''"
                " FROM generate_series(1, 5000)"
            )
        )
        await session.execute(sa.text("ANALYZE mails"))
        for state in ("PENDING", "SENDING", "FAILED", "UNKNOWN"):
            plan = (
                await session.execute(
                    sa.text(f"EXPLAIN SELECT id FROM mails WHERE state = '{state}' ORDER BY id DESC LIMIT 50")
                )
            ).scalars()
            assert "Seq Scan" not in "\n".join(plan)
