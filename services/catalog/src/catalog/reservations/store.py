"""Statements on holds and their lines. Lock order: holds first, see `levels`."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.reservations.domain import LAST_ATTEMPT, Reservation

_CLAIM = sql.statement("""
    INSERT INTO stock_holds (order_id, attempt_id, state, expire_time)
    VALUES (:order_id, :attempt_id, 'REFUSED', now())
    ON CONFLICT (order_id) DO UPDATE SET update_time = now()
    RETURNING attempt_id, state, released_attempt_id, content_hash, answer, expire_time, (xmax = 0) AS fresh, waits
""")
_LOCK_HOLDS = sql.statement("""
    SELECT order_id, attempt_id, state, released_attempt_id, NULL::bytea, NULL::bytea, expire_time, false AS fresh,
        waits
    FROM stock_holds WHERE order_id = ANY(CAST(:ids AS uuid[])) ORDER BY order_id FOR UPDATE
""")
_SET_HOLD = sql.statement("""
    UPDATE stock_holds SET attempt_id = :attempt_id, state = :state, content_hash = :content_hash,
        answer = :answer, expire_time = :expire_time, waits = :waits, update_time = now() WHERE order_id = :order_id
""")
_SET_STATES = sql.statement("""
    UPDATE stock_holds h SET state = n.state, released_attempt_id = n.released,
        answer = CASE WHEN n.state IN ('HELD', 'FIRM') THEN h.answer END, update_time = now()
    FROM unnest(CAST(:ids AS uuid[]), CAST(:states AS text[]), CAST(:released AS uuid[])) n(id, state, released)
    WHERE h.order_id = n.id
""")
_TOMBSTONE = sql.statement("""
    INSERT INTO stock_holds (order_id, attempt_id, state, released_attempt_id, expire_time)
    VALUES (:order_id, :attempt_id, 'RELEASED', :attempt_id, now()) ON CONFLICT (order_id) DO NOTHING RETURNING 1
""")
_TOMBSTONES = sql.statement("""
    INSERT INTO stock_holds (order_id, attempt_id, state, released_attempt_id, expire_time)
    SELECT id, CAST(:attempt_id AS uuid), 'RELEASED', CAST(:attempt_id AS uuid), now()
    FROM unnest(CAST(:ids AS uuid[])) AS n(id) ORDER BY id ON CONFLICT (order_id) DO NOTHING
""")
_RENEW = sql.statement("UPDATE stock_holds SET expire_time = :expire_time WHERE order_id = :order_id")
_LINES = sql.statement("""
    SELECT order_id, line_id, variant_id, quantity, warehouse_ids, taken FROM stock_reservations
    WHERE order_id = ANY(CAST(:ids AS uuid[]))
""")
_NEW_LINE = sql.statement("""
    INSERT INTO stock_reservations (order_id, line_id, variant_id, quantity, warehouse_ids, taken)
    VALUES (:order_id, :line_id, :variant_id, :quantity, :warehouse_ids, :taken)
""")
_LESS = sql.statement("""
    UPDATE stock_reservations SET quantity = :quantity, warehouse_ids = :warehouse_ids, taken = :taken
    WHERE order_id = :order_id AND line_id = :line_id
