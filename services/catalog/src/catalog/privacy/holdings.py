"""What catalog holds about an account: its conditions, under its id. It knows no name of anybody."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.pricing.reference import touch
from catalog.privacy.client import DataProtectionClient, ExportGone, Item
from chassis.db import Sessions
from chassis.pieces import JsonPieces

_PAGE = 1000
_SECTIONS = {
    "discount_rows": "SELECT id::text AS key, to_jsonb(d)::text AS row FROM discount_rows d"
    " WHERE account_id = :account AND id::text > :after ORDER BY id::text LIMIT :page",
    "price_list_order": "SELECT subject AS key, to_jsonb(o)::text AS row FROM price_list_orders o"
    " WHERE kind = 'ACCOUNT' AND subject = CAST(CAST(:account AS uuid) AS text) AND subject > :after LIMIT :page",
}
_ORDER = sa.text(
    "UPDATE price_list_orders SET list_ids = '{}', update_time = now() WHERE kind = 'ACCOUNT' AND list_ids <> '{}'"
    " AND subject = CAST(CAST(:account AS uuid) AS text)"
)
_COUNT = sa.text(
    "SELECT (SELECT count(*) FROM discount_rows WHERE account_id = :account) AS discounts,"
    " (SELECT count(*) FROM price_list_orders WHERE kind = 'ACCOUNT'"
    " AND subject = CAST(CAST(:account AS uuid) AS text)) AS orders"
)
_PROOF = "they prove the prices of orders that the law makes us keep (GDPR art. 17(3)(b)); no name is in them"


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
    """Of an account that is closed for good."""
    done = await (await session.connection()).execute(_ORDER, {"account": account_id})
    if done.rowcount:
        await touch(session)


async def counted(session: AsyncSession, account_id: UUID) -> tuple[list[Item], list[Item]]:
    """What was erased and what is kept."""
    found = (await session.execute(_COUNT, {"account": account_id})).one()
    erased = Item(subject="orders of price lists", count=found.orders)
    kept = Item(subject="discounts agreed for the account", count=found.discounts, kept_because=_PROOF)
    return [erased] if erased.count else [], [kept] if kept.count else []
