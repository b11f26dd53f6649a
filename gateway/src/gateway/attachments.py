"""Files at an order, in and out: POST /v1/orders/{id}/attachments and GET .../attachments/{id}/content.

What comes out is data and nothing else (OWASP File Upload Cheat Sheet): always saved and never shown, of the type that
its content has, and if a browser opened it all the same, in a sandbox where nothing runs.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import orjson
from commis.orders.v1.attachments_pb2 import AddAttachmentRequest, Attachment, ReadAttachmentRequest

from chassis.errors import Violations
from gateway import headers as header
from gateway.clients import Clients
from gateway.endpoint import JSON, check_length, reply
from gateway.exchange import Exchange, Scope
from gateway.problems import Problem, invalid_fields
from gateway.query import Query, query_reader
from gateway.streaming import Upload, give, listened_to
from gateway.wire.render import renderer

ADD = "/commis.orders.v1.AttachmentService/AddAttachment"
READ = "/commis.orders.v1.AttachmentService/ReadAttachment"
PATH = "/v1/orders/{order_id:id}/attachments"
CONTENT_PATH = "/v1/orders/{order_id:id}/attachments/{attachment_id:id}/content"
QUERY = (
    Query("file_name", description="The client's own name of the file; it is made harmless."),
    Query("line_id", description="Of which line; absent: of the whole order."),
)
# As orders has it; more need not be read.
MAX_BYTES = 10 * 1024**2
_SECONDS = 600.0
_ALWAYS = [
    (b"content-security-policy", b"sandbox; default-src 'none'"),
    (b"cache-control", b"private, no-store"),
]


class AddFile:
    """Raises Problem and grpc.aio.AioRpcError like every endpoint."""

    name = "addAttachment"

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._query = query_reader(QUERY, AddAttachmentRequest.DESCRIPTOR)
        self._show = renderer(Attachment.DESCRIPTOR)

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        exchange: Exchange = scope["exchange"]
        exchange.route, exchange.client_path = self.name, _client_path
        order_id = _id(scope, "order_id", "ORDER_NOT_FOUND")
        first = self._first(exchange, scope["query_string"], order_id)
        if exchange.headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise Problem(415, "UNSUPPORTED_MEDIA_TYPE", "The body must not be compressed.")
        check_length(exchange, MAX_BYTES)
        await self._clients.connected("orders")
        upload = Upload(first, lambda piece: AddAttachmentRequest(content=piece), receive, MAX_BYTES)
        answered = await upload.through(self._clients[ADD], _SECONDS, exchange.metadata())
        shown = self._show(answered.attachment)
        location = f"/v1/orders/{order_id}/attachments/{quote(shown['id'], safe='')}/content".encode()
        await reply(send, 201, [(b"content-type", JSON), (b"location", location)], orjson.dumps(shown))

    def _first(self, exchange: Exchange, query: bytes, order_id: str) -> AddAttachmentRequest:
        violations = Violations()
        fields = self._query(query, violations)
        key = exchange.headers.get(b"idempotency-key")
        request_id = header.request_id_of(key, exchange.token or "", required=False, violations=violations)
        if violations:
            raise invalid_fields(violations)
        return AddAttachmentRequest(order_id=order_id, request_id=request_id, **fields)


class ReadFile:
    """Raises Problem and grpc.aio.AioRpcError like every endpoint."""

    name = "readAttachment"

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        exchange: Exchange = scope["exchange"]
        exchange.route = self.name
        request = ReadAttachmentRequest(
            order_id=_id(scope, "order_id", "ATTACHMENT_NOT_FOUND"),
            attachment_id=_id(scope, "attachment_id", "ATTACHMENT_NOT_FOUND"),
        )
        await self._clients.connected("orders")
        stream = self._clients[READ](request, timeout=_SECONDS, metadata=exchange.metadata())
        async with listened_to(stream, receive) as parts:
            first = await anext(parts)
            headers = _headers(first.attachment)
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await give(send, first.content)
            async for part in parts:
                await give(send, part.content)
            await give(send, b"", more=False)


def _headers(found: Attachment) -> list[tuple[bytes, bytes]]:
    return [
        (b"content-type", found.media_type.encode("latin-1")),
        (b"content-length", str(found.size_bytes).encode()),
        (b"content-disposition", disposition(found.file_name)),
        *_ALWAYS,
    ]


def disposition(file_name: str) -> bytes:
    """RFC 6266: the name in ASCII for old clients, and as RFC 8187 has it for all others."""
    plain = "".join(each if " " <= each <= "~" and each not in '"\\%' else "_" for each in file_name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}".encode("ascii")


def _id(scope: Scope, name: str, reason: str) -> str:
    """Raises Problem 404 for what can be the id of nothing."""
    found = header.canonical_uuid(scope["path_params"][name])
    if found is None:
        raise Problem(404, reason, "There is no such thing.", domain="orders.commis")
    return found


def _client_path(path: str) -> str:
    return {"request_id": header.KEY_HEADER, "content": "body"}.get(path, path)
