"""Messages about orders, and where parcels could be followed: handed in for an export, and emptied.

A person's are those the person wrote, and those on orders that the person made. Others are named by their id only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from chassis.db import Sessions
from orders.privacy import paging
from orders.privacy.paging import PAGE, typed
from orders.privacy.statements import BATCH

_OWN = "(o.owner_kind = 'PERSON' AND o.owner_id = :person)"
_MINE = f"o.account_id = :account_id AND (:person = '' OR m.author_id = :person OR {_OWN})"
_NAMED = "m.author_kind IN ('PERSON', 'ACCOUNT') AND (:person = '' OR m.author_id = :person)"


_MESSAGES = typed(
    f"SELECT m.id, (to_jsonb(m) - CASE WHEN :person IN ('', m.author_id) THEN '{{}}'::text[]"  # noqa: S608
    " ELSE '{author_name}'::text[] END)::text AS row"
    f" FROM order_messages m JOIN orders o ON o.id = m.order_id WHERE {_MINE} AND m.id > :after"
    f" ORDER BY m.id LIMIT {PAGE}"
)
_SHIPMENTS = typed(
    "SELECT s.id, to_jsonb(s)::text AS row FROM shipments s JOIN orders o ON o.id = s.order_id"  # noqa: S608
    f" WHERE o.account_id = :account_id AND (:person = '' OR {_OWN}) AND s.id > :after ORDER BY s.id LIMIT {PAGE}"
)
_EMPTY = typed(
    f"""
    UPDATE order_messages m SET text = '', author_name = CASE WHEN {_NAMED} THEN '' ELSE author_name END
    WHERE m.id IN (
        SELECT m.id FROM order_messages m JOIN orders o ON o.id = m.order_id
        WHERE {_MINE} AND (m.text <> '' OR {_NAMED} AND m.author_name <> '') LIMIT {BATCH})"""  # noqa: S608
)
_UNFOLLOWED = typed(
    f"""
    UPDATE shipments SET tracking_number = '', tracking_address = '' WHERE id IN (
        SELECT s.id FROM shipments s JOIN orders o ON o.id = s.order_id
        WHERE o.account_id = :account_id AND (s.tracking_number <> '' OR s.tracking_address <> '')
        LIMIT {BATCH})"""  # noqa: S608
)
_COUNT = typed(
    "SELECT count(*) FROM order_messages m JOIN orders o ON o.id = m.order_id"  # noqa: S608
    f" WHERE {_MINE} AND m.text = ''"
)


def rows(sessions: Sessions, account_id: UUID, person: str) -> AsyncIterator[tuple[str, str]]:
    """Section and row, a page at a time."""
    sections = (("order_messages", _MESSAGES), ("shipments", _SHIPMENTS))
    return paging.rows_of(sessions, sections, account_id, person)


async def erase(sessions: Sessions, given: Mapping[str, Any]) -> None:
    """`given`: account_id, and person or ''. In batches that each commit."""
    await paging.empty(sessions, (_EMPTY, *(() if given["person"] else (_UNFOLLOWED,))), given)


async def counted(sessions: Sessions, account_id: UUID, person: str) -> int:
    """Those that are empty: nobody writes an empty one."""
    async with sessions() as session:
        return int(await session.scalar(_COUNT, {"account_id": account_id, "person": person}) or 0)
