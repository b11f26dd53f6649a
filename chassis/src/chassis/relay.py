# ruff: noqa: S608  # every statement here is put together from constants only
"""Publishes the outbox: one active relay per database, in order, at least once with the same message id."""

from __future__ import annotations

import asyncio
import datetime
import json
import time
from typing import Any

from nats.aio.client import Client as NatsClient
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis import broker, crash, db, metrics, outbox
from chassis.broker import Publisher, RefusedMessage
from chassis.logs import log

BATCH = 200
POLL_SECONDS = 0.05
# After a batch of so many, wait a little for more: one SELECT and UPDATE then serve many events under load. After
# fewer, shorter in proportion: some tens per second are each on their way within milliseconds, one alone at once.
LINGER_SECONDS, LINGER_FOR = 0.05, 4
KEEP_DAYS = 7
MAX_ATTEMPTS = 20
# Positions that one statement of `reconcile` looks at: it locks its rows for a moment only.
STEP = 10_000
_LOCK = 0x72656C6179
# Only a plain index scan marks the entries of published rows, to pass them by the next time. A bitmap, which is
# preferred while the outbox is small, reads all of them again until the next vacuum.
_PLAIN = "SET enable_bitmapscan = off; SET enable_seqscan = off"
_SELECT = (
    "SELECT position, subject, payload, headers::text AS headers, attempts, coalesce(next_attempt_time > now(), false)"
    f" AS waiting FROM outbox WHERE publish_time IS NULL AND attempts < {MAX_ATTEMPTS} ORDER BY position LIMIT {BATCH}"
)
_MARK = "UPDATE outbox SET publish_time = now() WHERE position = ANY($1::bigint[])"
_FAIL = (
    "UPDATE outbox SET attempts = attempts + 1, last_error = $2, next_attempt_time = now() + $3 * interval '1 second'"
    " WHERE position = $1"
)
_PURGE = (
    "DELETE FROM outbox WHERE position IN (SELECT position FROM outbox"
    f" WHERE publish_time < now() - interval '{KEEP_DAYS} days' LIMIT 1000)"
)
_BACKLOG = (
    "SELECT count(*) FILTER (WHERE attempts < $1) AS pending, count(*) FILTER (WHERE attempts >= $1) AS parked,"
    " coalesce(extract(epoch FROM now() - min(create_time)), 0)::float AS oldest FROM outbox WHERE publish_time IS NULL"
)
_AGAIN = (
    "UPDATE outbox SET publish_time = NULL, attempts = 0, next_attempt_time = NULL WHERE position >= $1"
    f" AND position < $2 AND (publish_time >= $3 OR (publish_time IS NULL AND attempts >= {MAX_ATTEMPTS}))"
)


class Relay:
    """`run` until `stop`. `source` is the owning service, e.g. "orders"."""

    def __init__(self, engine: AsyncEngine, nats: NatsClient, source: str, *, replicas: int = 1) -> None:
        self._engine = engine
        self._nc = nats
        self._source = source
        self._replicas = replicas
        self._wake = asyncio.Event()
        self._stopping = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._next_chores = 0.0

    def nudge(self) -> None:
        """There is something new: do not wait for the next poll."""
        self._wake.set()

    async def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        await self._idle.wait()

    async def run(self) -> None:
        self._stopping = False
        self._idle.clear()
        try:
            while not self._stopping:
                try:
                    await self._lead()
                except Exception as error:
                    log.warning("relay interrupted", error=repr(error))
                    await self._pause(0.5)
        finally:
            self._idle.set()

    async def _lead(self) -> None:
        pg = await db.dedicated(self._engine)
        await pg.execute(_PLAIN)
        publisher = Publisher(self._nc)
        try:
            while not self._stopping and not await pg.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
                await self._pause(1.0)
            outbox.nudges.add(self.nudge)  # not before: who waits for the lead has nothing to publish
            if not self._stopping:
                await broker.ensure_stream(self._nc.jetstream(), self._source, replicas=self._replicas)
            while not self._stopping:
                self._wake.clear()
                seen, published = await self._pass(pg, publisher)
                if seen < BATCH:
                    await asyncio.sleep(LINGER_SECONDS * min(1, published / LINGER_FOR))
                    await self._pause(POLL_SECONDS)
                if time.monotonic() > self._next_chores:
                    await self._chores(pg)
        finally:
            outbox.nudges.discard(self.nudge)
            await publisher.close()
            await pg.close(timeout=2)

    async def _pass(self, pg: Any, publisher: Publisher) -> tuple[int, int]:
        """Rows seen and published. A row that waits for its next attempt holds back everything behind it."""
        rows = []
        for row in await pg.fetch(_SELECT):
            if row["waiting"]:
                break
            rows.append(row)
        if not rows:
            return 0, 0
        crash.point("relay.before_publish")
        outcomes = await publisher.publish(
            [(row["subject"], row["payload"], json.loads(row["headers"])) for row in rows]
        )
        crash.point("relay.after_publish_before_mark")
        stored = [row["position"] for row, outcome in zip(rows, outcomes, strict=True) if outcome is None]
        if stored:
            await pg.execute(_MARK, stored)
            metrics.EVENTS_PUBLISHED.inc(len(stored))
        for row, outcome in zip(rows, outcomes, strict=True):
            if isinstance(outcome, RefusedMessage):
                await self._failed(pg, row, outcome)
                break
            if outcome is not None:  # the broker is away: that is nobody's fault and never parks a row
                raise outcome
        return len(rows), len(stored)

    async def _failed(self, pg: Any, row: Any, error: Exception) -> None:
        delay = min(0.05 * 2 ** row["attempts"], 5.0)
        await pg.execute(_FAIL, row["position"], str(error)[:500], delay)
        parked = row["attempts"] + 1 >= MAX_ATTEMPTS
        write = log.error if parked else log.warning
        write("event refused", position=row["position"], parked=parked, error=str(error))

    async def _chores(self, pg: Any) -> None:
        self._next_chores = time.monotonic() + 5
        row = await pg.fetchrow(_BACKLOG, MAX_ATTEMPTS)
        metrics.OUTBOX_PENDING.set(row["pending"])
        metrics.OUTBOX_PARKED.set(row["parked"])
        metrics.OUTBOX_OLDEST.set(row["oldest"])
        await pg.execute(_PURGE)

    async def _pause(self, seconds: float) -> None:
        """Until nudged, stopped, or `seconds` later."""
        timer = asyncio.get_running_loop().call_later(seconds, self._wake.set)
        await self._wake.wait()
        timer.cancel()
        self._wake.clear()


async def backlog(engine: AsyncEngine) -> dict[str, float]:
    """pending, parked, oldest (seconds)."""
    pg = await db.dedicated(engine)
    try:
        return dict(await pg.fetchrow(_BACKLOG, MAX_ATTEMPTS))
    finally:
        await pg.close()


async def reconcile(engine: AsyncEngine, since: datetime.datetime) -> int:
    """Publish again, with the same message ids, what was published since then, and what was parked.

    For a stream that was lost or restored from an older copy; consumers recognise what they already applied.
    """
    pg = await db.dedicated(engine)
    try:
        total = 0
        first, last = await pg.fetchrow("SELECT coalesce(min(position), 0), max(position) FROM outbox")
        for start in range(first, (last or -1) + 1, STEP):
            done = await pg.execute(_AGAIN, start, start + STEP, since)
            total += int(str(done).split()[-1])
        return total
    finally:
        await pg.close()
