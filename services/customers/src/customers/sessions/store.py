"""Ending session families."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.sessions import events
from customers.sessions.models import SessionFamily


async def end_families(session: AsyncSession, condition: sa.ColumnElement[bool], reason: str) -> int:
    """End the families of the condition that still live, and tell so: who holds a line open for one closes it. How many
    those were."""
    living = (
        sa.select(SessionFamily.id)
        .where(condition, SessionFamily.end_time.is_(None))
        .order_by(SessionFamily.id)
        .with_for_update(key_share=True)
    )
    statement = sa.update(SessionFamily).where(SessionFamily.id.in_(living))
    ended = await session.execute(
        statement.values(end_time=sa.func.now(), end_reason=reason).returning(SessionFamily.id)
    )
    ids = list(ended.scalars())
    if ids:
        events.sessions_ended(session, ids)
    return len(ids)


async def end_all_of_person(session: AsyncSession, person_id: UUID, reason: str) -> int:
    return await end_families(session, SessionFamily.person_id == person_id, reason)


async def end_with_children(session: AsyncSession, family_id: UUID, reason: str) -> int:
    """A family and the ordering sessions opened from it."""
    return await end_families(
        session, sa.or_(SessionFamily.id == family_id, SessionFamily.parent_id == family_id), reason
    )


async def end_ordering(session: AsyncSession, rep_id: UUID, account_id: UUID, reason: str) -> int:
    """The rep's ordering sessions for one account."""
    mine = sa.and_(SessionFamily.rep_id == rep_id, SessionFamily.subject_id == account_id)
    return await end_families(session, mine, reason)


async def end_membership(
    session: AsyncSession, account_id: UUID, person_ids: Sequence[UUID], reason: str
) -> int:
    """The sessions of these persons for one account; their sessions for other accounts go on."""
    mine = sa.and_(
        SessionFamily.person_id.in_(person_ids),
        SessionFamily.subject_kind == "ACCOUNT",
        SessionFamily.subject_id == account_id,
        SessionFamily.rep_id.is_(None),
    )
    return await end_families(session, mine, reason)


async def end_all_of_account(session: AsyncSession, account_id: UUID, reason: str) -> int:
    """Those of its people, and those in which somebody else acts for it."""
    mine = sa.and_(SessionFamily.subject_kind == "ACCOUNT", SessionFamily.subject_id == account_id)
    return await end_families(session, mine, reason)
