"""What library holds about an account: budgets and their entries, with words that staff wrote."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.db import Sessions
from chassis.pieces import JsonPieces
from library.privacy.client import DataProtectionClient, ExportGone, Item

_PAGE = 1000
# Each by an index: a page costs the same however many came before it.
_BUDGETS = sa.text(
    "SELECT id AS key, to_jsonb(b)::text AS row FROM budgets b"
    " WHERE account_id = :owner AND id > :after ORDER BY id LIMIT :page"
)
_ENTRIES = sa.text(
    "SELECT sequence AS key, to_jsonb(e)::text AS row FROM budget_entries e"
    " WHERE budget_id = :owner AND sequence > :after ORDER BY sequence LIMIT :page"
)
_ERASE = (
    sa.text(
        "UPDATE budget_entries SET reason = '' WHERE reason <> ''"
        " AND budget_id IN (SELECT id FROM budgets WHERE account_id = :account)"
    ),
    sa.text("UPDATE budgets SET display_name = '' WHERE account_id = :account AND display_name <> ''"),
)
_COUNT = sa.text("SELECT count(*) FROM budgets WHERE account_id = :account")
_LEDGER = "they are the books of the orders paid from them (GDPR art. 17(3)(b)); no name is in them"


async def hand_in(
    sessions: Sessions, client: DataProtectionClient, export_id: UUID, account_id: UUID | None
) -> None:
    """`account_id` None: nothing is held on a single person of an account. Memory holds a page."""

    async def send(content: bytes, part: int, last: bool) -> None:
        await client.add_part(export_id, content, part, last=last)

    pieces = JsonPieces(send, "budgets", "budget_entries")
    try:
        if account_id is not None:
            async for budget_id, budget in _paged(sessions, _BUDGETS, account_id, UUID(int=0)):
                await pieces.add("budgets", budget)
                async for _, entry in _paged(sessions, _ENTRIES, budget_id, 0):
                    await pieces.add("budget_entries", entry)
        await pieces.close()
    except ExportGone:
        return


async def _paged(
    sessions: Sessions, statement: sa.TextClause, owner: UUID, after: Any
) -> AsyncIterator[tuple[Any, str]]:
    """(key, row) of all that belongs to the owner, `after` being below every key."""
    while True:
        async with sessions() as session:
            rows = (await session.execute(statement, {"owner": owner, "after": after, "page": _PAGE})).all()
        for row in rows:
            yield row.key, row.row
        if len(rows) < _PAGE:
            return
        after = rows[-1].key


async def erase(session: AsyncSession, account_id: UUID) -> None:
    """The words; the amounts are the ledger."""
    for statement in _ERASE:
        await session.execute(statement, {"account": account_id})


async def counted(session: AsyncSession, account_id: UUID) -> tuple[list[Item], list[Item]]:
    """What was erased and what is kept."""
    count = (await session.execute(_COUNT, {"account": account_id})).scalar_one()
    if not count:
        return [], []
    kept = Item(subject="budgets with their codes and amounts", count=count, kept_because=_LEDGER)
    return [Item(subject="names of budgets, reasons of their entries", count=count)], [kept]
