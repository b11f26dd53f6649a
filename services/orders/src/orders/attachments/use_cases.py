"""Add, read, list and remove the files of an order: bytes first, then the row, in one transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from google.protobuf.message import Message

from chassis.errors import FailedPrecondition, InvalidArgument, NotFound
from chassis.ids import new_id
from orders import access, answers
from orders import store as order_store
from orders.access import Caller
from orders.answers import AlreadyAnswered, Key
from orders.attachments import names, receiving, sheet_log, store
from orders.attachments.blobs import BlobNotFound
from orders.attachments.domain import (
    Attachment,
    AttachmentNotFound,
    AttachmentNotYours,
    BlobMissing,
    check_room,
    check_sheet,
)
from orders.attachments.receiving import Received
from orders.attachments.sheet_log import Note
from orders.domain.errors import OrderLineNotFound, OrderNotFound
from orders.domain.model import Order
from orders.domain.parties import Party
from orders.infrastructure import Infrastructure
from orders.shared.domain.sheet import Sheet

R = TypeVar("R", bound=Message)


@dataclass(frozen=True, slots=True)
class AddAttachment:
    """`key`: of the request with this digest of its content; None without a request_id."""

    order_id: UUID
    line_id: UUID | None
    file_name: str
    key: Callable[[bytes], Key | None]


@dataclass(frozen=True, slots=True)
class Added:
    """How a file becomes the answer, and how a stored answer is read again."""

    build: Callable[[Attachment], Message]
    parse: Callable[[bytes], Message]


@dataclass(frozen=True, slots=True)
class RemoveAttachment:
    order_id: UUID
    attachment_id: UUID
    key: Key | None


def _check_open(order: Order, sheet: Sheet | None, line_id: UUID | None) -> None:
    """Raises OrderNotEditable, OrderLineNotFound."""
    check_sheet(order.state)
    if line_id is not None and line_id not in sheet_log.lines_of(order, sheet):
        raise OrderLineNotFound(line_id)


async def add_attachment(
    infra: Infrastructure, cmd: AddAttachment, parts: AsyncIterator[bytes], reply: Added
) -> Message:
    """Raises OrderNotFound, OrderLineNotFound, OrderNotEditable, TooManyAttachments, AttachmentTooLarge,
    AttachmentTypeNotAllowed, InvalidFields, RequestIdReused; then nothing is kept."""
    caller = access.caller()
    async with infra.engine.connect() as connection:
        order = await order_store.find(connection, cmd.order_id)
        sheet = await sheet_log.find(connection, caller, order)
        answered = await store.is_answered(connection, cmd.key(b""))
        sizes = [each.size_bytes for each in await store.of_order(connection, cmd.order_id)]
    if order is None:
        raise OrderNotFound(cmd.order_id)
    facts = await access.context_of(infra.ports.customers, caller, order)
    if answered:
        return await _again(infra, cmd.key(await receiving.digest(parts)), reply)
    _check_open(order, sheet, cmd.line_id)
    check_room(sizes, 0)
    await sheet_log.foresee(infra, order)
    made = new_id()
    upload = await infra.blobs.receive()
    try:
        received = await receiving.receive(parts, upload)
        await upload.keep(made)
    finally:
        upload.drop()
    file = _attachment(infra, cmd, made, received, facts.actor)
    return await _record(infra, cmd, file, caller, reply)


def _attachment(
    infra: Infrastructure, cmd: AddAttachment, made: UUID, received: Received, actor: Party
) -> Attachment:
    return Attachment(
        id=made,
        order_id=cmd.order_id,
        line_id=cmd.line_id,
        file_name=names.clean(cmd.file_name, received.media_type),
        media_type=received.media_type,
        size_bytes=received.size_bytes,
        sha256=received.sha256,
        added_by=actor,
        create_time=infra.clock(),
    )


async def _record(
    infra: Infrastructure, cmd: AddAttachment, made: Attachment, caller: Caller, reply: Added
) -> Message:
    """When nobody knows whether the row was written, the blob is left to the sweeper, which does."""
    answer, key = reply.build(made), cmd.key(made.sha256)
    try:
        async with infra.sessions.begin() as session:
            connection = await session.connection()
            order = await order_store.lock(connection, cmd.order_id)
            if order is None:
                raise OrderNotFound(cmd.order_id)
            sheet = await sheet_log.find(connection, caller, order)
            _check_open(order, sheet, cmd.line_id)
            present = await store.of_order(connection, cmd.order_id)
            check_room([each.size_bytes for each in present], made.size_bytes)
            await store.add(connection, made)
            if sheet is not None:
                note = Note(sheet_log.ADDED, made, made.added_by, made.create_time)
                await sheet_log.record(infra, session, order, sheet, caller, note)
            await answers.store(connection, key, answer)
    except AlreadyAnswered:
        await infra.blobs.delete([made.id])
        return await _again(infra, key, reply)
    except (NotFound, FailedPrecondition, InvalidArgument):
        await infra.blobs.delete([made.id])
        raise
    return answer


async def _again(infra: Infrastructure, key: Key | None, reply: Added) -> Message:
    """The stored answer. Raises RequestIdReused."""
    async with infra.engine.connect() as connection:
        stored = await answers.find(connection, key)
    return reply.parse(stored or b"")


async def list_attachments(infra: Infrastructure, order_id: UUID) -> list[Attachment]:
    """Raises OrderNotFound."""
    caller = access.caller()
    async with infra.engine.connect() as connection:
        order = await order_store.find(connection, order_id)
        await sheet_log.find(connection, caller, order)
        found = await store.of_order(connection, order_id)
    await access.check_visible(infra.ports.customers, caller, order, order_id)
    return found


async def _visible(
    infra: Infrastructure, caller: Caller, order_id: UUID, attachment_id: UUID
) -> tuple[Order, Attachment]:
    """Raises AttachmentNotFound, also for an order that the caller may not see."""
    try:
        async with infra.engine.connect() as connection:
            order = await order_store.find(connection, order_id)
            await sheet_log.find(connection, caller, order)
            found = await store.find(connection, order_id, attachment_id)
        order = await access.check_visible(infra.ports.customers, caller, order, order_id)
    except OrderNotFound:
        raise AttachmentNotFound(attachment_id) from None
    if found is None:
        raise AttachmentNotFound(attachment_id)
    return order, found


async def read_attachment(
    infra: Infrastructure, order_id: UUID, attachment_id: UUID
) -> AsyncIterator[tuple[Attachment, bytes]]:
    """The file with each piece of its content. Raises AttachmentNotFound, BlobMissing."""
    _, found = await _visible(infra, access.caller(), order_id, attachment_id)
    try:
        async for piece in infra.blobs.read(found.id, found.size_bytes):
            yield found, piece
    except BlobNotFound:
        raise BlobMissing(attachment_id) from None


async def remove_attachment(infra: Infrastructure, cmd: RemoveAttachment, answer: Message) -> None:
    """Raises AttachmentNotFound, AttachmentNotYours, OrderNotEditable, RequestIdReused."""
    caller = access.caller()
    async with infra.engine.connect() as connection:
        if await answers.find(connection, cmd.key) is not None:
            return
    order, found = await _visible(infra, caller, cmd.order_id, cmd.attachment_id)
    mine = (found.added_by.kind, found.added_by.id) == (caller.actor_kind, caller.actor_id)
    if not mine and caller.actor_kind != "STAFF":
        raise AttachmentNotYours(found.id)
    actor = found.added_by
    if not mine and order.shared:  # the log names who did it
        actor = (await access.context_of(infra.ports.customers, caller, order)).actor
    await sheet_log.foresee(infra, order)
    try:
        note = Note(sheet_log.REMOVED, found, actor, infra.clock())
        await _remove(infra, cmd, caller, note, answer)
    except AlreadyAnswered:
        return
    await infra.blobs.delete([found.id])


async def _remove(
    infra: Infrastructure, cmd: RemoveAttachment, caller: Caller, note: Note, answer: Message
) -> None:
    async with infra.sessions.begin() as session:
        connection = await session.connection()
        locked = await order_store.lock(connection, cmd.order_id)
        if locked is None or await store.find(connection, cmd.order_id, note.file.id) is None:
            raise AttachmentNotFound(note.file.id)
        check_sheet(locked.state)
        sheet = await sheet_log.find(connection, caller, locked)
        await store.remove(connection, note.file.id)
        if sheet is not None:
            await sheet_log.record(infra, session, locked, sheet, caller, note)
        await answers.store(connection, cmd.key, answer)
