"""Facts about clients of communities."""

from __future__ import annotations

from uuid import UUID

from commis.customers.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import outbox
from customers.attribution import attribution
from customers.clients.models import ClientLink


def client_linked(session: AsyncSession, account_id: UUID, platform_id: UUID, community_id: UUID) -> None:
    fact = events_pb2.ClientLinked(
        attribution=attribution(account_id),
        account_id=str(account_id),
        platform_id=str(platform_id),
        community_id=str(community_id),
    )
    outbox.add(session, fact, subject="commis.customers.v1.client_linked", aggregate_id=str(account_id))


def client_moved(session: AsyncSession, link: ClientLink, to_community_id: UUID) -> None:
    fact = events_pb2.ClientMoved(
        attribution=attribution(link.account_id),
        account_id=str(link.account_id),
        platform_id=str(link.platform_id),
        from_community_id=str(link.community_id),
        to_community_id=str(to_community_id),
    )
    subject = "commis.customers.v1.client_moved"
    outbox.add(session, fact, subject=subject, aggregate_id=str(link.account_id))


def client_closed(session: AsyncSession, link: ClientLink) -> None:
    fact = events_pb2.ClientClosed(
        attribution=attribution(link.account_id),
        account_id=str(link.account_id),
        platform_id=str(link.platform_id),
        community_id=str(link.community_id),
    )
    subject = "commis.customers.v1.client_closed"
    outbox.add(session, fact, subject=subject, aggregate_id=str(link.account_id))
