"""Facts about the persons of an account."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from commis.customers.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import outbox
from customers.attribution import attribution


def member_invited(session: AsyncSession, account_id: UUID, person_id: UUID, *, known: bool) -> None:
    """`known`: the person could sign in before, and gets a notice instead of an activation link."""
    fact = events_pb2.MemberInvited(
        attribution=attribution(account_id), account_id=str(account_id), person_id=str(person_id), known=known
    )
    outbox.add(session, fact, subject="commis.customers.v1.member_invited", aggregate_id=str(account_id))


def member_updated(session: AsyncSession, account_id: UUID, person_id: UUID, fields: Iterable[str]) -> None:
    fact = events_pb2.MemberUpdated(
        attribution=attribution(account_id),
        account_id=str(account_id),
        person_id=str(person_id),
        changed_fields=sorted(fields),
    )
    outbox.add(session, fact, subject="commis.customers.v1.member_updated", aggregate_id=str(account_id))


def member_removed(session: AsyncSession, account_id: UUID, person_id: UUID) -> None:
    fact = events_pb2.MemberRemoved(
        attribution=attribution(account_id), account_id=str(account_id), person_id=str(person_id)
    )
    outbox.add(session, fact, subject="commis.customers.v1.member_removed", aggregate_id=str(account_id))
