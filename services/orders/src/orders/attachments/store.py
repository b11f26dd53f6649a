"""Reading and writing the rows of files. No commit and no rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from orders.answers import Key
from orders.attachments.domain import Attachment
from orders.attachments.tables import attachments
from orders.domain.parties import Party

_LIVE = attachments.c.erasure_id.is_(None)
_ANSWERED = sa.text(
    "SELECT 1 FROM idempotency WHERE caller = :caller AND method = :method AND request_id = :request_id"
)


def _attachment(row: Any) -> Attachment:
    return Attachment(
        id=row.id,
        order_id=row.order_id,
        line_id=row.line_id,
        file_name=row.file_name,
        media_type=row.media_type,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        added_by=Party(row.added_kind, row.added_id, row.added_name),
        create_time=row.create_time,
    )


async def of_order(connection: AsyncConnection, order_id: UUID) -> list[Attachment]:
    """All of them, the first added first; no order has more than MAX_FILES."""
    wanted = sa.select(attachments).where(attachments.c.order_id == order_id, _LIVE)
    return [_attachment(row) for row in await connection.execute(wanted.order_by(attachments.c.id))]


async def find(connection: AsyncConnection, order_id: UUID, attachment_id: UUID) -> Attachment | None:
    wanted = sa.select(attachments).where(
        attachments.c.id == attachment_id, attachments.c.order_id == order_id, _LIVE
    )
    row = (await connection.execute(wanted)).one_or_none()
    return None if row is None else _attachment(row)


async def add(connection: AsyncConnection, each: Attachment) -> None:
    values = {
        "id": each.id,
        "order_id": each.order_id,
        "line_id": each.line_id,
        "file_name": each.file_name,
        "media_type": each.media_type,
        "size_bytes": each.size_bytes,
        "sha256": each.sha256,
        "added_kind": each.added_by.kind,
        "added_id": each.added_by.id,
        "added_name": each.added_by.name,
        "create_time": each.create_time,
    }
    await connection.execute(sa.insert(attachments).values(values))


async def remove(connection: AsyncConnection, attachment_id: UUID) -> None:
    await connection.execute(sa.delete(attachments).where(attachments.c.id == attachment_id))


async def is_answered(connection: AsyncConnection, key: Key | None) -> bool:
    """Whether there is an answer under this key, whatever was asked; its fingerprint is known only when all of the file
    is here."""
    if key is None:
        return False
    given = {name: value for name, value in key.row().items() if name != "fingerprint"}
    return (await connection.execute(_ANSWERED, given)).first() is not None


async def known(connection: AsyncConnection, ids: Sequence[UUID]) -> set[UUID]:
    """Those that have a row that wants its blob."""
    wanted = sa.select(attachments.c.id).where(attachments.c.id.in_(ids), _LIVE)
    return set((await connection.execute(wanted)).scalars())


async def ids_after(connection: AsyncConnection, after: UUID, size: int) -> list[UUID]:
    """A page of all rows that want their blobs."""
    wanted = sa.select(attachments.c.id).where(attachments.c.id > after, _LIVE)
    return list((await connection.execute(wanted.order_by(attachments.c.id).limit(size))).scalars())
