"""What others, the audit above all, learn about subscriptions."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from commis.common.v1 import common_pb2
from commis.notifications.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import context, outbox
from notifications import attribution
from notifications.webhooks.domain import VENDOR

SUBJECT = "commis.notifications.v1.webhook_subscription_changed"


def publish_changed(
    session: AsyncSession, subscription_id: UUID, owner_id: UUID, changed_fields: Sequence[str]
) -> None:
    """By the caller, or by notifications itself outside of a request."""
    if context.current().principal is not None:
        who = attribution.current()
    else:
        who = common_pb2.Attribution(
            actor=common_pb2.Party(kind=common_pb2.PARTY_KIND_SERVICE, id="notifications")
        )
        who.occur_time.GetCurrentTime()
    event = events_pb2.WebhookSubscriptionChanged(
        attribution=who,
        subscription_id=str(subscription_id),
        platform_id="" if owner_id == VENDOR else str(owner_id),
        changed_fields=changed_fields,
    )
    outbox.add(session, event, subject=SUBJECT, aggregate_id=str(subscription_id))