""")
_DROP_SOME = sql.statement("DELETE FROM stock_reservations WHERE order_id = :order_id AND line_id = :line_id")
_DROP_LINES = sql.statement("DELETE FROM stock_reservations WHERE order_id = ANY(CAST(:ids AS uuid[]))")


@dataclass(frozen=True, slots=True)
class Hold:
    """`fresh`: the row was made by this very transaction. `waits`: some of it was not there when it was taken."""

    order_id: UUID
    attempt_id: UUID
    state: str
    released_attempt_id: UUID | None
    content_hash: bytes | None
    answer: bytes | None
    expire_time: datetime.datetime
    fresh: bool
    waits: bool = False

    def was_released(self, attempt_id: UUID) -> bool:
        return self.released_attempt_id is not None and self.released_attempt_id >= attempt_id

    def with_state(self, state: str, released: UUID | None = None) -> Hold:
        if released is not None and self.released_attempt_id is not None:
            released = max(released, self.released_attempt_id)
        return replace(self, state=state, released_attempt_id=released or self.released_attempt_id)


async def claim(session: AsyncSession, order_id: UUID, attempt_id: UUID) -> Hold:
    """The locked row of the order, made when it is new."""
    row = await sql.first(session, _CLAIM, {"order_id": order_id, "attempt_id": attempt_id})
    assert row is not None, "an upsert returns its row"
    return Hold(order_id, *row)


async def lock_holds(session: AsyncSession, order_ids: Iterable[UUID]) -> dict[UUID, Hold]:
    rows = await sql.rows(session, _LOCK_HOLDS, {"ids": list(order_ids)})
    return {row.order_id: Hold(*row) for row in rows}


async def set_hold(session: AsyncSession, hold: Hold) -> None:
    parameters = {
        "order_id": hold.order_id,
        "attempt_id": hold.attempt_id,
        "state": hold.state,
        "content_hash": hold.content_hash,
        "answer": hold.answer,
        "expire_time": hold.expire_time,
        "waits": hold.waits,
    }
    await sql.run(session, _SET_HOLD, parameters)


async def set_states(session: AsyncSession, holds: Sequence[Hold]) -> None:
    if holds:
        parameters = {
            "ids": [hold.order_id for hold in holds],
            "states": [hold.state for hold in holds],
            "released": [hold.released_attempt_id for hold in holds],
        }
        await sql.run(session, _SET_STATES, parameters)


async def bury(session: AsyncSession, order_id: UUID, attempt_id: UUID) -> bool:
    """Remember a release that came before its hold. False when the order has a row."""
    parameters = {"order_id": order_id, "attempt_id": attempt_id}
    return await sql.first(session, _TOMBSTONE, parameters) is not None


async def bury_all(session: AsyncSession, order_ids: Sequence[UUID]) -> None:
    """Those of the orders that have no row can hold nothing any more."""
    if order_ids:
        await sql.run(session, _TOMBSTONES, {"ids": list(order_ids), "attempt_id": LAST_ATTEMPT})


async def renew(session: AsyncSession, order_id: UUID, expire_time: datetime.datetime) -> None:
    await sql.run(session, _RENEW, {"order_id": order_id, "expire_time": expire_time})


async def lines_of(session: AsyncSession, order_ids: Sequence[UUID]) -> dict[UUID, list[Reservation]]:
    found: dict[UUID, list[Reservation]] = {}
    for row in await sql.rows(session, _LINES, {"ids": list(order_ids)}):
        takes = tuple(zip(row.warehouse_ids, row.taken, strict=True))
        found.setdefault(row.order_id, []).append(
            Reservation(row.line_id, row.variant_id, row.quantity, takes)
        )
    return found


def _row(order_id: UUID, line: Reservation) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "line_id": line.line_id,
        "quantity": line.quantity,
        "warehouse_ids": [warehouse_id for warehouse_id, _ in line.takes],
        "taken": [quantity for _, quantity in line.takes],
    }


async def add_lines(session: AsyncSession, order_id: UUID, reservations: Sequence[Reservation]) -> None:
    rows = [_row(order_id, line) | {"variant_id": line.variant_id} for line in reservations]
    await sql.run(session, _NEW_LINE, rows)


async def set_lines(session: AsyncSession, orders: Mapping[UUID, Iterable[Reservation]]) -> None:
    """What is left of the lines of these orders; those of which nothing is left go."""
    lines = [(order_id, line) for order_id, listed in orders.items() for line in listed]
    left = [_row(order_id, line) for order_id, line in lines if line.quantity]
    gone = [{"order_id": order_id, "line_id": line.line_id} for order_id, line in lines if not line.quantity]
    for statement, rows in ((_LESS, left), (_DROP_SOME, gone)):
        if rows:
            await sql.run(session, statement, rows)


async def drop_lines(session: AsyncSession, order_ids: Sequence[UUID]) -> None:
    await sql.run(session, _DROP_LINES, {"ids": list(order_ids)})
