"""Reading the audit: staff everything, everybody else what concerns the own accounts."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.context import Principal
from chassis.paging import Page
from customers import callers
from customers.accounts import queries as accounts
from customers.audit.models import AuditAuthor, AuditEntry
from customers.database import AnyRow
from customers.reps.models import Assignment


@dataclass(frozen=True, slots=True)
class EntryView:
    sequence: int
    actor_kind: str
    actor_id: str
    actor_name: str
    client_address: str
    account_id: str
    channel: str
    action: str
    subject_id: str
    order_id: str
    occur_time: datetime.datetime
    request_id: str
    hash: bytes


async def list_entries(
    session: AsyncSession, who: Principal, account_id: UUID | None, order_id: UUID | None, page: Page
) -> list[EntryView]:
    """Up to one more than a page, newest first. Raises AccountNotFound for an invisible account."""
    if account_id is not None:
        await accounts.require_visible(session, who, account_id)
    conditions: list[sa.ColumnElement[bool]] = []
    if order_id is not None:
        conditions.append(AuditEntry.order_id == str(order_id))
    if page.after is not None:
        conditions.append(AuditEntry.sequence < page.after[0])
    own = account_id or who.acts_for_account
    if own is not None:
        conditions.append(AuditEntry.account_id == str(own))
    if not callers.sees_all(who):
        if own is None:
            return await _of_rep(session, who, conditions, page)
        if account_id is None:
            await accounts.require_visible(session, who, own)
        if callers.care_worker_of(who) is not None:
            # What others did for the client, perhaps in another residence, is not a care worker's business.
            conditions.append(AuditAuthor.party_id == str(callers.care_worker_of(who)))
        if callers.person_of(who) is not None and not await callers.is_administrator(session, who, own):
            # A mere user sees what that user did; the account's other business is the administrators'.
            conditions.append(AuditAuthor.party_id == str(callers.person_of(who)))
    rows = await session.execute(
        _entries().where(*conditions).order_by(AuditEntry.sequence.desc()).limit(page.size + 1)
    )
    return [_view(row) for row in rows]


def _entries() -> sa.Select[AuditEntry, str, str, str, str]:
    return sa.select(
        AuditEntry, AuditAuthor.kind, AuditAuthor.party_id, AuditAuthor.name, AuditAuthor.client_address
    ).join(AuditAuthor, AuditAuthor.id == AuditEntry.author_id)


async def _of_rep(
    session: AsyncSession, who: Principal, conditions: list[sa.ColumnElement[bool]], page: Page
) -> list[EntryView]:
    """The newest of each own account by its index, then the newest of those: never a walk over the audit."""
    rep_id = callers.rep_of(who)
    if rep_id is None:
        return []
    of_account = sa.cast(Assignment.account_id, sa.Text)
    newest = (
        sa.select(AuditEntry.sequence)
        .where(AuditEntry.account_id == of_account, *conditions)
        .order_by(AuditEntry.sequence.desc())
        .limit(page.size + 1)
        .lateral()
    )
    mine = sa.and_(Assignment.rep_id == rep_id, callers.assigned(rep_id, Assignment.account_id))
    sequences = sa.select(newest.c.sequence).select_from(Assignment).join(newest, sa.true()).where(mine)
    query = _entries().where(AuditEntry.sequence.in_(sequences)).order_by(AuditEntry.sequence.desc())
    return [_view(row) for row in await session.execute(query.limit(page.size + 1))]


def _view(row: AnyRow) -> EntryView:
    entry: AuditEntry = row.AuditEntry
    return EntryView(
        sequence=entry.sequence,
        actor_kind=row.kind,
        actor_id=row.party_id,
        actor_name=row.name,
        client_address=row.client_address,
        account_id=entry.account_id,
        channel=entry.channel,
        action=entry.action,
        subject_id=entry.subject_id,
        order_id=entry.order_id,
        occur_time=entry.occur_time,
        request_id=entry.request_id,
        hash=entry.hash,
    )
