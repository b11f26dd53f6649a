"""A platform takes its word for a care worker back."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.handoffs.models import Handoff
from customers.platforms.models import CareWorker
from customers.sessions import store as sessions
from customers.sessions.models import SessionFamily


async def end_all_of_care_worker(session: AsyncSession, platform_id: UUID, subject: str) -> int:
    """End every open session, and every one-time code not yet exchanged; how many sessions those were. Somebody
    whom the platform never handed over has none."""
    mine = sa.and_(CareWorker.platform_id == platform_id, CareWorker.subject == subject)
    # Locked: an exchange that is going on is finished first and its session ended with the others.
    known = sa.select(CareWorker.id).where(mine).with_for_update(key_share=True)
    care_worker_id = await session.scalar(known)
    if care_worker_id is None:
        return 0
    unused = sa.and_(Handoff.care_worker_id == care_worker_id, Handoff.use_time.is_(None))
    await session.execute(sa.delete(Handoff).where(unused))
    return await sessions.end_families(
        session, SessionFamily.care_worker_id == care_worker_id, "CARE_WORKER_WITHDRAWN"
    )
