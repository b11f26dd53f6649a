"""Facts about representatives and their assignments."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from commis.customers.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import outbox
from customers.attribution import attribution


def representative_created(session: AsyncSession, rep_id: UUID) -> None:
    fact = events_pb2.RepresentativeCreated(attribution=attribution(), representative_id=str(rep_id))
    subject = "commis.customers.v1.representative_created"
    outbox.add(session, fact, subject=subject, aggregate_id=str(rep_id), aggregate_version=1)


def representative_updated(
    session: AsyncSession, rep_id: UUID, version: int, fields: Iterable[str], *, active: bool
) -> None:
    fact = events_pb2.RepresentativeUpdated(
        attribution=attribution(), representative_id=str(rep_id), changed_fields=sorted(fields), active=active
    )
    subject = "commis.customers.v1.representative_updated"
    outbox.add(session, fact, subject=subject, aggregate_id=str(rep_id), aggregate_version=version)


def account_assigned(session: AsyncSession, rep_id: UUID, account_id: UUID) -> None:
    fact = events_pb2.AccountAssigned(
        attribution=attribution(account_id), representative_id=str(rep_id), account_id=str(account_id)
    )
    outbox.add(session, fact, subject="commis.customers.v1.account_assigned", aggregate_id=str(rep_id))


def account_unassigned(session: AsyncSession, rep_id: UUID, account_id: UUID) -> None:
    fact = events_pb2.AccountUnassigned(
        attribution=attribution(account_id), representative_id=str(rep_id), account_id=str(account_id)
    )
    outbox.add(session, fact, subject="commis.customers.v1.account_unassigned", aggregate_id=str(rep_id))
