"""What catalog holds about an account: its conditions and what was selected for it, under its id. It knows no name
of anybody."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.pricing.reference import touch
from catalog.privacy.client import DataProtectionClient, ExportGone, Item
from catalog.selections.events import selection_changed
from chassis.db import Sessions
from chassis.pieces import JsonPieces

_PAGE = 1000
_SECTIONS = {
    "discount_rows": "SELECT id::text AS key, to_jsonb(d)::text AS row FROM discount_rows d"
    " WHERE account_id = :account AND id::text > :after ORDER BY id::text LIMIT :page",
    "price_list_order": "SELECT subject AS key, to_jsonb(o)::text AS row FROM price_list_orders o"
    " WHERE kind = 'ACCOUNT' AND subject = CAST(CAST(:account AS uuid) AS text) AND subject > :after LIMIT :page",
    # Without the groups and the other accounts that they are for.
    "selections": "SELECT id::text AS key, jsonb_build_object('id', id, 'title', titles, 'text', texts,"
    " 'valid_from', valid_from, 'valid_to', valid_to)::text AS row FROM selections"
    " WHERE account_ids @> ARRAY[CAST(:account AS uuid)] AND id::text > :after ORDER BY id::text LIMIT :page",
}
_ORDER = sa.text(
    "UPDATE price_list_orders SET list_ids = '{}', update_time = now() WHERE kind = 'ACCOUNT' AND list_ids <> '{}'"
    " AND subject = CAST(CAST(:account AS uuid) AS text)"
)
_SELECTIONS = sa.text(
    "UPDATE selections SET account_ids = array_remove(account_ids, CAST(:account AS uuid)), version = version + 1,"
    " update_time = now() WHERE account_ids @> ARRAY[CAST(:account AS uuid)] RETURNING id, version"
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


async def erase(session: AsyncSession, account_id: UUID) -> int:
    """Of an account that is closed for good. Answers how many selections it was taken out of. A repeat finds none
    left to count; the receipt keeps the first report that arrived."""
    connection = await session.connection()
    done = await connection.execute(_ORDER, {"account": account_id})
    if done.rowcount:
        await touch(session)
    selections = (await connection.execute(_SELECTIONS, {"account": account_id})).all()
    for row in selections:
        selection_changed(session, row.id, row.version)
    return len(selections)


async def counted(session: AsyncSession, account_id: UUID, selections: int) -> tuple[list[Item], list[Item]]:
    """What was erased and what is kept; `selections` as `erase` answered."""
    found = (await session.execute(_COUNT, {"account": account_id})).one()
    erased = [
        Item(subject="orders of price lists", count=found.orders),
        Item(subject="selections made for the account", count=selections),
    ]
    kept = Item(subject="discounts agreed for the account", count=found.discounts, kept_because=_PROOF)
    return [item for item in erased if item.count], [kept] if kept.count else []
