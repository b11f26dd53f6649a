"""Facts of data protection: ids only."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from commis.customers.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import outbox
from customers.attribution import attribution
from customers.privacy.scope import Scope

_PREFIX = "commis.customers.v1"


def _text(identity: UUID | None) -> str:
    return str(identity) if identity is not None else ""


def data_export_requested(
    session: AsyncSession,
    export_id: UUID,
    account_id: UUID,
    person_id: UUID | None,
    persons: Sequence[UUID],
) -> None:
    fact = events_pb2.DataExportRequested(
        attribution=attribution(account_id),
        data_export_id=str(export_id),
        account_id=str(account_id),
        person_id=_text(person_id),
        person_ids=_texts(persons),
    )
    outbox.add(session, fact, subject=f"{_PREFIX}.data_export_requested", aggregate_id=str(export_id))


def erasure_requested(session: AsyncSession, erasure_id: UUID, scope: Scope) -> None:
    fact = events_pb2.ErasureRequested(
        attribution=attribution(scope.account_id),
        erasure_id=str(erasure_id),
        account_id=str(scope.account_id),
        person_id=_text(scope.person_id),
        erased_person_ids=_texts(scope.erased),
    )
    outbox.add(session, fact, subject=f"{_PREFIX}.erasure_requested", aggregate_id=str(erasure_id))


def erasure_done(session: AsyncSession, erasure_id: UUID, account_id: UUID) -> None:
    fact = events_pb2.ErasureDone(
        attribution=attribution(account_id), erasure_id=str(erasure_id), account_id=str(account_id)
    )
    outbox.add(
        session, fact, subject=f"{_PREFIX}.erasure_done", aggregate_id=str(erasure_id), aggregate_version=1
    )


def _texts(identities: Sequence[UUID]) -> list[str]:
    return [str(identity) for identity in identities]
