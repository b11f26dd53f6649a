"""Applies foreign events exactly once: the inbox row is written in the transaction of the effect.

Whatever has arrived, up to `batch` messages, shares one transaction; if that fails, each gets its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from google.protobuf.message import Message
from nats.aio.client import Client as NatsClient
from nats.aio.msg import Msg
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import context, crash, db, dead_letters, metrics, telemetry
from chassis.context import Request
from chassis.db import Sessions
from chassis.envelope import Meta, Unreadable, read
from chassis.errors import Kind, ServiceError
from chassis.logs import log
from chassis.pulling import Puller

Handler = Callable[
    ..., Awaitable[None]
]  # (session, event, meta) or, with prepare, (session, event, prepared)
HANDLER_SECONDS = 15  # less than the puller's ACK_WAIT
LINGER_SECONDS = 0.05
MAX_DELIVERIES = 6
BACKOFF = (0.2, 1.0, 2.0, 5.0, 10.0, 30.0)
_TRANSIENT = frozenset((Kind.UNAVAILABLE, Kind.DEADLINE_EXCEEDED, Kind.RESOURCE_EXHAUSTED, Kind.ABORTED))

RECORD = sa.text(
    "INSERT INTO inbox (consumer, message_id) SELECT :consumer, unnest(CAST(:ids AS uuid[]))"
    " ON CONFLICT DO NOTHING RETURNING message_id"
)


class Permanent(Exception):
    """Raised by a handler for an event that will never succeed: it goes to the dead letters at once."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What one durable consumer of a service does with one stream.

    `handler(session, event, meta)` runs in the transaction of the inbox row and must not call other services.
    `prepare(event, meta)`, if given, runs before it and may; then it is `handler(session, event, prepared)`.
    `handle_many(session, [(event, meta, prepared)])` replaces the handler where one statement can serve many.
    Without prepare, messages are applied in stream order; with it, `workers` batches run side by side.
    After a batch a worker waits `linger` seconds for more: one transaction then serves many events.
    `concerns(event)`: events for which it is false are acknowledged and leave no trace, not even in the inbox.
    """

    stream: str
    durable: str
    subjects: tuple[str, ...]
    handler: Handler | None = None
    workers: int = 4
    batch: int = 50
    linger: float = LINGER_SECONDS
    concerns: Callable[[Any], bool] | None = None
    prepare: Callable[[Message, Meta], Awaitable[Any]] | None = None
    handle_many: Callable[[AsyncSession, Sequence[tuple[Any, Meta, Any]]], Awaitable[None]] | None = None


@dataclass(slots=True)
class _Item:
    msg: Msg
    event: Message
    meta: Meta
    prepared: Any = None


async def apply(session: AsyncSession, subscription: Subscription, items: Sequence[Any]) -> int:
    """Record the items in the inbox and run the handler for the new ones; the number of those."""
    connection = await session.connection()
    found = await connection.execute(
        RECORD, {"consumer": subscription.durable, "ids": [item.meta.id for item in items]}
    )
    new = set(found.scalars())
    fresh = []
    for item in items:
        if item.meta.id in new:
            new.discard(item.meta.id)  # the same message twice in one batch counts once
            fresh.append(item)
    if subscription.handle_many is not None:
        if fresh:
            await subscription.handle_many(session, [(x.event, x.meta, x.prepared) for x in fresh])
        return len(fresh)
    assert subscription.handler is not None, "a subscription needs handler or handle_many"
    for item in fresh:
        context.enter(Request(request_id=str(item.meta.id), traceparent=item.meta.traceparent))
        third = item.meta if subscription.prepare is None else item.prepared
        with telemetry.span(item.meta.type, "consumer", item.meta.traceparent, link=True):
            await subscription.handler(session, item.event, third)
    return len(fresh)


class Consumer:
    """Runs one subscription until `stop`."""

    def __init__(self, sessions: Sessions, nats: NatsClient, subscription: Subscription) -> None:
        self._sessions = sessions
        self._sub = subscription
        self._puller = Puller(nats, subscription.stream, subscription.durable, subscription.subjects)
        self._idle = asyncio.Event()
        self._idle.set()

    async def stop(self) -> None:
        """Returns when the batches in flight are committed and acknowledged."""
        self._puller.stop()
        await self._idle.wait()

    async def run(self) -> None:
        self._puller.stopping.clear()
        self._idle.clear()
        workers = self._sub.workers if self._sub.prepare is not None else 1
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._puller.run())
                for _ in range(workers):
                    group.create_task(self._work())
        finally:
            await self._puller.hand_back()
            self._idle.set()

    async def _work(self) -> None:
        puller = self._puller
        while not puller.stopping.is_set():
            if not puller.queue:
                puller.arrived.clear()
                await puller.arrived.wait()
                continue
            batch = [puller.queue.popleft() for _ in range(min(len(puller.queue), self._sub.batch))]
            items = [item for msg in batch if (item := await self._read(msg)) is not None]
            if self._sub.concerns is not None:
                items = await self._concerning(items, self._sub.concerns)
            if items and self._sub.prepare is not None:
                items = await self._prepare(items)
            if items:
                await self._settle(items)
            if len(puller.queue) < self._sub.batch:
                await puller.pull()
                await asyncio.sleep(self._sub.linger if len(batch) < self._sub.batch else 0)

    async def _read(self, msg: Msg) -> _Item | None:
        try:
            event, meta = read(msg)
        except Unreadable as error:
            await self._set_aside(msg, None, error)
            return None
        return _Item(msg, event, meta)

    async def _concerning(self, items: list[_Item], concerns: Callable[[Any], bool]) -> list[_Item]:
        """What would change nothing is acknowledged without a transaction."""
        kept = []
        for item in items:
            if concerns(item.event):
                kept.append(item)
            else:
                await item.msg.ack()
        return kept

    async def _prepare(self, items: list[_Item]) -> list[_Item]:
        async def one(item: _Item) -> _Item | None:
            context.enter(Request(request_id=str(item.meta.id), traceparent=item.meta.traceparent))
            try:
                async with asyncio.timeout(HANDLER_SECONDS):
                    item.prepared = await self._sub.prepare(item.event, item.meta)  # type: ignore[misc]
            except Exception as error:
                await self._put_back(item, error)
                return None
            return item

        return [item for item in await asyncio.gather(*map(one, items)) if item is not None]

    async def _settle(self, items: list[_Item]) -> None:
        try:
            await self._commit(items)
        except Exception as error:
            if len(items) > 1 and db.unavailable(error) is None:
                for item in items:  # find the one that spoils the batch
                    await self._settle([item])
                return
            for item in items:
                await self._put_back(item, error)

    async def _commit(self, items: list[_Item]) -> None:
        async with asyncio.timeout(HANDLER_SECONDS), self._sessions.begin() as session:
            fresh = await apply(session, self._sub, items)
            crash.point("consumer.before_commit")
        crash.point("consumer.after_commit_before_ack")
        for item in items:
            await item.msg.ack()
        metrics.EVENTS_APPLIED.labels(self._sub.durable).inc(fresh)
        metrics.INBOX_DUPLICATES.labels(self._sub.durable).inc(len(items) - fresh)
        metrics.EVENT_LAG.labels(self._sub.durable).observe(items[0].meta.age())

    async def _put_back(self, item: _Item, error: Exception) -> None:
        deliveries = item.meta.deliveries
        if not transient(error) and (isinstance(error, Permanent) or deliveries >= MAX_DELIVERIES):
            await self._set_aside(item.msg, item.meta, error)
            return
        log.warning("event put back", consumer=self._sub.durable, deliveries=deliveries, error=repr(error))
        metrics.EVENTS_RETRIED.labels(self._sub.durable).inc()
        # BackOff of the consumer applies to missing acks, not to nak: the delay has to be in the nak.
        await item.msg.nak(delay=BACKOFF[min(deliveries, len(BACKOFF)) - 1])

    async def _set_aside(self, msg: Msg, meta: Meta | None, error: Exception) -> None:
        try:
            async with self._sessions.begin() as session:
                await dead_letters.add(session, self._sub.durable, msg, meta, error)
        except Exception as failure:
            log.warning("dead letter not written", consumer=self._sub.durable, error=repr(failure))
            await msg.nak(delay=BACKOFF[-1])
            return
        metrics.DEAD_LETTERS.labels(self._sub.durable).inc()
        log.error("event set aside", consumer=self._sub.durable, subject=msg.subject, exc_info=error)
        await msg.term()


def transient(error: BaseException) -> bool:
    """Errors of the surroundings, which pass; an event is never given up because of them."""
    if isinstance(error, ServiceError):
        return error.kind in _TRANSIENT
    return db.unavailable(error) is not None
