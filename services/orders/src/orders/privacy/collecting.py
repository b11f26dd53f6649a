"""What orders hold about somebody, as JSON that PostgreSQL makes: amounts stay exact."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator
from uuid import UUID

import sqlalchemy as sa

from chassis.db import Sessions
from chassis.pieces import JsonPieces
from orders.privacy import files, messages, payments, sheets
from orders.privacy.client import DataProtectionClient, ExportGone

_PAGE = 200
_MINE = (
    "o.account_id = :account AND (CAST(:person AS text) = '' OR (o.owner_kind = 'PERSON' AND o.owner_id = :person)"
    " OR (o.actor_kind = 'PERSON' AND o.actor_id = :person))"
)
# What only the machinery needs.
_LEFT_OUT = (
    "'{placing_attempt,placing_request,placing_until,create_fingerprint,account_search,reference_search,next_position,"
    "cart}'::text[]"
)
_ORDERS = sa.text(
    f"SELECT o.id, o.create_time, (to_jsonb(o) - {_LEFT_OUT})::text AS row FROM orders o WHERE {_MINE}"  # noqa: S608
    f" AND (o.create_time, o.id) > (:time, :id) ORDER BY o.create_time, o.id LIMIT {_PAGE}"
).bindparams(
    sa.bindparam("account", type_=sa.Uuid),
    sa.bindparam("person", type_=sa.Text),
    sa.bindparam("time", type_=sa.DateTime(timezone=True)),
    sa.bindparam("id", type_=sa.Uuid),
)
_LINES = sa.text(
    "SELECT (to_jsonb(l) - '{price,availability}'::text[])::text FROM order_lines l"
    " WHERE l.order_id = ANY(CAST(:ids AS uuid[])) ORDER BY l.order_id, l.position"
)
_HISTORY = sa.text(
    "SELECT to_jsonb(h)::text FROM order_history h WHERE h.order_id = ANY(CAST(:ids AS uuid[]))"
    " AND (:person = '' OR h.actor_id = :person) ORDER BY h.order_id, h.sequence"
).bindparams(sa.bindparam("person", type_=sa.Text))
_SECTIONS = (
    *("orders", "order_lines", "order_history", "attachments", "order_messages", "shipments"),
    *("payments", "refunds", "shared_orders", "shared_order_changes"),
)
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


async def hand_in(
    sessions: Sessions,
    client: DataProtectionClient,
    export_id: UUID,
    account_id: UUID,
    person_id: UUID | None,
) -> None:
    """Everything of the account, or the orders that the person owns or placed in it. Memory holds a page."""

    async def send(content: bytes, part: int, last: bool) -> None:
        await client.add_part(export_id, content, part, last=last)

    pieces = JsonPieces(send, *_SECTIONS)
    try:
        async for section, row in _rows(sessions, account_id, str(person_id or "")):
            await pieces.add(section, row)
        for beside in (files.rows, messages.rows, payments.rows, sheets.rows):
            async for section, row in beside(sessions, account_id, str(person_id or "")):
                await pieces.add(section, row)
        await pieces.close()
    except ExportGone:
        return


async def _rows(sessions: Sessions, account_id: UUID, person: str) -> AsyncIterator[tuple[str, str]]:
    """A page of orders at a time, then its lines and history."""
    after: dict[str, object] = {"time": _EPOCH, "id": UUID(int=0)}
    while True:
        async with sessions() as session:
            orders = (await session.execute(_ORDERS, {"account": account_id, "person": person} | after)).all()
            given = {"ids": [order.id for order in orders]}
            lines = (await session.execute(_LINES, given)).scalars().all()
            history = (await session.execute(_HISTORY, given | {"person": person})).scalars().all()
        for order in orders:
            yield "orders", order.row
        for line in lines:
            yield "order_lines", line
        for entry in history:
            yield "order_history", entry
        if len(orders) < _PAGE:
            return
        after = {"time": orders[-1].create_time, "id": orders[-1].id}
