"""Facts about care platforms and communities."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from commis.customers.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import outbox
from customers.attribution import attribution


def care_platform_changed(
    session: AsyncSession, platform_id: UUID, version: int, fields: Iterable[str], *, active: bool
) -> None:
    fact = events_pb2.CarePlatformChanged(
        attribution=attribution(), platform_id=str(platform_id), changed_fields=sorted(fields), active=active
    )
    subject = "commis.customers.v1.care_platform_changed"
    outbox.add(session, fact, subject=subject, aggregate_id=str(platform_id), aggregate_version=version)


def community_changed(
    session: AsyncSession,
    platform_id: UUID,
    community_id: UUID,
    version: int,
    fields: Iterable[str],
    *,
    active: bool,
) -> None:
    fact = events_pb2.CommunityChanged(
        attribution=attribution(),
        platform_id=str(platform_id),
        community_id=str(community_id),
        changed_fields=sorted(fields),
        active=active,
    )
    subject = "commis.customers.v1.community_changed"
    outbox.add(session, fact, subject=subject, aggregate_id=str(community_id), aggregate_version=version)
