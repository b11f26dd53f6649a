"""The rows of digests. No commit; the database's clock alone says what is due, whatever those of replicas say."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.ids import new_id

# How long a process may take to write a digest before another one tries.
LEASE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Pace:
    """A digest comes when nothing changed for `quiet_seconds`, but at the latest `every_seconds` after the first change
    that it tells, and never sooner than that after the mail before it."""

    quiet_seconds: float
    every_seconds: float


@dataclass(frozen=True, slots=True)
class Due:
    order_id: UUID
    side: str
    account_id: UUID
    cause_id: UUID


_DUE_TIME = """greatest(
            coalesce({told} + :every * interval '1 second', '-infinity'),
            least(now() + :quiet * interval '1 second', {since} + :every * interval '1 second'))"""
_CHANGED = sa.text(
    f"""
    INSERT INTO sheet_digests AS d
        (order_id, side, account_id, cause_id, last_revision, told_revision, waiting_since, due_time)
    VALUES (:order_id, :side, :account_id, :cause_id, :revision, 0, now(),
        {_DUE_TIME.format(told="CAST(NULL AS timestamptz)", since="now()")})
    ON CONFLICT (order_id, side) DO UPDATE SET
        last_revision = excluded.last_revision,
        waiting_since = coalesce(d.waiting_since, now()),
        due_time = {_DUE_TIME.format(told="d.told_time", since="coalesce(d.waiting_since, now())")}
    WHERE d.last_revision < excluded.last_revision AND d.told_revision < excluded.last_revision
    """  # noqa: S608  # constants
)
# What another process wrote already of later changes waits on.
_TOLD = sa.text(
    """
    INSERT INTO sheet_digests AS d
        (order_id, side, account_id, cause_id, last_revision, told_revision, told_time)
    VALUES (:order_id, :side, :account_id, :cause_id, :revision, :revision, now())
    ON CONFLICT (order_id, side) DO UPDATE SET cause_id = excluded.cause_id, told_time = now(),
        last_revision = greatest(d.last_revision, excluded.last_revision),
        told_revision = greatest(d.told_revision, excluded.told_revision),
        waiting_since = CASE WHEN d.last_revision > excluded.last_revision THEN d.waiting_since END,
        due_time = CASE WHEN d.last_revision > excluded.last_revision AND d.due_time IS NOT NULL
            THEN greatest(d.due_time, now() + :every * interval '1 second') END
    """
)
_END = sa.text("DELETE FROM sheet_digests WHERE order_id = :order_id")
_CLAIM = sa.text(
    """
    UPDATE sheet_digests SET due_time = now() + :lease * interval '1 second'
    WHERE (order_id, side) IN (
        SELECT order_id, side FROM sheet_digests WHERE due_time <= now()
        ORDER BY due_time LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING order_id, side, account_id, cause_id
    """
)
# Changes that came after what the digest tells wait for the next one.
_DONE = sa.text(
    """
    UPDATE sheet_digests SET cause_id = :next_cause_id, told_revision = greatest(told_revision, :revision),
        told_time = CASE WHEN :mailed THEN now() ELSE told_time END,
        waiting_since = CASE WHEN last_revision > :revision THEN now() END,
        due_time = CASE WHEN last_revision > :revision THEN now() + :wait * interval '1 second' END
    WHERE order_id = :order_id AND side = :side AND cause_id = :cause_id
    """
)


async def changed(
    session: AsyncSession, order_id: UUID, account_id: UUID, side: str, revision: int, pace: Pace
) -> None:
    """The side has to learn of everything up to this revision."""
    given = {
        "order_id": order_id,
        "account_id": account_id,
        "side": side,
        "revision": revision,
        "cause_id": new_id(),
        "quiet": pace.quiet_seconds,
        "every": pace.every_seconds,
    }
    await session.execute(_CHANGED, given)


async def told(
    session: AsyncSession, order_id: UUID, account_id: UUID, side: str, revision: int, pace: Pace
) -> None:
    """Another mail tells the side everything up to this revision; a digest that is being written is none any more."""
    given = {
        "order_id": order_id,
        "account_id": account_id,
        "side": side,
        "revision": revision,
        "cause_id": new_id(),
        "every": pace.every_seconds,
    }
    await session.execute(_TOLD, given)


async def end(session: AsyncSession, order_id: UUID) -> None:
    """Nothing more is to be told of this sheet."""
    await session.execute(_END, {"order_id": order_id})


async def claim(session: AsyncSession, limit: int) -> list[Due]:
    rows = await session.execute(_CLAIM, {"lease": LEASE_SECONDS, "limit": limit})
    return [Due(row.order_id, row.side, row.account_id, row.cause_id) for row in rows]


async def done(session: AsyncSession, due: Due, revision: int, pace: Pace, *, mailed: bool) -> bool:
    """Whether this digest is still to be told, and by nobody else: then it is told with this transaction."""
    given = {
        "order_id": due.order_id,
        "side": due.side,
        "cause_id": due.cause_id,
        "next_cause_id": new_id(),
        "revision": revision,
        "mailed": mailed,
        "wait": pace.every_seconds if mailed else pace.quiet_seconds,
    }
    connection = await session.connection()
    return bool((await connection.execute(_DONE, given)).rowcount)
