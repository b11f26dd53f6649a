"""Files of a shared order: who sees them before it was sent, which lines it has, and what its log says of them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from orders.access import Caller
from orders.attachments.domain import Attachment
from orders.domain.errors import OrderNotFound
from orders.domain.model import Order
from orders.domain.parties import Party
from orders.infrastructure import Infrastructure
from orders.shared import store
from orders.shared.domain.sheet import Command, Sheet
from orders.shared.projecting import project
from orders.shared.recording import OPEN, actor_of, save, side_of

ADDED, REMOVED = "file_added", "file_removed"


async def find(connection: AsyncConnection, caller: Caller, order: Order | None) -> Sheet | None:
    """None for an order that is no shared one. Raises OrderNotFound for the side that it was not sent to yet."""
    sheet = await store.find(connection, order.id) if order is not None and order.shared else None
    if sheet is None or caller.actor_kind == "SERVICE" or sheet.visible_to(side_of(caller)):
        return sheet
    raise OrderNotFound(sheet.order_id)


def lines_of(order: Order, sheet: Sheet | None) -> set[UUID]:
    """Until a shared order is agreed, its lines are those of the sheet."""
    return {line.id for line in order.lines} if sheet is None else set(sheet.lines)


async def foresee(infra: Infrastructure, order: Order) -> None:
    """What `record` has to know of shipping methods; before the transaction."""
    if order.shared:
        await infra.methods.everything()


@dataclass(frozen=True, slots=True)
class Note:
    """`kind`: ADDED or REMOVED."""

    kind: str
    file: Attachment
    actor: Party
    time: datetime.datetime


async def record(
    infra: Infrastructure, session: AsyncSession, order: Order, sheet: Sheet, caller: Caller, note: Note
) -> None:
    """In the transaction that has locked the order, after `foresee`. Files need no agreement: nothing else of the sheet
    changes."""
    command = Command(actor_of(caller, note.actor), sheet.revision, note.time)
    file = note.file
    item = sheet.lines.get(file.line_id) if file.line_id is not None else None
    before, after = ("", file.file_name) if note.kind == ADDED else (file.file_name, "")
    sheet.record(command, note.kind, item, before=before, after=after)
    projected = project(infra, order, sheet)
    await save(session, projected, sheet, sheet.finish(), open_=order.state in OPEN)
