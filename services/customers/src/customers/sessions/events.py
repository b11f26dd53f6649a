"""Facts about sessions."""

from __future__ import annotations

from uuid import UUID

from commis.customers.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import outbox
from customers.attribution import attribution


def ordering_session_opened(session: AsyncSession, rep_id: UUID, account_id: UUID) -> None:
    fact = events_pb2.OrderingSessionOpened(
        attribution=attribution(account_id, actor=("REP", rep_id)), account_id=str(account_id)
    )
    subject = "commis.customers.v1.ordering_session_opened"
    outbox.add(session, fact, subject=subject, aggregate_id=str(account_id))
