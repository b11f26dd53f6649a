"""Facts about accounts."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from commis.customers.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import outbox
from customers.attribution import attribution


def account_created(session: AsyncSession, account_id: UUID) -> None:
    fact = events_pb2.AccountCreated(attribution=attribution(account_id), account_id=str(account_id))
    subject = "commis.customers.v1.account_created"
    outbox.add(session, fact, subject=subject, aggregate_id=str(account_id), aggregate_version=1)


def account_updated(session: AsyncSession, account_id: UUID, version: int, fields: Iterable[str]) -> None:
    fact = events_pb2.AccountUpdated(
        attribution=attribution(account_id), account_id=str(account_id), changed_fields=sorted(fields)
    )
    subject = "commis.customers.v1.account_updated"
    outbox.add(session, fact, subject=subject, aggregate_id=str(account_id), aggregate_version=version)
