"""Facts about assisted sessions."""

from __future__ import annotations

from commis.common.v1 import common_pb2
from commis.customers.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import outbox
from customers.attribution import attribution
from customers.sessions.identities import Acting, Assisted


def assisted_session_opened(session: AsyncSession, acting: Acting, assisted: Assisted) -> None:
    fact = events_pb2.AssistedSessionOpened(
        attribution=attribution(acting.subject.id),
        account_id=str(acting.subject.id),
        assistance=common_pb2.Assistance(
            platform_id=str(assisted.platform_id),
            community_id=str(assisted.community_id),
            community_external_id=assisted.community_external_id,
            care_worker_id=str(assisted.care_worker_id),
            care_worker_subject=assisted.care_worker_subject,
            client_external_id=assisted.client_external_id,
            session_id=str(assisted.session_id),
        ),
    )
    subject = "commis.customers.v1.assisted_session_opened"
    outbox.add(session, fact, subject=subject, aggregate_id=str(acting.subject.id))
