"""AttachmentService."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar
from uuid import UUID

from commis.orders.v1 import attachments_pb2 as pb
from commis.orders.v1 import attachments_pb2_grpc

from chassis import fields
from chassis.access import Rule
from chassis.errors import Violations
from orders import answers, wire
from orders.answers import Key
from orders.attachments import use_cases
from orders.attachments.domain import MAX_PIECE, Attachment, AttachmentIncomplete
from orders.attachments.use_cases import AddAttachment, Added, RemoveAttachment
from orders.infrastructure import Infrastructure
from orders.sheets.rpc import CHANGERS, READERS

_ADDED = Added(
    lambda each: pb.AddAttachmentResponse(attachment=_attachment(each)), pb.AddAttachmentResponse.FromString
)


class AttachmentServicer(attachments_pb2_grpc.AttachmentServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "AddAttachment": CHANGERS,
        "ListAttachments": READERS,
        "ReadAttachment": READERS,
        "RemoveAttachment": CHANGERS,
    }

    def __init__(self, infra: Infrastructure) -> None:
        self._infra = infra

    async def AddAttachment(
        self, request: AsyncIterator[pb.AddAttachmentRequest], ctx: Any
    ) -> pb.AddAttachmentResponse:
        first = await anext(aiter(request), None)
        if first is None:
            raise AttachmentIncomplete
        done = await use_cases.add_attachment(self._infra, _add(first), _parts(first, request), _ADDED)
        assert isinstance(done, pb.AddAttachmentResponse)
        return done

    async def ListAttachments(
        self, request: pb.ListAttachmentsRequest, ctx: Any
    ) -> pb.ListAttachmentsResponse:
        v = Violations()
        order_id = fields.identifier(v, "order_id", request.order_id)
        v.raise_if_any()
        assert order_id is not None
        found = await use_cases.list_attachments(self._infra, order_id)
        return pb.ListAttachmentsResponse(attachments=map(_attachment, found))

    async def ReadAttachment(
        self, request: pb.ReadAttachmentRequest, ctx: Any
    ) -> AsyncIterator[pb.ReadAttachmentResponse]:
        order_id, attachment_id = _named(request)
        told = False
        async for found, piece in use_cases.read_attachment(self._infra, order_id, attachment_id):
            yield pb.ReadAttachmentResponse(attachment=None if told else _attachment(found), content=piece)
            told = True

    async def RemoveAttachment(
        self, request: pb.RemoveAttachmentRequest, ctx: Any
    ) -> pb.RemoveAttachmentResponse:
        key = answers.key("RemoveAttachment", request, request.request_id)
        command = RemoveAttachment(*_named(request), key)
        answer = pb.RemoveAttachmentResponse()
        await use_cases.remove_attachment(self._infra, command, answer)
        return answer


def _add(first: pb.AddAttachmentRequest) -> AddAttachment:
    v = Violations()
    order_id = fields.identifier(v, "order_id", first.order_id)
    line_id = fields.identifier(v, "line_id", first.line_id, required=False)
    file_name = fields.text(v, "file_name", first.file_name, max_length=255)
    fields.identifier(v, "request_id", first.request_id, required=False)
    v.raise_if_any()
    assert order_id is not None

    def key(sha256: bytes) -> Key | None:
        named = pb.AddAttachmentRequest(
            order_id=first.order_id, line_id=first.line_id, file_name=first.file_name, content=sha256
        )
        return answers.key("AddAttachment", named, first.request_id)

    return AddAttachment(order_id, line_id, file_name, key)


async def _parts(
    first: pb.AddAttachmentRequest, rest: AsyncIterator[pb.AddAttachmentRequest]
) -> AsyncIterator[bytes]:
    """The content up to the empty message that ends it. A stream that merely stops was cut off: its iterator ends
    just as that of a whole one, also when the client is gone.

    Raises AttachmentIncomplete, InvalidFields.
    """
    _check_part(first, alone=False)
    yield first.content
    async for message in rest:
        _check_part(message, alone=True)
        if not message.content:
            return
        yield message.content
    raise AttachmentIncomplete


def _check_part(message: pb.AddAttachmentRequest, *, alone: bool) -> None:
    """Raises InvalidFields."""
    v = Violations()
    if len(message.content) > MAX_PIECE:
        v.add("content", f"must have at most {MAX_PIECE} bytes per message", "TOO_LONG")
    if alone and message != pb.AddAttachmentRequest(content=message.content):
        v.add("content", "must be alone after the first message")
    v.raise_if_any()


def _named(request: pb.ReadAttachmentRequest | pb.RemoveAttachmentRequest) -> tuple[UUID, UUID]:
    v = Violations()
    order_id = fields.identifier(v, "order_id", request.order_id)
    attachment_id = fields.identifier(v, "attachment_id", request.attachment_id)
    v.raise_if_any()
    assert order_id is not None
    assert attachment_id is not None
    return order_id, attachment_id


def _attachment(each: Attachment) -> pb.Attachment:
    return pb.Attachment(
        id=str(each.id),
        order_id=str(each.order_id),
        line_id=str(each.line_id or ""),
        file_name=each.file_name,
        media_type=each.media_type,
        size_bytes=each.size_bytes,
        sha256=each.sha256.hex(),
        added_by=wire.party(each.added_by),
        create_time=wire.time(each.create_time),
    )
