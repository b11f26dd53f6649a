"""Reading a feed as the caller may see it now."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import UUID

from chassis import context, ids
from chassis.context import Principal
from chassis.db import Sessions
from notifications.feeds import store
from notifications.feeds.errors import AccountNotFound, FeedGone
from notifications.feeds.ports import Access
from notifications.feeds.store import Entry

# Orders that are asked for at the same time, for those who may not see all of their account.
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Read:
    """`last_sequence`: the last number that was looked at, visible or not."""

    entries: list[Entry]
    last_sequence: int
    more: bool


async def list_entries(sessions: Sessions, access: Access, after: int | None, limit: int) -> Read:
    """Raises AccountNotFound (not the caller's any more), FeedGone."""
    who = context.principal()
    account_id = who.acts_for_account
    assert account_id is not None, "the access rule lets nobody else in"
    sees_all = await _sees_all(access, who, account_id)
    async with sessions() as session:
        last = await store.last_sequence(session, account_id)
        if after is None:
            return Read([], last, False)
        found = await store.entries_after(session, account_id, after, limit) if after < last else []
    _check_complete(found, after, last)
    visible = found if sees_all else await _visible(access, found)
    reached = found[-1].sequence if found else after
    return Read(visible, reached, reached < last)


async def _sees_all(access: Access, who: Principal, account_id: UUID) -> bool:
    """By the token and by what customers says now: who acts for a client acts for its community too, and an
    administrator is one still."""
    facts = await access.find_facts(account_id)
    if facts is None:
        raise AccountNotFound(account_id)
    kind, _ = who.effective_actor
    if kind == "CARE_WORKER":
        if facts.community_id is None or facts.community_id != ids.parse_id(who.details.get("community", "")):
            raise AccountNotFound(account_id)
        return False
    return kind != "PERSON" or (who.membership_role == "ADMINISTRATOR" and facts.role != "USER")


def _check_complete(found: list[Entry], after: int, last: int) -> None:
    """Numbers have no gaps: where one is missing, it was deleted in the meantime; or the number is of another feed."""
    if after > last or (after < last and not found):
        raise FeedGone(after)
    if [entry.sequence for entry in found] != list(range(after + 1, after + 1 + len(found))):
        raise FeedGone(after)


async def _visible(access: Access, found: list[Entry]) -> list[Entry]:
    """Orders decides on each order; budgets are seen by all who see the account."""
    order_ids = {entry.fact.order_id for entry in found if entry.fact.order_id is not None}
    turn = asyncio.Semaphore(_AT_ONCE)

    async def ask(order_id: UUID) -> tuple[UUID, bool]:
        async with turn:
            return order_id, await access.may_see_order(order_id)

    seen = dict(await asyncio.gather(*map(ask, order_ids)))
    return [entry for entry in found if entry.fact.order_id is None or seen[entry.fact.order_id]]
