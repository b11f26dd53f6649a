"""What others learn about mails. That one was sent is no news: it is what was asked for."""

from __future__ import annotations

from uuid import UUID

from commis.common.v1 import common_pb2
from commis.notifications.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import outbox
from notifications.mails.queries import MailView
from notifications.mails.store import Marked


def publish_failed(session: AsyncSession, mail: Marked) -> None:
    """Given up: staff may look at the address and send it again."""
    attribution = common_pb2.Attribution(
        actor=common_pb2.Party(kind=common_pb2.PARTY_KIND_SERVICE, id="notifications"),
        account_id=str(mail.account_id or ""),
        order_id=str(mail.order_id or ""),
    )
    attribution.occur_time.GetCurrentTime()
    event = events_pb2.MailFailed(attribution=attribution, mail_id=str(mail.mail_id), template=mail.template)
    outbox.add(session, event, subject="commis.notifications.v1.mail_failed", aggregate_id=str(mail.mail_id))


def publish_resend(
    session: AsyncSession, attribution: common_pb2.Attribution, mail: MailView, original_id: UUID
) -> None:
    """For the audit: who sent what again."""
    own = common_pb2.Attribution()
    own.CopyFrom(attribution)
    own.account_id = str(mail.account_id or "")
    own.order_id = str(mail.order_id or "")
    event = events_pb2.MailResendRequested(
        attribution=own,
        mail_id=str(mail.id),
        template=mail.template,
        original_mail_id=str(original_id),
    )
    outbox.add(
        session,
        event,
        subject="commis.notifications.v1.mail_resend_requested",
        aggregate_id=str(mail.id),
    )
