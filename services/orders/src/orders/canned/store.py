"""Canned messages in the database, sorted by their folded name."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.db import constraint_name
from chassis.paging import Page
from orders.canned.domain import CannedMessage, CannedMessageNameTaken
from orders.canned.tables import canned_messages
from orders.domain.folding import fold

_ONE = sa.select(canned_messages).where(canned_messages.c.id == sa.bindparam("wanted"))


def key_of(name: str) -> str:
    """By which names are compared and sorted."""
    return fold(name)


def _message(row: Any) -> CannedMessage:
    return CannedMessage(row.id, row.version, row.name, row.texts, row.create_time, row.update_time)


def _row(message: CannedMessage) -> dict[str, Any]:
    return {
        "id": message.id,
        "version": message.version,
        "name": message.name,
        "name_key": key_of(message.name),
        "texts": dict(message.texts),
        "create_time": message.create_time,
        "update_time": message.update_time,
    }


async def find(connection: AsyncConnection, message_id: UUID, *, lock: bool = False) -> CannedMessage | None:
    statement = _ONE.with_for_update() if lock else _ONE
    row = (await connection.execute(statement, {"wanted": message_id})).one_or_none()
    return None if row is None else _message(row)


async def insert(connection: AsyncConnection, message: CannedMessage) -> None:
    """Raises CannedMessageNameTaken."""
    await _write(connection, sa.insert(canned_messages).values(**_row(message)), message.name)


async def save(connection: AsyncConnection, message: CannedMessage) -> None:
    """Raises CannedMessageNameTaken."""
    statement = sa.update(canned_messages).where(canned_messages.c.id == message.id)
    await _write(connection, statement.values(**_row(message)), message.name)


async def _write(connection: AsyncConnection, statement: sa.Executable, name: str) -> None:
    try:
        await connection.execute(statement)
    except IntegrityError as error:
        if constraint_name(error) == "uq_canned_messages_name_key":
            raise CannedMessageNameTaken(name) from None
        raise


async def delete(connection: AsyncConnection, message_id: UUID) -> None:
    await connection.execute(sa.delete(canned_messages).where(canned_messages.c.id == message_id))


async def page_of(connection: AsyncConnection, page: Page) -> list[CannedMessage]:
    """One more than the page holds when there are more."""
    statement = sa.select(canned_messages).order_by(canned_messages.c.name_key).limit(page.size + 1)
    if page.after is not None:
        statement = statement.where(canned_messages.c.name_key > page.after[0])
    return [_message(row) for row in await connection.execute(statement)]
