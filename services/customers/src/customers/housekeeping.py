"""Deletes what has served its time: ended sessions, dead links, used codes, drained buckets, expired exports."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa

from chassis.db import Sessions
from chassis.logs import log
from customers.sessions.throttle import PURGE as BUCKETS

EVERY_SECONDS = 3600.0
# A day more than a family lives, so that an access token of an ended one is still recognised as such.
_OLD = "SELECT id FROM session_families WHERE expire_time < now() - interval '1 day' ORDER BY id LIMIT 1000"
PURGES = (
    sa.text(f"DELETE FROM refresh_tokens WHERE family_id IN ({_OLD})"),  # noqa: S608  # constants
    # Children first: a parent leaves in a later run.
    sa.text(
        f"DELETE FROM session_families f WHERE f.id IN ({_OLD})"  # noqa: S608  # constants
        " AND NOT EXISTS (SELECT 1 FROM session_families c WHERE c.parent_id = f.id)"
        " AND NOT EXISTS (SELECT 1 FROM refresh_tokens t WHERE t.family_id = f.id)"
    ),
    sa.text("DELETE FROM credential_requests WHERE expire_time < now() - interval '30 days'"),
    BUCKETS,
    sa.text("DELETE FROM seen_tokens WHERE expire_time < now()"),
    sa.text("DELETE FROM feed_tickets WHERE expire_time < now()"),
    sa.text("DELETE FROM handoffs WHERE expire_time < now() - interval '1 day'"),
    sa.text("DELETE FROM handoff_refusals WHERE occur_time < now() - interval '90 days'"),
    # What is no longer readable, and a month later that it was asked for.
    sa.text(
        "DELETE FROM data_export_parts WHERE export_id IN (SELECT id FROM data_exports WHERE expire_time < now())"
    ),
    sa.text("DELETE FROM data_exports WHERE expire_time < now() - interval '30 days'"),
    sa.text(
        "UPDATE erasures SET recipient_sealed = NULL"
        " WHERE recipient_sealed IS NOT NULL AND done_time < now() - interval '7 days'"
    ),
)


async def purge(sessions: Sessions) -> None:
    for statement in PURGES:
        async with sessions.begin() as session:
            await session.execute(statement)


class Housekeeping:
    """A background task; harmless to run in every replica."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._stop = asyncio.Event()

    async def stop(self) -> None:
        self._stop.set()

    async def run(self) -> None:
        self._stop.clear()
        while not self._stop.is_set():
            try:
                await purge(self._sessions)
            except Exception as error:
                log.warning("housekeeping failed", error=repr(error))
            try:
                await asyncio.wait_for(self._stop.wait(), EVERY_SECONDS)
            except TimeoutError:
                continue
