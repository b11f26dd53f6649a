"""The mails that went to somebody, as JSON that PostgreSQL makes."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from chassis.db import Sessions
from chassis.pieces import JsonPieces
from notifications.privacy.client import DataProtectionClient, ExportGone

_PAGE = 200
# Not what the vendor was told about the account's orders: that is in the orders.
_MAILS = sa.text(
    """
    SELECT id, (to_jsonb(m)
           - '{html,sender_id,next_attempt_time,named_ids,forget_when_sent,erasure_id}'::text[])::text AS row
      FROM mails m
     WHERE id > :after AND erase_time IS NULL AND template <> 'new_order'
       AND template NOT LIKE 'vendor%'
       AND (person_id = ANY(:persons)
            OR account_id = :account AND (NOT :of_person OR lower(recipient) = ANY(:emails)))
     ORDER BY id LIMIT :page
    """
).bindparams(
    sa.bindparam("after", type_=sa.Uuid),
    sa.bindparam("account", type_=sa.Uuid),
    sa.bindparam("persons", type_=sa.ARRAY(sa.Uuid)),
    sa.bindparam("of_person", type_=sa.Boolean),
    sa.bindparam("emails", type_=sa.ARRAY(sa.Text)),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Without `person_id` the mails about the account; with it those to the person's address. `persons`: whose own
    mails belong to it. `emails` in lower case."""

    export_id: UUID
    account_id: UUID
    person_id: UUID | None
    persons: tuple[UUID, ...]
    emails: tuple[str, ...]


async def hand_in(sessions: Sessions, client: DataProtectionClient, wanted: Wanted) -> None:
    """Memory holds a page."""

    async def send(content: bytes, part: int, last: bool) -> None:
        await client.add_part(wanted.export_id, content, part, last=last)

    pieces = JsonPieces(send, "mails")
    given = {
        "account": wanted.account_id,
        "of_person": wanted.person_id is not None,
        "persons": list(wanted.persons),
        "emails": list(wanted.emails),
        "page": _PAGE,
    }
    after = UUID(int=0)
    try:
        while True:
            async with sessions() as session:
                rows = (await session.execute(_MAILS, given | {"after": after})).all()
            for row in rows:
                await pieces.add("mails", row.row)
            if len(rows) < _PAGE:
                break
            after = rows[-1].id
        await pieces.close()
    except ExportGone:
        return
