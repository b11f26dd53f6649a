"""Mails as staff read them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.errors import NotFound
from chassis.paging import Page
from notifications.tables import mails

_COLUMNS = (
    mails.c.id,
    mails.c.cause_id,
    mails.c.template,
    mails.c.recipient,
    mails.c.language,
    mails.c.state,
    mails.c.attempt_count,
    mails.c.last_error,
    mails.c.order_id,
    mails.c.account_id,
    mails.c.subject,
    mails.c.create_time,
    mails.c.send_time,
    mails.c.next_attempt_time,
)


@dataclass(frozen=True, slots=True)
class MailView:
    """`text` is empty in lists."""

    id: UUID
    cause_id: UUID
    template: str
    recipient: str
    language: str
    state: str
    attempt_count: int
    last_error: str
    order_id: UUID | None
    account_id: UUID | None
    subject: str
    create_time: datetime.datetime
    send_time: datetime.datetime | None
    next_attempt_time: datetime.datetime | None
    text: str = ""


class MailNotFound(NotFound):
    reason = "MAIL_NOT_FOUND"

    def __init__(self, mail_id: UUID) -> None:
        super().__init__(f"There is no mail {mail_id}.", mail_id=mail_id)


def _view(row: Any) -> MailView:
    return MailView(*row)


async def get_mail(session: AsyncSession, mail_id: UUID) -> MailView:
    """Raises MailNotFound."""
    query = sa.select(*_COLUMNS, mails.c.text).where(mails.c.id == mail_id)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise MailNotFound(mail_id)
    return _view(row)


async def list_mails(
    session: AsyncSession, page: Page, *, state: str, order_id: UUID | None, recipient: str
) -> Sequence[MailView]:
    """Newest first; one more than the page asks for when there are more."""
    query = sa.select(*_COLUMNS).order_by(mails.c.id.desc()).limit(page.size + 1)
    if state:
        # A literal: only then does the planner know which partial index holds the state.
        query = query.where(mails.c.state == sa.literal(state, literal_execute=True))
    if order_id is not None:
        query = query.where(mails.c.order_id == order_id)
    if recipient:
        query = query.where(sa.func.lower(mails.c.recipient) == recipient.lower())
    if page.after is not None:
        query = query.where(mails.c.id < page.after[0])
    return [_view(row) for row in await session.execute(query)]
