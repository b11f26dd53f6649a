"""Events that could not be applied, kept with everything needed to apply them later."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from nats.aio.msg import Msg
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import broker, envelope, ids
from chassis.db import Sessions
from chassis.envelope import Meta

if TYPE_CHECKING:
    from chassis.consumer import Subscription

_ADD = sa.text(
    "INSERT INTO dead_letters (id, consumer, message_id, subject, payload, headers, deliveries, error) VALUES"
    " (:id, :consumer, :message_id, :subject, :payload, CAST(:headers AS jsonb), :deliveries, :error)"
)
_LIST = sa.text(
    "SELECT id, consumer, message_id, subject, deliveries, error, create_time FROM dead_letters"
    " WHERE replay_time IS NULL ORDER BY id LIMIT :limit"
)
_GET = sa.text(
    "SELECT consumer, subject, payload, headers, deliveries FROM dead_letters"
    " WHERE id = :id AND replay_time IS NULL FOR UPDATE"
)
_DONE = sa.text("UPDATE dead_letters SET replay_time = now() WHERE id = :id")


@dataclass(frozen=True, slots=True)
class _Item:
    event: Any
    meta: Meta
    prepared: Any


async def add(session: AsyncSession, consumer: str, msg: Msg, meta: Meta | None, error: Exception) -> None:
    row = {
        "id": ids.new_id(),
        "consumer": consumer,
        "message_id": meta.id if meta is not None else None,
        "subject": msg.subject,
        "payload": msg.data,
        "headers": json.dumps(dict(msg.headers or {})),
        "deliveries": meta.deliveries if meta is not None else 1,
        "error": f"{type(error).__name__}: {error}"[:2000].replace("\x00", ""),
    }
    await session.execute(_ADD, row)


async def waiting(sessions: Sessions, limit: int = 100) -> list[dict[str, Any]]:
    """The oldest dead letters not yet replayed."""
    async with sessions() as session:
        return [dict(row) for row in (await session.execute(_LIST, {"limit": limit})).mappings()]


async def replay(sessions: Sessions, subscriptions: Sequence[Subscription], letter: UUID) -> bool:
    """Run the handler again through the inbox; the row stays, with its replay_time, if that succeeds.

    False when there is no such letter waiting. Raises what the handler raises, LookupError when this
    service no longer has the subscription.
    """
    from chassis.consumer import apply

    async with sessions.begin() as session:
        row = (await session.execute(_GET, {"id": letter})).mappings().first()
        if row is None:
            return False
        # A durable name belongs to a stream: another one may have the same.
        wanted = (row["consumer"], broker.stream_name(row["subject"].split(".")[1]))
        subscription = next((s for s in subscriptions if (s.durable, s.stream) == wanted), None)
        if subscription is None:
            raise LookupError(f"no subscription {' of '.join(wanted)}")
        headers = row["headers"]
        headers = json.loads(headers) if isinstance(headers, str) else headers
        event, meta = envelope.parse(row["subject"], row["payload"], headers, row["deliveries"])
        # The one place that calls others within a transaction: by hand, one at a time, holding one own row.
        prepared = await subscription.prepare(event, meta) if subscription.prepare is not None else None
        await apply(session, subscription, [_Item(event, meta, prepared)])
        await session.execute(_DONE, {"id": letter})
    return True
