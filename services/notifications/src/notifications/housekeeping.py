"""Deletes what has served its time: webhook events, entries of feeds, former secrets, the texts of old mails."""

from __future__ import annotations

import asyncio
import datetime
from uuid import UUID

import sqlalchemy as sa

from chassis.db import Sessions
from chassis.logs import log

EVERY_SECONDS = 3600.0
BATCH = 1000
# What the contract promises to receivers that catch up.
EVENT_DAYS = 400
_EVENTS = sa.text(
    "DELETE FROM webhook_events WHERE ctid = ANY(ARRAY(SELECT ctid FROM webhook_events"
    " WHERE create_time < now() - :days * interval '1 day' LIMIT :batch FOR UPDATE SKIP LOCKED))"
)
# What the contract of live feeds promises.
FEED_DAYS = 30
# The oldest first, so that no number is missing between two that are left.
_FEEDS = sa.text(
    "DELETE FROM feed_entries WHERE ctid = ANY(ARRAY(SELECT ctid FROM feed_entries"
    " WHERE create_time < now() - :days * interval '1 day' ORDER BY create_time, sequence LIMIT :batch"
    " FOR UPDATE SKIP LOCKED))"
)
_SECRETS = sa.text(
    "UPDATE webhook_subscriptions SET previous_secret = NULL, previous_until = NULL WHERE previous_until < now()"
)
# Along the ids, which grow with time: no index of its own, and nothing is looked at twice.
_NEXT_MAILS = sa.text("SELECT id FROM mails WHERE id > :after AND id < :bound ORDER BY id LIMIT :batch")
_TEXTS = sa.text(
    "UPDATE mails SET subject = '', text = '', html = ''"
    " WHERE id = ANY(CAST(:ids AS uuid[])) AND state NOT IN ('PENDING', 'SENDING')"
    " AND (subject <> '' OR text <> '' OR html <> '')"  # a start looks at all of them again
)
_START = UUID(int=0)


class Housekeeping:
    """A background task; harmless to run in every replica."""

    def __init__(self, sessions: Sessions, *, mail_text_days: int) -> None:
        self._sessions = sessions
        self._mail_text_days = mail_text_days
        self._mails_done = _START
        self._stop = asyncio.Event()

    async def stop(self) -> None:
        self._stop.set()

    async def run(self) -> None:
        self._stop.clear()
        while not self._stop.is_set():
            try:
                await self.purge()
            except Exception as error:
                log.warning("housekeeping failed", error=repr(error))
            try:
                await asyncio.wait_for(self._stop.wait(), EVERY_SECONDS)
            except TimeoutError:
                continue

    async def purge(self) -> None:
        """In small batches; deliveries go with their events."""
        for statement, days in ((_EVENTS, EVENT_DAYS), (_FEEDS, FEED_DAYS)):
            while await self._purge_old(statement, days) == BATCH:
                continue
        async with self._sessions.begin() as session:
            await session.execute(_SECRETS)
        while await self._purge_texts() == BATCH:
            continue

    async def _purge_old(self, statement: sa.TextClause, days: int) -> int:
        async with self._sessions.begin() as session:
            given = {"days": days, "batch": BATCH}
            return (await (await session.connection()).execute(statement, given)).rowcount

    async def _purge_texts(self) -> int:
        """That a mail was sent, to whom and when, stays; what it said does not."""
        now = datetime.datetime.now(datetime.UTC)
        bound = _first_id(now - datetime.timedelta(days=self._mail_text_days))
        async with self._sessions.begin() as session:
            connection = await session.connection()
            span = {"after": self._mails_done, "bound": bound, "batch": BATCH}
            found = (await connection.execute(_NEXT_MAILS, span)).scalars().all()
            if found:
                await connection.execute(_TEXTS, {"ids": list(found)})
        if found:
            self._mails_done = found[-1]
        return len(found)


def _first_id(instant: datetime.datetime) -> UUID:
    """Below every UUIDv7 (RFC 9562) made from this instant on."""
    return UUID(int=int(instant.timestamp() * 1000) << 80)
