"""Messages in the database."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chassis.paging import Page
from orders import direct
from orders.domain.parties import Party
from orders.messages.domain import OrderMessage

_INSERT = direct.statement("""
    INSERT INTO order_messages (id, order_id, from_customer, author_kind, author_id, author_name, text, create_time)
    VALUES (:id, :order_id, :from_customer, :author_kind, :author_id, :author_name, :text, :create_time)""")
_COUNT = direct.statement("SELECT count(*) AS messages FROM order_messages WHERE order_id = :order_id")
_ONE = direct.statement("SELECT * FROM order_messages WHERE id = :id")
_FIRST = direct.statement(
    "SELECT * FROM order_messages WHERE order_id = :order_id ORDER BY create_time, id LIMIT :size"
)
_NEXT = direct.statement("""
    SELECT * FROM order_messages WHERE order_id = :order_id
        AND (create_time, id) > (CAST(:after_time AS timestamptz), CAST(:after_id AS uuid))
    ORDER BY create_time, id LIMIT :size""")


def _message(row: Any) -> OrderMessage:
    return OrderMessage(
        id=row["id"],
        order_id=row["order_id"],
        from_customer=row["from_customer"],
        author=Party(row["author_kind"], row["author_id"], row["author_name"]),
        text=row["text"],
        create_time=row["create_time"],
    )


async def insert(connection: AsyncConnection, message: OrderMessage) -> None:
    given = {
        "id": message.id,
        "order_id": message.order_id,
        "from_customer": message.from_customer,
        "author_kind": message.author.kind,
        "author_id": message.author.id,
        "author_name": message.author.name,
        "text": message.text,
        "create_time": message.create_time,
    }
    await direct.first(connection, _INSERT, given)


async def count(connection: AsyncConnection, order_id: UUID) -> int:
    row = await direct.first(connection, _COUNT, {"order_id": order_id})
    return int(row["messages"]) if row is not None else 0


async def find(engine: AsyncEngine, message_id: UUID) -> OrderMessage | None:
    row = await direct.alone(engine, _ONE, {"id": message_id})
    return None if row is None else _message(row)


async def page_of(engine: AsyncEngine, order_id: UUID, page: Page) -> list[OrderMessage]:
    """Oldest first, one more than the page holds when there are more."""
    given: dict[str, Any] = {"order_id": order_id, "size": page.size + 1}
    if page.after is None:
        rows = await direct.rows_alone(engine, _FIRST, given)
    else:
        given |= {"after_time": page.after[0], "after_id": page.after[1]}
        rows = await direct.rows_alone(engine, _NEXT, given)
    return [_message(row) for row in rows]
