"""What staff do with mails."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from commis.common.v1 import common_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.errors import FailedPrecondition
from chassis.ids import new_id
from notifications.mails import events, queries
from notifications.mails.queries import MailView
from notifications.mails.store import State

# A cause of its own: whoever sends again wants another mail. Due at once, found by the next look.
_REPEAT = sa.text(
    """
    INSERT INTO mails (id, cause_id, template, recipient, language, state, subject, text, html, order_id,
        account_id, credential_request_id, person_id, named_ids, forget_when_sent, resend_of, next_attempt_time)
    SELECT :new_id, :cause_id, template, recipient, language, 'PENDING', subject, text, html, order_id,
        account_id, credential_request_id, person_id, named_ids, forget_when_sent, id, now()
    FROM mails WHERE id = :mail_id
    """
)


class MailStillSending(FailedPrecondition):
    """It has not been sent yet: sending it once more would be a second mail for one wish."""

    reason = "MAIL_STATE"

    def __init__(self, mail_id: UUID, state: str) -> None:
        super().__init__(
            f"Mail {mail_id} is {state}; only mails that were sent or given up can be sent again.",
            mail_id=mail_id,
            state=state,
        )


class MailTextGone(FailedPrecondition):
    """What it said was erased, or is older than what is kept."""

    reason = "MAIL_TEXT_GONE"

    def __init__(self, mail_id: UUID) -> None:
        super().__init__(f"What mail {mail_id} said is not kept any more.", mail_id=mail_id)


async def resend_mail(session: AsyncSession, mail_id: UUID, attribution: common_pb2.Attribution) -> MailView:
    """A new mail with the same content and recipient. Raises MailNotFound, MailStillSending, MailTextGone."""
    await session.execute(sa.text("SELECT FROM mails WHERE id = :id FOR UPDATE"), {"id": mail_id})
    original = await queries.get_mail(session, mail_id)
    if original.state in (State.PENDING, State.SENDING):
        raise MailStillSending(mail_id, original.state)
    if not original.text:
        raise MailTextGone(mail_id)
    repeated = new_id()
    await session.execute(_REPEAT, {"new_id": repeated, "cause_id": new_id(), "mail_id": mail_id})
    view = await queries.get_mail(session, repeated)
    events.publish_resend(session, attribution, view, mail_id)
    return view
