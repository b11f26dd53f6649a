"""Facts about sessions."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from commis.customers.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import outbox
from customers.attribution import attribution

# Told by one fact: some 40 kB.
SESSIONS_AT_ONCE = 1000


def ordering_session_opened(session: AsyncSession, rep_id: UUID, account_id: UUID) -> None:
    fact = events_pb2.OrderingSessionOpened(
        attribution=attribution(account_id, actor=("REP", rep_id)), account_id=str(account_id)
    )
    subject = "commis.customers.v1.ordering_session_opened"
    outbox.add(session, fact, subject=subject, aggregate_id=str(account_id))


def sessions_ended(session: AsyncSession, family_ids: Sequence[UUID]) -> None:
    """As many facts as it takes: a care platform may have had tens of thousands, and the broker takes 1 MiB."""
    subject = "commis.customers.v1.sessions_ended"
    for start in range(0, len(family_ids), SESSIONS_AT_ONCE):
        told = family_ids[start : start + SESSIONS_AT_ONCE]
        fact = events_pb2.SessionsEnded(attribution=attribution(), session_ids=map(str, told))
        outbox.add(session, fact, subject=subject, aggregate_id=str(told[0]))
