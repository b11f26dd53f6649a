"""Refusals: counted, logged, and kept for a while without anything the token said about people."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import context
from chassis.db import Sessions
from chassis.errors import ServiceError
from chassis.ids import new_id
from chassis.logs import log
from chassis.paging import Page
from customers import client_address
from customers.handoffs.models import HandoffRefusal

REFUSED = Counter("handoffs_refused_total", "Refused hand-offs and platform tokens", ["reason", "cause"])
ACCEPTED = Counter("handoffs_accepted_total", "Hand-offs that got a one-time code")
EXCHANGED = Counter("handoffs_exchanged_total", "One-time codes that became an assisted session")
# Anybody can send nonsense: beyond this many a minute refusals are counted and logged, but not stored.
STORED_PER_MINUTE = 120
_STORE = sa.text(
    "INSERT INTO handoff_refusals (id, platform_id, reason, cause, client_address, request_id)"
    " SELECT :id, :platform_id, :reason, :cause, :client_address, :request_id"
    " WHERE (SELECT count(*) FROM (SELECT 1 FROM handoff_refusals r WHERE r.occur_time > now() - interval '1 minute'"
    " AND r.platform_id IS NOT DISTINCT FROM :platform_id LIMIT :limit) AS recent) < :limit"
).bindparams(sa.bindparam("id", type_=sa.Uuid), sa.bindparam("platform_id", type_=sa.Uuid))


@dataclass(frozen=True, slots=True)
class RefusalView:
    id: UUID
    platform_id: UUID | None
    reason: str
    cause: str
    client_address: str
    request_id: str
    occur_time: datetime.datetime


async def record(
    sessions: Sessions, error: ServiceError, platform_id: UUID | None, *, cause: str | None = None
) -> None:
    """In a transaction of its own: what was refused has been rolled back."""
    said = cause if cause is not None else error.metadata.get("cause", "")
    REFUSED.labels(error.reason, said).inc()
    named = str(platform_id) if platform_id is not None else ""
    log.warning("hand-off refused", reason=error.reason, cause=said, platform=named)
    row = {
        "id": new_id(),
        "platform_id": platform_id,
        "reason": error.reason,
        "cause": said,
        "client_address": client_address.current(),
        "request_id": context.current().request_id,
        "limit": STORED_PER_MINUTE,
    }
    async with sessions.begin() as session:
        await session.execute(_STORE, row)


async def list_refusals(session: AsyncSession, platform_id: UUID | None, page: Page) -> list[RefusalView]:
    """Up to one more than a page, newest first; of one platform, or all."""
    query = sa.select(*(getattr(HandoffRefusal, name) for name in RefusalView.__slots__))
    if platform_id is not None:
        query = query.where(HandoffRefusal.platform_id == platform_id)
    if page.after is not None:
        query = query.where(HandoffRefusal.id < page.after[0])
    rows = await session.execute(query.order_by(HandoffRefusal.id.desc()).limit(page.size + 1))
    return [RefusalView(**row._mapping) for row in rows]
