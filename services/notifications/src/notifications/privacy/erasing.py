"""Empties mails: that one was sent and when stays, to whom and what it said does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from chassis.db import Sessions
from notifications.privacy.client import Item

BATCH = 500
_SENT = "that a mail was sent, and when, for what it may have to prove (GDPR art. 5(2)); not to whom, nor what it said"
_FEED = (
    "what a care platform was told under its own ids, or the vendor's own systems under ours; no names;"
    " deleted after 400 days"
)

# A recipient of its own keeps two erased mails of one cause apart. What waits is not sent any more; what is just being
# sent ends as it ends.
_EMPTY = """
    UPDATE mails SET recipient = 'erased-' || id, subject = '', text = '', html = '', last_error = '',
        erase_time = now(), erasure_id = coalesce(CAST(:erasure_id AS uuid), erasure_id),
        state = CASE WHEN state = 'PENDING' THEN 'FAILED' ELSE state END,
        next_attempt_time = CASE WHEN state = 'PENDING' THEN NULL ELSE next_attempt_time END
    WHERE id = ANY(ARRAY(SELECT id FROM mails WHERE erase_time IS NULL AND {mine} LIMIT {batch} FOR UPDATE))"""
# Of the whole account what was about it, and all mails to persons who are nowhere else. Each by an index of its own.
_ACCOUNT = ("account_id = :account_id",)
_PERSONS = (
    "person_id = ANY(CAST(:persons AS uuid[]))",
    "lower(recipient) = ANY(CAST(:emails AS text[]))",
)
# A person who stays known to us: only the mails about this account.
_MEMBER = (
    "account_id = :account_id AND (person_id = :person_id OR lower(recipient) = ANY(CAST(:emails AS text[])))",
)
_ENDED = "forget_when_sent AND state IN ('SENT', 'FAILED', 'UNKNOWN')"
_SENT_ONCE = sa.text(_EMPTY.format(mine=_ENDED, batch=BATCH))
# Mails to others that name the person: they still reach whom they are for, and are emptied then.
_NEXT = sa.text(
    "SELECT id FROM mails WHERE account_id = :account_id AND id > :after ORDER BY id LIMIT :batch"
)
_TO_OTHERS = sa.text(
    """
    UPDATE mails SET forget_when_sent = true, erasure_id = :erasure_id
    WHERE id = ANY(CAST(:ids AS uuid[])) AND erase_time IS NULL AND NOT forget_when_sent
        AND (:person_id = ANY(named_ids) OR EXISTS (
            SELECT FROM unnest(CAST(:emails AS text[])) AS address WHERE position(address IN lower(text)) > 0))"""
)
# Ids and states, kept for 30 days: nobody is left to read them.
_LIVE_FEED = sa.text("DELETE FROM feed_entries WHERE account_id = :account_id")
_COUNT = sa.text("SELECT count(*) FROM mails WHERE erasure_id = :erasure_id")


@dataclass(frozen=True, slots=True)
class Scope:
    """Without `person_id` everything of the account. `erased`: persons who are nowhere else. `emails` in lower case."""

    erasure_id: UUID
    account_id: UUID
    person_id: UUID | None
    erased: tuple[UUID, ...]
    emails: tuple[str, ...]


async def erase(sessions: Sessions, scope: Scope) -> None:
    """In batches that each commit; also again, for what was still being written when it was done first."""
    given = {
        "erasure_id": scope.erasure_id,
        "account_id": scope.account_id,
        "person_id": scope.person_id,
        "persons": list(scope.erased),
        "emails": list(scope.emails),
    }
    conditions = [*(_ACCOUNT if scope.person_id is None else _MEMBER), *(_PERSONS if scope.erased else ())]
    if scope.person_id is None:
        async with sessions.begin() as session:
            await session.execute(_LIVE_FEED, {"account_id": scope.account_id})
    else:
        await _mark_others(sessions, given)
        conditions.append(f"erasure_id = :erasure_id AND {_ENDED}")
    for mine in conditions:
        statement = sa.text(_EMPTY.format(mine=mine, batch=BATCH))
        while True:
            async with sessions.begin() as session:
                done = await (await session.connection()).execute(statement, given)
            if done.rowcount < BATCH:
                break


async def _mark_others(sessions: Sessions, given: dict[str, Any]) -> None:
    """Along the account's mails, so that no statement has to read all their texts."""
    after = UUID(int=0)
    while True:
        async with sessions.begin() as session:
            span = {"account_id": given["account_id"], "after": after, "batch": BATCH}
            found = (await session.execute(_NEXT, span)).scalars().all()
            if not found:
                return
            names = ("erasure_id", "person_id", "emails")
            await session.execute(_TO_OTHERS, {"ids": list(found)} | {name: given[name] for name in names})
        after = found[-1]


async def forget_sent(sessions: Sessions) -> None:
    """Mails that were to be forgotten once they had been sent, or could not be."""
    async with sessions.begin() as session:
        await session.execute(_SENT_ONCE, {"erasure_id": None})


async def counted(sessions: Sessions, scope: Scope) -> tuple[list[Item], list[Item]]:
    """What was erased and what is kept, as the rows themselves say it."""
    async with sessions() as session:
        count = (await session.execute(_COUNT, {"erasure_id": scope.erasure_id})).scalar_one()
    erased = [Item(subject="recipients, subjects and texts of mails", count=count)]
    kept = [Item(subject="marks of mails that were sent", count=count, kept_because=_SENT)]
    if scope.person_id is None:
        kept.append(Item(subject="events in webhook feeds", count=1, kept_because=_FEED))
    return [item for item in erased if item.count], [item for item in kept if item.count]
