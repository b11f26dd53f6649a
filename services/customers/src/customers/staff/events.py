"""Facts about staff members."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from commis.customers.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import outbox
from customers.attribution import attribution


def staff_member_created(session: AsyncSession, staff_id: UUID) -> None:
    fact = events_pb2.StaffMemberCreated(attribution=attribution(), staff_member_id=str(staff_id))
    subject = "commis.customers.v1.staff_member_created"
    outbox.add(session, fact, subject=subject, aggregate_id=str(staff_id), aggregate_version=1)


def staff_member_updated(session: AsyncSession, staff_id: UUID, version: int, fields: Iterable[str]) -> None:
    fact = events_pb2.StaffMemberUpdated(
        attribution=attribution(), staff_member_id=str(staff_id), changed_fields=sorted(fields)
    )
    subject = "commis.customers.v1.staff_member_updated"
    outbox.add(session, fact, subject=subject, aggregate_id=str(staff_id), aggregate_version=version)
