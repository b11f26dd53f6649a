"""Reading and writing orders. No commit and no rule; `rows` and `reading` know the columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from orders import direct, reading, rows, statements
from orders.domain.activity import Activity
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


async def find_alone(engine: AsyncEngine, order_id: UUID) -> Order | None:
    """As `find`, in a transaction of its own."""
    row = await direct.alone(engine, statements.LOAD, {"id": order_id})
    return None if row is None else reading.order(row)


async def find_page(engine: AsyncEngine, order_id: UUID) -> tuple[Order, Activity] | None:
    """As `find_alone`, with what came beside the order."""
    row = await direct.alone(engine, statements.PAGE, {"id": order_id})
    return None if row is None else (reading.order(row), reading.activity(row))


async def find_several(engine: AsyncEngine, order_ids: Sequence[UUID]) -> list[Order]:
    """Those that exist, in no order, in a transaction of its own."""
    found = await direct.rows_alone(engine, statements.LOAD_SEVERAL, {"ids": order_ids})
    return [reading.order(row) for row in found]


async def lock(connection: AsyncConnection, order_id: UUID) -> Order | None:
    """As `find`, and nobody else changes or claims the order before this transaction ends.

    Two statements: a row that was waited for would come with its lines as they were before the wait.
    """
    if await direct.begin_with(connection, statements.LOCK, {"id": order_id}) is None:
        return None
    return await find(connection, order_id)


def _inserted(order: Order, entry: HistoryEntry) -> dict[str, Any]:
    return rows.new_row(order) | rows.line_arrays(order.lines) | _history(entry)


async def insert(connection: AsyncConnection, order: Order, entry: HistoryEntry) -> bool:
    """False, and nothing is written, when the id is taken or the owner has an open cart already."""
    return await direct.begin_with(connection, statements.INSERT, _inserted(order, entry)) is not None


async def insert_alone(engine: AsyncEngine, order: Order, entry: HistoryEntry) -> bool:
    """As `insert`, in a transaction of its own."""
    return await direct.alone(engine, statements.INSERT, _inserted(order, entry)) is not None


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


async def draw_number(engine: AsyncEngine, year: int) -> str:
    """The next number of the year. It comes from a sequence, so that nobody waits for it; one that is not used is
    missing for good."""
    row = await direct.alone(engine, statements.NUMBER, {"year": year})
    return str(row["number"]) if row is not None else ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Not claimed: the claim of `attempt` is gone. Claimed, but not placed: the request was answered meanwhile. Either
    way nothing was written."""

    claimed: bool
    placed: bool


def placing(
    placed: dict[str, Any],
    entry: HistoryEntry,
    changed: list[Line],
    answer: dict[str, Any],
    event: dict[str, Any],
) -> dict[str, Any]:
    """What `place` writes: the order's columns, history, lines with new prices, the stored answer, the outbox row."""
    told = {f"event_{name}": value for name, value in event.items()}
    return placed | rows.line_arrays(changed) | _history(entry) | answer | told


async def place(connection: AsyncConnection, written: dict[str, Any]) -> Outcome:
    """First in its transaction."""
    claimed, placed = await direct.begin_with(connection, statements.PLACE, written) or (0, 0)
    return Outcome(claimed == 1, placed == 1)


async def place_alone(engine: AsyncEngine, written: dict[str, Any]) -> Outcome:
    """As `place`, in a transaction of its own. Raises DatabaseUnavailable when the order certainly was not placed,
    Unanswered when nobody knows."""
    claimed, placed = await direct.alone(engine, statements.PLACE, written) or (0, 0)
    return Outcome(claimed == 1, placed == 1)


async def ask(
    connection: AsyncConnection, asked: dict[str, Any], entry: HistoryEntry, changed: list[Line]
) -> bool:
    """The order waits for approval. False, and nothing is written, when the claim of `attempt` is gone."""
    given = asked | rows.line_arrays(changed) | _history(entry)
    return await direct.begin_with(connection, statements.ASK, given) is not None


async def move(connection: AsyncConnection, order: Order, entry: HistoryEntry) -> None:
    """Write the new state of an order that `lock` read."""
    given = {name: getattr(order, name) for name in ("id", *statements.MOVED)}
    given["approval"] = rows.approval_json(order.approval)
    await direct.first(connection, statements.MOVE, given | _history(entry))
