"""Facts about people's credentials, without a secret: the link is derived when the mail is written."""

from __future__ import annotations

from uuid import UUID

from commis.customers.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import outbox
from customers.attribution import attribution
from customers.people.credentials import Purpose
from customers.people.models import CredentialRequest


def link_requested(session: AsyncSession, request: CredentialRequest, account_id: UUID | None = None) -> None:
    fact: events_pb2.ActivationRequested | events_pb2.PasswordResetRequested
    match Purpose(request.purpose):
        case Purpose.ACTIVATION:
            fact, subject = events_pb2.ActivationRequested(), "commis.customers.v1.activation_requested"
        case Purpose.PASSWORD_RESET:
            fact, subject = (
                events_pb2.PasswordResetRequested(),
                "commis.customers.v1.password_reset_requested",
            )
    fact.attribution.CopyFrom(attribution(account_id))
    fact.credential_request_id = str(request.id)
    fact.person_id = str(request.person_id)
    outbox.add(session, fact, subject=subject, aggregate_id=str(request.person_id))


def password_set(session: AsyncSession, person_id: UUID) -> None:
    fact = events_pb2.PasswordSet(
        attribution=attribution(actor=("PERSON", person_id)), person_id=str(person_id)
    )
    outbox.add(session, fact, subject="commis.customers.v1.password_set", aggregate_id=str(person_id))
