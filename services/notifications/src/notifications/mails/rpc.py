"""MailService: staff look at mails and send them again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from commis.notifications.v1 import mails_pb2 as pb
from commis.notifications.v1 import mails_pb2_grpc

from chassis import access, context, fields, idempotency, paging
from chassis.access import Rule
from chassis.db import Sessions
from chassis.errors import Violations
from notifications import attribution
from notifications.mails import queries, use_cases
from notifications.mails.queries import MailView

_STAFF = access.staff()


class MailServicer(mails_pb2_grpc.MailServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {"ListMails": _STAFF, "GetMail": _STAFF, "ResendMail": _STAFF}

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def ListMails(self, request: pb.ListMailsRequest, _: Any) -> pb.ListMailsResponse:
        v = Violations()
        state = fields.enum(v, "state", request.state, pb.Mail.State, required=False)
        order_id = fields.identifier(v, "order_id", request.order_id, required=False)
        recipient = fields.text(v, "recipient", request.recipient, max_length=320)
        v.raise_if_any()
        filters = {"state": state, "order_id": order_id, "recipient": recipient.lower()}
        page = paging.decode(request.page_size, request.page_token, filters)
        async with self._sessions() as session:
            found = await queries.list_mails(
                session,
                page,
                state=state.removeprefix("STATE_"),
                order_id=order_id,
                recipient=recipient,
            )
        listed = found[: page.size]
        token = paging.next_token((listed[-1].id,), filters) if len(found) > page.size else ""
        return pb.ListMailsResponse(mails=[_mail(mail) for mail in listed], next_page_token=token)

    async def GetMail(self, request: pb.GetMailRequest, _: Any) -> pb.GetMailResponse:
        v = Violations()
        mail_id = fields.identifier(v, "mail_id", request.mail_id)
        v.raise_if_any()
        assert mail_id
        async with self._sessions() as session:
            return pb.GetMailResponse(mail=_mail(await queries.get_mail(session, mail_id)))

    async def ResendMail(self, request: pb.ResendMailRequest, _: Any) -> pb.ResendMailResponse:
        v = Violations()
        mail_id = fields.identifier(v, "mail_id", request.mail_id)
        v.raise_if_any()
        assert mail_id
        key = {
            "caller": ":".join(context.principal().effective_actor),
            "method": "ResendMail",
            "request_id": request.request_id,
        }
        async with self._sessions.begin() as session:
            stored = await idempotency.once(
                session, **key, request=request, response_type=pb.ResendMailResponse
            )
            if stored is not None:
                return stored
            view = await use_cases.resend_mail(session, mail_id, attribution.current())
            response = pb.ResendMailResponse(mail=_mail(view))
            await idempotency.remember(session, **key, response=response)
        return response


def _mail(view: MailView) -> pb.Mail:
    found = pb.Mail(
        id=str(view.id),
        cause_id=str(view.cause_id),
        template=view.template,
        recipient=view.recipient,
        language_code=view.language,
        state=pb.Mail.State.Value(f"STATE_{view.state}"),
        attempt_count=view.attempt_count,
        last_error=view.last_error,
        order_id=str(view.order_id or ""),
        account_id=str(view.account_id or ""),
        subject=view.subject,
        text=view.text,
    )
    found.create_time.FromDatetime(view.create_time)
    if view.send_time is not None:
        found.send_time.FromDatetime(view.send_time)
    if view.next_attempt_time is not None:
        found.next_attempt_time.FromDatetime(view.next_attempt_time)
    return found
