"""Deliveries in hand: taking the next ones, and writing down what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from notifications.webhooks.domain import DEAD_AFTER, DeliveryState, Outcome

# Longer than an attempt and writing down its outcome may take together; then another process takes the delivery.
LEASE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Attempt:
    """A delivery that was taken. `attempt` is the number under which its outcome is written down."""

    delivery_id: UUID
    subscription_id: UUID
    attempt: int
    tries: int
    message_id: str
    payload: str
    target_address: str
    secret: bytes
    previous_secret: bytes | None


# Each subscription gets no more than it has room for: one that is slow or has thousands waiting leaves the others
# what they need. FOR UPDATE lets several processes share the work.
_CLAIM = sa.text(
    """
    WITH due AS (
        SELECT d.id FROM (SELECT id FROM webhook_subscriptions WHERE state = 'ACTIVE' ORDER BY random()) s
        LEFT JOIN unnest(CAST(:busy AS uuid[]), CAST(:rooms AS int[])) AS b(id, room) ON b.id = s.id
        CROSS JOIN LATERAL (
            SELECT p.id FROM webhook_deliveries p
            WHERE p.subscription_id = s.id AND p.state = 'PENDING' AND p.next_attempt_time <= now()
            ORDER BY p.next_attempt_time LIMIT coalesce(b.room, :room) FOR UPDATE SKIP LOCKED
        ) d
        LIMIT :limit
    )
    UPDATE webhook_deliveries d SET attempt_count = d.attempt_count + 1, tries = d.tries + 1,
        next_attempt_time = now() + :lease * interval '1 second'
    FROM due, webhook_subscriptions s, webhook_events e
    WHERE d.id = due.id AND s.id = d.subscription_id AND e.owner_id = d.owner_id AND e.sequence = d.sequence
    RETURNING d.id, d.subscription_id, d.attempt_count, d.tries, e.message_id, e.payload, s.target_address,
        s.secret, CASE WHEN s.previous_until > now() THEN s.previous_secret END
    """
)
# Whoever delivered it: it has arrived.
_DELIVERED = sa.text(
    "UPDATE webhook_deliveries SET state = 'DELIVERED', last_status = :status, last_error = '',"
    " deliver_time = now(), next_attempt_time = NULL WHERE id = :id AND state = 'PENDING'"
)
_WELL = sa.text(
    "UPDATE webhook_subscriptions SET failing_since = NULL, last_error = ''"
    " WHERE id = :id AND failing_since IS NOT NULL"
)
_FAILED = sa.text(
    "UPDATE webhook_deliveries SET state = :state, last_status = :status, last_error = :error,"
    " next_attempt_time = CASE WHEN :state = 'PENDING' THEN now() + :delay * interval '1 second' END"
    " WHERE id = :id AND attempt_count = :attempt AND state = 'PENDING' RETURNING 1"
)
_ILL = sa.text(
    """
    UPDATE webhook_subscriptions SET last_error = :error, failing_since = coalesce(failing_since, now())
    WHERE id = :id AND state = 'ACTIVE'
    """
)
_DISABLE = sa.text(
    """
    UPDATE webhook_subscriptions SET state = 'DISABLED', disable_time = now(), version = version + 1
    WHERE id = :id AND state = 'ACTIVE' AND (:gone OR failing_since <= now() - :dead)
    RETURNING owner_id
    """
).bindparams(sa.bindparam("dead", type_=sa.Interval))


async def claim(
    connection: AsyncConnection, *, rooms: Mapping[UUID, int], room: int, limit: int
) -> list[Attempt]:
    """What is due, leased to this process: at most `room` of a subscription, or what `rooms` says of it."""
    given = {
        "busy": list(rooms),
        "rooms": list(rooms.values()),
        "room": room,
        "limit": limit,
        "lease": LEASE_SECONDS,
    }
    return [Attempt(*row) for row in await connection.execute(_CLAIM, given)]


async def record(session: AsyncSession, attempt: Attempt, outcome: Outcome) -> UUID | None:
    """Write the outcome down; the owner of the subscription when this disabled it. A failure that another
    process has overtaken is forgotten."""
    connection = await session.connection()
    subscription = {"id": attempt.subscription_id}
    if outcome.state is DeliveryState.DELIVERED:
        await connection.execute(_DELIVERED, {"id": attempt.delivery_id, "status": outcome.status})
        await connection.execute(_WELL, subscription)
        return None
    given = {
        "id": attempt.delivery_id,
        "attempt": attempt.attempt,
        "state": outcome.state.value,
        "status": outcome.status,
        "error": outcome.error,
        "delay": outcome.delay,
    }
    if (await connection.execute(_FAILED, given)).first() is None:
        return None
    await connection.execute(_ILL, subscription | {"error": outcome.error})
    if not outcome.gone and outcome.state is not DeliveryState.FAILED:
        return None
    dead = {"gone": outcome.gone, "dead": DEAD_AFTER}
    found: UUID | None = (await connection.execute(_DISABLE, subscription | dead)).scalar_one_or_none()
    return found
