"""Facts about legal caps for others."""

from __future__ import annotations

from uuid import UUID

from commis.catalog.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.attribution import attribution
from chassis import outbox


def legal_cap_changed(session: AsyncSession, cap_id: UUID) -> None:
    event = events_pb2.LegalCapChanged(attribution=attribution(), legal_cap_id=str(cap_id))
    outbox.add(session, event, subject="commis.catalog.v1.legal_cap_changed", aggregate_id=str(cap_id))
