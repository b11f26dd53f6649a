"""Writes what happened into the feeds of its owners, and a delivery for each subscription that wants it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.ids import new_id
from notifications.webhooks.facts import Fact

_SUBSCRIPTIONS = sa.text(
    "SELECT id, owner_id, event_types FROM webhook_subscriptions"
    " WHERE owner_id = ANY(CAST(:owners AS uuid[])) ORDER BY id"
)
# Owners in one order, so that two batches never wait for one another.
_COUNT = sa.text(
    """
    INSERT INTO webhook_feeds AS f (owner_id, last_sequence)
    SELECT owner_id, count FROM unnest(CAST(:owners AS uuid[]), CAST(:counts AS bigint[])) AS n(owner_id, count)
    ORDER BY owner_id
    ON CONFLICT (owner_id) DO UPDATE SET last_sequence = f.last_sequence + excluded.last_sequence
    RETURNING owner_id, last_sequence
    """
)
_EVENTS = sa.text(
    """
    INSERT INTO webhook_events (owner_id, sequence, message_id, event_type, occur_time, payload)
    SELECT * FROM unnest(CAST(:owners AS uuid[]), CAST(:sequences AS bigint[]), CAST(:message_ids AS text[]),
        CAST(:types AS text[]), CAST(:times AS timestamptz[]), CAST(:payloads AS text[]))
    """
)
_DELIVERIES = sa.text(
    """
    INSERT INTO webhook_deliveries (id, subscription_id, owner_id, sequence, state, next_attempt_time)
    SELECT id, subscription_id, owner_id, sequence, 'PENDING', now()
    FROM unnest(CAST(:ids AS uuid[]), CAST(:subscriptions AS uuid[]), CAST(:owners AS uuid[]),
        CAST(:sequences AS bigint[])) AS d(id, subscription_id, owner_id, sequence)
    """
)
Subscribers = dict[UUID, list[tuple[UUID, frozenset[str]]]]


async def subscribers(session: AsyncSession, owners: Sequence[UUID]) -> Subscribers:
    """(subscription, the event types it wants or nothing for all) of each owner that has any, whatever their
    states: what happens while one is paused is delivered when it is resumed."""
    rows = await (await session.connection()).execute(_SUBSCRIPTIONS, {"owners": list(owners)})
    found: Subscribers = defaultdict(list)
    for row in rows:
        found[row.owner_id].append((row.id, frozenset(row.event_types)))
    return dict(found)


async def append(session: AsyncSession, facts: Sequence[Fact], wanted: Subscribers) -> int:
    """Number the facts, in the order given, and write them; the number of deliveries that became due.

    The counters stay locked until the commit: whoever reads up to a number has read everything below it."""
    numbers = await _numbers(session, facts)
    columns: dict[str, list[Any]] = defaultdict(list)
    due: dict[str, list[Any]] = defaultdict(list)
    for fact in facts:
        sequence = numbers[fact.owner_id]
        numbers[fact.owner_id] += 1
        columns["owners"].append(fact.owner_id)
        columns["sequences"].append(sequence)
        columns["message_ids"].append(fact.message_id)
        columns["types"].append(fact.event_type)
        columns["times"].append(fact.occur_time)
        columns["payloads"].append(fact.payload(sequence))
        for subscription_id, types in wanted.get(fact.owner_id, ()):
            if not types or fact.event_type in types:
                due["ids"].append(new_id())
                due["subscriptions"].append(subscription_id)
                due["owners"].append(fact.owner_id)
                due["sequences"].append(sequence)
    connection = await session.connection()
    await connection.execute(_EVENTS, columns)
    if due:
        await connection.execute(_DELIVERIES, due)
    return len(due["ids"])


async def _numbers(session: AsyncSession, facts: Sequence[Fact]) -> dict[UUID, int]:
    """The first free number of each owner."""
    counts: dict[UUID, int] = defaultdict(int)
    for fact in facts:
        counts[fact.owner_id] += 1
    given = {"owners": list(counts), "counts": list(counts.values())}
    rows = await (await session.connection()).execute(_COUNT, given)
    return {row.owner_id: row.last_sequence - counts[row.owner_id] + 1 for row in rows}
