"""Files of somebody: handed in for an export; of who is erased the rows are emptied first, then the bytes go, and a
repeat finds what was left.

All files of the account's orders; or those that the person added in it, and those at the person's own orders.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from chassis.db import Sessions
from orders.attachments.blobs import BlobStore
from orders.privacy import paging
from orders.privacy.statements import BATCH

# The files themselves are read where the order is: here is which there are. Others are named by their id only.
_FILES = paging.typed(
    "SELECT a.id, (to_jsonb(a) - CASE WHEN :person IN ('', a.added_id) THEN '{erasure_id}'::text[]"  # noqa: S608
    " ELSE '{erasure_id,added_name}'::text[] END)::text AS row"
    " FROM attachments a JOIN orders o ON o.id = a.order_id"
    " WHERE o.account_id = :account_id AND a.erasure_id IS NULL AND (:person = ''"
    " OR (a.added_kind = 'PERSON' AND a.added_id = :person)"
    " OR (o.owner_kind = 'PERSON' AND o.owner_id = :person) OR (o.actor_kind = 'PERSON' AND o.actor_id = :person))"
    f" AND a.id > :after ORDER BY a.id LIMIT {paging.PAGE}"
)
_EMPTY = sa.text(
    f"""
    UPDATE attachments SET file_name = '', added_id = '', added_name = '', sha256 = '', erasure_id = :erasure_id
    WHERE id IN (
        SELECT a.id FROM attachments a JOIN orders o ON o.id = a.order_id
        WHERE o.account_id = :account_id AND a.erasure_id IS NULL AND (:person = ''
            OR (a.added_kind = 'PERSON' AND a.added_id = :person)
            OR (o.owner_kind = 'PERSON' AND o.owner_id = :person))
        LIMIT {BATCH} FOR UPDATE OF a)"""  # noqa: S608  # a constant
).bindparams(sa.bindparam("person", type_=sa.Text))
_EMPTIED = sa.text(
    f"SELECT id FROM attachments WHERE erasure_id = :erasure_id AND id > :after ORDER BY id LIMIT {BATCH}"  # noqa: S608  # a constant
)
_COUNT = sa.text("SELECT count(*) FROM attachments WHERE erasure_id = :erasure_id")


def rows(sessions: Sessions, account_id: UUID, person: str) -> AsyncIterator[tuple[str, str]]:
    """Section and row, a page at a time."""
    return paging.rows_of(sessions, (("attachments", _FILES),), account_id, person)


async def erase(sessions: Sessions, blobs: BlobStore, given: dict[str, Any]) -> None:
    """`given`: erasure_id, account_id, and person, empty for all of the account."""
    wanted = {name: given[name] for name in ("erasure_id", "account_id", "person")}
    await paging.empty(sessions, (_EMPTY,), wanted)
    after = UUID(int=0)
    while True:
        async with sessions() as session:
            page = {"erasure_id": given["erasure_id"], "after": after}
            ids = list((await session.execute(_EMPTIED, page)).scalars())
        await blobs.delete(ids)
        if len(ids) < BATCH:
            return
        after = ids[-1]


async def counted(sessions: Sessions, erasure_id: UUID) -> int:
    async with sessions() as session:
        return int((await session.execute(_COUNT, {"erasure_id": erasure_id})).scalar_one())
