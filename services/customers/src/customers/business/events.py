"""Facts about business profiles and the requests for them; what was written is read when it is mailed."""

from __future__ import annotations

from uuid import UUID

from commis.customers.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import outbox
from customers.attribution import attribution

_PREFIX = "commis.customers.v1."


def business_profile_requested(session: AsyncSession, account_id: UUID, request_id: UUID) -> None:
    fact = events_pb2.BusinessProfileRequested(
        attribution=attribution(account_id), business_request_id=str(request_id), account_id=str(account_id)
    )
    subject = f"{_PREFIX}business_profile_requested"
    outbox.add(session, fact, subject=subject, aggregate_id=str(request_id), aggregate_version=1)


def known_person_registered(session: AsyncSession, person_id: UUID) -> None:
    """A visitor asked with the address of somebody who has an account: that person is told by mail."""
    fact = events_pb2.KnownPersonRegistered(attribution=attribution(), person_id=str(person_id))
    subject = f"{_PREFIX}known_person_registered"
    outbox.add(session, fact, subject=subject, aggregate_id=str(person_id))


def message_added(
    session: AsyncSession,
    account_id: UUID,
    request_id: UUID,
    message_id: UUID,
    version: int,
    *,
    from_customer: bool,
) -> None:
    fact = events_pb2.BusinessRequestMessageAdded(
        attribution=attribution(account_id),
        business_request_id=str(request_id),
        account_id=str(account_id),
        message_id=str(message_id),
        from_customer=from_customer,
    )
    subject = f"{_PREFIX}business_request_message_added"
    outbox.add(session, fact, subject=subject, aggregate_id=str(request_id), aggregate_version=version)


def decided(
    session: AsyncSession, account_id: UUID, request_id: UUID, version: int, *, approved: bool
) -> None:
    fact = events_pb2.BusinessRequestDecided(
        attribution=attribution(account_id),
        business_request_id=str(request_id),
        account_id=str(account_id),
        approved=approved,
    )
    subject = f"{_PREFIX}business_request_decided"
    outbox.add(session, fact, subject=subject, aggregate_id=str(request_id), aggregate_version=version)


def profile_removed(session: AsyncSession, account_id: UUID, receipt_id: UUID, version: int) -> None:
    fact = events_pb2.BusinessProfileRemoved(
        attribution=attribution(account_id), account_id=str(account_id), receipt_id=str(receipt_id)
    )
    subject = f"{_PREFIX}business_profile_removed"
    outbox.add(session, fact, subject=subject, aggregate_id=str(account_id), aggregate_version=version)
