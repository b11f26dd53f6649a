"""Appending to the feeds of accounts and reading them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from notifications.feeds.facts import Fact

# Accounts in one order, so that two batches never wait for one another.
_COUNT = sa.text(
    """
    INSERT INTO account_feeds AS f (account_id, last_sequence)
    SELECT account_id, count
    FROM unnest(CAST(:accounts AS uuid[]), CAST(:counts AS bigint[])) AS n(account_id, count) ORDER BY account_id
    ON CONFLICT (account_id) DO UPDATE SET last_sequence = f.last_sequence + excluded.last_sequence
    RETURNING account_id, last_sequence
    """
)
_ADD = sa.text(
    """
    INSERT INTO feed_entries (account_id, sequence, entry_type, occur_time, order_id, budget_id, state)
    SELECT * FROM unnest(CAST(:accounts AS uuid[]), CAST(:sequences AS bigint[]), CAST(:types AS text[]),
        CAST(:times AS timestamptz[]), CAST(:orders AS uuid[]), CAST(:budgets AS uuid[]), CAST(:states AS text[]))
    """
)
_LAST = sa.text("SELECT last_sequence FROM account_feeds WHERE account_id = :account_id")
_AFTER = sa.text(
    "SELECT sequence, entry_type, occur_time, order_id, budget_id, state FROM feed_entries"
    " WHERE account_id = :account_id AND sequence > :after ORDER BY sequence LIMIT :limit"
)


@dataclass(frozen=True, slots=True)
class Entry:
    sequence: int
    fact: Fact


async def append(session: AsyncSession, facts: Sequence[Fact]) -> list[Entry]:
    """Number the facts, in the order given, and write them.

    The counters stay locked until the commit: whoever reads up to a number has read everything below it."""
    counts: dict[UUID, int] = defaultdict(int)
    for fact in facts:
        counts[fact.account_id] += 1
    connection = await session.connection()
    given = {"accounts": list(counts), "counts": list(counts.values())}
    rows = await connection.execute(_COUNT, given)
    numbers = {row.account_id: row.last_sequence - counts[row.account_id] for row in rows}
    entries = []
    for fact in facts:
        numbers[fact.account_id] += 1
        entries.append(Entry(numbers[fact.account_id], fact))
    columns: dict[str, list[Any]] = {
        "accounts": [one.account_id for one in facts],
        "sequences": [entry.sequence for entry in entries],
        "types": [one.entry_type for one in facts],
        "times": [one.occur_time for one in facts],
        "orders": [one.order_id for one in facts],
        "budgets": [one.budget_id for one in facts],
        "states": [one.state for one in facts],
    }
    await connection.execute(_ADD, columns)
    return entries


async def last_sequence(session: AsyncSession, account_id: UUID) -> int:
    """0 when nothing was ever told."""
    return int(await session.scalar(_LAST, {"account_id": account_id}) or 0)


async def entries_after(session: AsyncSession, account_id: UUID, after: int, limit: int) -> list[Entry]:
    """Oldest first."""
    given = {"account_id": account_id, "after": after, "limit": limit}
    rows = await session.execute(_AFTER, given)
    return [
        Entry(
            row.sequence,
            Fact(account_id, row.entry_type, row.occur_time, row.order_id, row.budget_id, row.state),
        )
        for row in rows
    ]
