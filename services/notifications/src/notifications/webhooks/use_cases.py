"""What staff and platforms do with subscriptions and deliveries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import etag
from chassis.ids import new_id
from notifications.tables import webhook_subscriptions as subscriptions
from notifications.vault import Vault
from notifications.webhooks import events, queries, signing
from notifications.webhooks.domain import SubscriptionState
from notifications.webhooks.queries import DeliveryView, SubscriptionView

_RESUME = sa.text(
    "UPDATE webhook_deliveries SET tries = 0, next_attempt_time = now()"
    " WHERE subscription_id = :id AND state = 'PENDING'"
)
_ROTATE = sa.text(
    "UPDATE webhook_subscriptions SET previous_secret = secret, previous_until = now() + :overlap,"
    " secret = :secret WHERE id = :id"
).bindparams(sa.bindparam("overlap", type_=sa.Interval))
_AGAIN = sa.text(
    "UPDATE webhook_deliveries SET state = 'PENDING', tries = 0, next_attempt_time = now() WHERE id = :id"
)
_PAUSE_ALL = sa.text(
    "UPDATE webhook_subscriptions SET state = 'PAUSED', version = version + 1,"
    " last_error = 'the care platform was deactivated'"
    " WHERE owner_id = :owner_id AND state = 'ACTIVE' RETURNING id"
)


@dataclass(frozen=True, slots=True)
class NewSubscription:
    owner_id: UUID
    target_address: str
    event_types: Sequence[str]


@dataclass(frozen=True, slots=True)
class SubscriptionChange:
    """`owner_id`: whose it must be, None for staff."""

    subscription_id: UUID
    owner_id: UUID | None
    etag: str
    values: Mapping[str, Any]


async def create_subscription(
    session: AsyncSession, vault: Vault, new: NewSubscription
) -> tuple[SubscriptionView, str]:
    """Active from the start: the events from now on. With the secret, which is shown this once."""
    subscription_id, secret = new_id(), signing.new_secret()
    row = {
        "id": subscription_id,
        "owner_id": new.owner_id,
        "target_address": new.target_address,
        "event_types": list(new.event_types),
        "state": SubscriptionState.ACTIVE.value,
        "secret": signing.seal(vault, subscription_id, secret),
    }
    await session.execute(sa.insert(subscriptions).values(row))
    events.publish_changed(session, subscription_id, new.owner_id, ["target_address", "event_types", "state"])
    return await queries.get_subscription(session, subscription_id, None), secret


async def update_subscription(session: AsyncSession, change: SubscriptionChange) -> SubscriptionView:
    """Becoming ACTIVE again makes what waits due at once and begins its retries anew.

    Raises SubscriptionNotFound, EtagMismatch."""
    one = change.subscription_id
    found = await queries.get_subscription(session, one, change.owner_id, lock=True)
    etag.check(f"Webhook subscription {one}", change.etag, found.version)
    changed = {name: value for name, value in change.values.items() if value != getattr(found, name)}
    if not changed:
        return found
    values = changed | {"version": found.version + 1}
    if changed.get("state") == SubscriptionState.ACTIVE:
        values |= {"failing_since": None, "disable_time": None, "last_error": ""}
        await session.execute(_RESUME, {"id": one})
    await session.execute(sa.update(subscriptions).where(subscriptions.c.id == one).values(values))
    events.publish_changed(session, one, found.owner_id, sorted(changed))
    return await queries.get_subscription(session, one, None)


async def rotate_secret(
    session: AsyncSession, vault: Vault, subscription_id: UUID, owner_id: UUID | None
) -> str:
    """The new secret; the former one signs too for 24 h, the one before it no more. Raises SubscriptionNotFound."""
    found = await queries.get_subscription(session, subscription_id, owner_id, lock=True)
    secret = signing.new_secret()
    given = {
        "id": subscription_id,
        "secret": signing.seal(vault, subscription_id, secret),
        "overlap": signing.OVERLAP,
    }
    await session.execute(_ROTATE, given)
    events.publish_changed(session, subscription_id, found.owner_id, ["secret"])
    return secret


async def redeliver(session: AsyncSession, delivery_id: UUID, owner_id: UUID | None) -> DeliveryView:
    """Due at once, with all its retries; while its subscription is not active it waits for that.

    Raises DeliveryNotFound."""
    await queries.get_delivery(session, delivery_id, owner_id, lock=True)
    await session.execute(_AGAIN, {"id": delivery_id})
    return await queries.get_delivery(session, delivery_id, owner_id)


async def pause_all(session: AsyncSession, owner_id: UUID) -> None:
    """Nothing leaves any more to a platform that is no longer trusted; staff or the platform resume it."""
    rows = await session.execute(_PAUSE_ALL, {"owner_id": owner_id})
    for subscription_id in rows.scalars().all():
        events.publish_changed(session, subscription_id, owner_id, ["state"])
