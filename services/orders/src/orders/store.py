"""Reading and writing orders. No commit and no rule; `rows` and `reading` know the columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from orders import direct, reading, rows, statements
from orders.domain.model import HistoryEntry, Line, Order


def _history(entry: HistoryEntry) -> dict[str, Any]:
    return {
        "h_sequence": entry.sequence,
        "h_time": entry.time,
        "h_actor_kind": entry.actor.kind,
        "h_actor_id": entry.actor.id,
        "h_actor_name": entry.actor.name,
        "h_account_id": entry.account_id,
        "h_channel": entry.channel,
        "h_action": entry.action,
        "h_from_state": entry.from_state,
        "h_to_state": entry.to_state,
        "h_detail": entry.detail,
    }


async def find(connection: AsyncConnection, order_id: UUID) -> Order | None:
    """A consistent picture of the order and its lines."""
    row = await direct.first(connection, statements.LOAD, {"id": order_id})
    return None if row is None else reading.order(row)


async def lock(connection: AsyncConnection, order_id: UUID) -> Order | None:
    """As `find`, and nobody else changes or claims the order before this transaction ends.

    Two statements: a row that was waited for would come with its lines as they were before the wait.
    """
    if await direct.begin_with(connection, statements.LOCK, {"id": order_id}) is None:
        return None
    return await find(connection, order_id)


def _inserted(order: Order, entry: HistoryEntry) -> dict[str, Any]:
    return rows.new_row(order) | rows.line_arrays(order.lines) | _history(entry) | {"removed": []}


async def insert(connection: AsyncConnection, order: Order, entry: HistoryEntry) -> bool:
    """False, and nothing is written, when the id is taken or the owner has an open cart already."""
    return await direct.begin_with(connection, statements.INSERT, _inserted(order, entry)) is not None


async def insert_alone(engine: AsyncEngine, order: Order, entry: HistoryEntry) -> bool:
    """As `insert`, in a transaction of its own."""
    async with engine.connect() as connection:
        found = await direct.first(connection, statements.INSERT, _inserted(order, entry))
    return found is not None


async def save(
    connection: AsyncConnection,
    order: Order,
    entry: HistoryEntry,
    *,
    changed: list[Line],
    removed: Iterable[UUID] = (),
) -> None:
    """Write a sheet that `lock` read; whatever attempt had claimed it can no longer place it."""
    given = rows.sheet_row(order) | rows.line_arrays(changed) | _history(entry) | {"removed": list(removed)}
    await direct.first(connection, statements.SAVE, given)


async def place(
    connection: AsyncConnection, placed: dict[str, Any], entry: HistoryEntry, changed: list[Line]
) -> str | None:
    """The number of the order that `attempt` placed; None, and nothing is written, when its claim is gone."""
    given = placed | rows.line_arrays(changed) | _history(entry) | {"removed": []}
    found = await direct.begin_with(connection, statements.PLACE, given)
    return None if found is None else str(found.number)


async def ask(
    connection: AsyncConnection, asked: dict[str, Any], entry: HistoryEntry, changed: list[Line]
) -> bool:
    """The order waits for approval. False, and nothing is written, when the claim of `attempt` is gone."""
    given = asked | rows.line_arrays(changed) | _history(entry) | {"removed": []}
    return await direct.begin_with(connection, statements.ASK, given) is not None


async def move(connection: AsyncConnection, order: Order, entry: HistoryEntry) -> None:
    """Write the new state of an order that `lock` read."""
    given = {name: getattr(order, name) for name in ("id", *statements.MOVED)}
    given["approval"] = rows.approval_json(order.approval)
    await direct.first(connection, statements.MOVE, given | _history(entry))
