"""Sheets in the database. No commit and no rule; `domain.codec` knows how items look as JSON."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.errors import FieldViolation
from chassis.money import Money
from orders import direct
from orders.domain.model import Order
from orders.domain.parties import Party, Spender
from orders.shared import statements
from orders.shared.domain import codec
from orders.shared.domain.items import HEADER
from orders.shared.domain.sheet import SHEET, Acceptance, Actor, Change, Sheet
from orders.shared.domain.terms import Side
from orders.shared.tables import shared_order_changes as log
from orders.shared.tables import shared_orders as sheets


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _side(stored: str | None) -> Side | None:
    return None if stored is None else Side(stored)


def _acceptance_json(given: Acceptance | None) -> dict[str, Any] | None:
    if given is None:
        return None
    party = given.party
    return {
        "version": given.version,
        "hash": given.hash,
        "party": [party.kind, party.id, party.name],
        "time": given.time.isoformat(),
    }


def _acceptance(stored: dict[str, Any] | None) -> Acceptance | None:
    if stored is None:
        return None
    time = datetime.datetime.fromisoformat(stored["time"])
    return Acceptance(stored["version"], stored["hash"], Party(*stored["party"]), time)


def _spender_json(given: Spender | None) -> dict[str, Any] | None:
    if given is None:
        return None
    party, limit = given.party, given.limit
    return {
        "party": [party.kind, party.id, party.name],
        "limit": None if limit is None else [limit.minor, limit.currency],
    }


def _spender(stored: dict[str, Any] | None) -> Spender | None:
    if stored is None:
        return None
    limit = stored["limit"]
    return Spender(Party(*stored["party"]), None if limit is None else Money(*limit))


def _sheet(row: direct.Row) -> Sheet:
    found = [codec.line(item) for item in row["items"] or ()]
    return Sheet(
        order_id=row["order_id"],
        started_by=Side(row["started_by"]),
        header=codec.header(row["header"]),
        lines={item.id: item for item in found},
        next_position=row["next_position"],
        revision=row["revision"],
        sent=row["sent"],
        waiting_for=_side(row["waiting_for"]),
        send_time=row["send_time"],
        expire_date=row["expire_date"],
        expire_side=_side(row["expire_side"]),
        expired=row["expired"],
        seen={Side.VENDOR: row["seen_vendor"], Side.CUSTOMER: row["seen_customer"]},
        acceptance=_acceptance(row["acceptance"]),
        spender=_spender(row["spender"]),
        obstacles=tuple(FieldViolation(*each) for each in row["obstacles"]),
        update_time=row["update_time"],
    )


async def find(connection: AsyncConnection, order_id: UUID) -> Sheet | None:
    """Of a locked order, or a picture that may be a moment old."""
    row = await direct.first(connection, statements.FIND, {"id": order_id})
    return None if row is None else _sheet(row)


def _row(order: Order, sheet: Sheet, *, open_: bool) -> dict[str, Any]:
    return {
        "open": open_,
        "revision": sheet.revision,
        "sent": sheet.sent,
        "waiting_for": sheet.waiting_for,
        "send_time": sheet.send_time,
        "expire_date": sheet.expire_date,
        "expire_side": sheet.expire_side,
        "expired": sheet.expired,
        "header": codec.header_json(sheet.header),
        "next_position": sheet.next_position,
        "acceptance": _acceptance_json(sheet.acceptance),
        "spender": _spender_json(sheet.spender),
        "obstacles": [[each.field, each.description, each.reason] for each in sheet.obstacles],
        "vendor_colour": sheet.colour(Side.VENDOR),
        "customer_colour": sheet.colour(Side.CUSTOMER),
        "total": order.totals.total,
        "currency": order.currency,
        "line_count": len(order.lines),
        "update_time": sheet.update_time,
    }


async def insert(connection: AsyncConnection, order: Order, sheet: Sheet, changes: Sequence[Change]) -> None:
    """The sheet of an order that had none."""
    fixed = {"order_id": order.id, "account_id": order.account_id, "started_by": sheet.started_by}
    await connection.execute(sa.insert(sheets).values(fixed | _row(order, sheet, open_=True)))
    await direct.first(connection, statements.FILL, _lines_and_log(sheet, {*sheet.lines}, set(), changes))


async def save(
    connection: AsyncConnection, order: Order, sheet: Sheet, changes: Sequence[Change], *, open_: bool
) -> None:
    """In the transaction that locked the order. A hand-over, or another end of the offer, begins the reminders anew."""
    row = _row(order, sheet, open_=open_)
    row |= {name: _json(row[name]) for name, kind in statements.ROW.items() if kind == "jsonb"}
    row["handed_over"] = any(change.kind == "sent" for change in changes)
    touched = {change.item for change in changes} - {HEADER, SHEET}
    moved = any(change.item == HEADER for change in changes)  # prices may follow the address without a change
    kept = {*sheet.lines} if moved else {key for key in map(UUID, touched) if key in sheet.lines}
    gone = {key for key in map(UUID, touched) if key not in sheet.lines}
    await direct.first(connection, statements.SAVE, row | _lines_and_log(sheet, kept, gone, changes))


def _lines_and_log(
    sheet: Sheet, kept: set[UUID], gone: set[UUID], changes: Sequence[Change]
) -> dict[str, Any]:
    lines = [sheet.lines[key] for key in kept]
    pictures = {each.item: _json(each.picture) for each in changes if each.picture is not None}
    logged = {f"log_{name}": [read(each) for each in changes] for name, (_, read) in statements.LOG.items()}
    return logged | {
        "order_id": sheet.order_id,
        "gone": list(gone),
        "line_id": [line.id for line in lines],
        "line_position": [line.position for line in lines],
        "line_item": [pictures.get(line.key) or _json(codec.line_json(line)) for line in lines],
        "log_picture": [None if each.picture is None else pictures[each.item] for each in changes],
    }


async def set_seen(connection: AsyncConnection, sheet: Sheet) -> None:
    seen = {"seen_vendor": sheet.seen[Side.VENDOR], "seen_customer": sheet.seen[Side.CUSTOMER]}
    await connection.execute(sa.update(sheets).where(sheets.c.order_id == sheet.order_id).values(seen))


async def set_spender(connection: AsyncConnection, order_id: UUID, spender: Spender | None) -> None:
    """In the transaction that locked the order."""
    values = {"spender": _spender_json(spender)}
    await connection.execute(sa.update(sheets).where(sheets.c.order_id == order_id).values(values))


async def set_obstacles(
    connection: AsyncConnection, order_id: UUID, revision: int, found: Sequence[FieldViolation]
) -> None:
    """Of a sheet that is negotiated still, and is what they were found of."""
    values = [[each.field, each.description, each.reason] for each in found]
    which = sa.and_(sheets.c.order_id == order_id, sheets.c.open, sheets.c.revision == revision)
    await connection.execute(sa.update(sheets).where(which).values(obstacles=values))


async def last_word(connection: AsyncConnection, order_id: UUID) -> Party:
    """Who was the last to agree, of either side: not who added a file or changed a reference since, nor a price that
    moved by itself."""
    agreed = (log.c.order_id == order_id, log.c.kind == "agreed", log.c.actor_kind != "SERVICE")
    who = sa.select(log.c.actor_kind, log.c.actor_id, log.c.actor_name).where(*agreed)
    row = (await connection.execute(who.order_by(log.c.sequence.desc()).limit(1))).one()
    return Party(*row)


async def pictures(
    connection: AsyncConnection, order_id: UUID, revision: int
) -> dict[str, dict[str, Any] | None]:
    """The newest of each item up to the revision; None for what was gone by then."""
    statement = (
        sa.select(log.c.item, log.c.picture)
        .ext(distinct_on(log.c.item))
        .where(log.c.order_id == order_id, log.c.sequence <= revision)
        .where(sa.or_(sa.func.jsonb_typeof(log.c.picture) == "object", log.c.gone))
        .order_by(log.c.item, log.c.sequence.desc())
    )
    return {row.item: row.picture for row in await connection.execute(statement)}


async def list_changes(
    connection: AsyncConnection, order_id: UUID, after: int, size: int, *, other_than: Side | None = None
) -> list[Change]:
    """Oldest first. `other_than`: those that this side did not make itself."""
    statement = sa.select(log).where(log.c.order_id == order_id, log.c.sequence > after)
    if other_than is not None:
        statement = statement.where(log.c.side.is_distinct_from(other_than))
    found = await connection.execute(statement.order_by(log.c.sequence).limit(size))
    return [
        Change(
            sequence=row.sequence,
            time=row.occur_time,
            actor=Actor(Party(row.actor_kind, row.actor_id, row.actor_name), _side(row.side)),
            kind=row.kind,
            item=row.item,
            field=row.field,
            before=row.from_value,
            after=row.to_value,
            text=row.text,
            gone=row.gone,
        )
        for row in found
    ]
