"""What library holds about an account: budgets and their entries, with words that staff wrote."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.db import Sessions
from chassis.pieces import JsonPieces
from library.privacy.client import DataProtectionClient, ExportGone, Item

_PAGE = 1000
_SECTIONS = {
    "budgets": "SELECT id::text AS key, to_jsonb(b)::text AS row FROM budgets b"
    " WHERE account_id = :account AND id::text > :after ORDER BY id::text LIMIT :page",
    "budget_entries": "SELECT e.budget_id::text || lpad(e.sequence::text, 20, '0') AS key, to_jsonb(e)::text AS row"
    " FROM budget_entries e JOIN budgets b ON b.id = e.budget_id WHERE b.account_id = :account"
    " AND e.budget_id::text || lpad(e.sequence::text, 20, '0') > :after"
    " ORDER BY e.budget_id::text || lpad(e.sequence::text, 20, '0') LIMIT :page",
}
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

    pieces = JsonPieces(send, *_SECTIONS)
    try:
        for section, statement in _SECTIONS.items() if account_id is not None else ():
            after = ""
            while True:
                given = {"account": account_id, "after": after, "page": _PAGE}
                async with sessions() as session:
                    rows = (await session.execute(sa.text(statement), given)).all()
                for row in rows:
                    await pieces.add(section, row.row)
                if len(rows) < _PAGE:
                    break
                after = rows[-1].key
        await pieces.close()
    except ExportGone:
        return


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
