"""The rows that an export hands in, page by page; and the emptying of an erasure, batch by batch."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from chassis.db import Sessions
from orders.privacy.statements import BATCH

PAGE = 200


def typed(sql: str) -> sa.TextClause:
    """A statement over :account_id, :person ('' for all of the account) and :after, as far as it names them."""
    types: dict[str, Any] = {"person": sa.Text, "account_id": sa.Uuid, "after": sa.Uuid}
    used = (name for name in types if f":{name}" in sql)
    return sa.text(sql).bindparams(*(sa.bindparam(name, type_=types[name]) for name in used))


async def rows_of(
    sessions: Sessions, sections: Iterable[tuple[str, sa.TextClause]], account_id: UUID, person: str
) -> AsyncIterator[tuple[str, str]]:
    """Section and row. A statement answers `id` and `row` of at most PAGE rows after :after, by id."""
    for section, statement in sections:
        after = UUID(int=0)
        while True:
            given = {"account_id": account_id, "person": person, "after": after}
            async with sessions() as session:
                found = (await session.execute(statement, given)).all()
            for row in found:
                yield section, row.row
            if len(found) < PAGE:
                break
            after = found[-1].id


async def empty(sessions: Sessions, statements: Iterable[sa.TextClause], given: Mapping[str, Any]) -> None:
    """Each changes at most BATCH rows at a time, and commits them."""
    for statement in statements:
        done = BATCH
        while done >= BATCH:
            async with sessions.begin() as session:
                done = (await (await session.connection()).execute(statement, given)).rowcount
