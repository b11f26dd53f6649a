"""Runs one operation: HTTP request -> protobuf -> RPC -> answer.

A plain ASGI application, because this is the hot path: FastAPI's dependency and response machinery costs more
than everything that is done here.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any
from urllib.parse import quote

import orjson
from google.protobuf import message_factory

from gateway import headers as header
from gateway.clients import Clients, path_of
from gateway.exchange import Exchange, Scope
from gateway.inputs import Inputs
from gateway.operation import TIMEOUT, Operation
from gateway.problems import Problem

JSON = b"application/json"

# A member of the answer in a location.
_MEMBER = re.compile(r"\{(\w+)\}")


class ClientGone(Exception):
    """The client closed the connection before its request was complete."""


class Endpoint:
    """Raises Problem and grpc.aio.AioRpcError; the edge turns both into answers."""

    def __init__(self, operation: Operation, clients: Clients, max_body_bytes: int) -> None:
        self.operation = operation
        self.name = operation.operation_id
        self._clients = clients
        self._rpc = path_of(operation.rpc_descriptor)
        self._make = message_factory.GetMessageClass(operation.request)
        self._inputs = Inputs(operation)
        self._show = operation.answers.shower(operation.response)
        self._etag = operation.answers.etag(operation.response)
        self._limit = min(operation.max_body_bytes or max_body_bytes, max_body_bytes)

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        exchange: Exchange = scope["exchange"]
        exchange.route, exchange.client_path = self.name, self._inputs.client_path
        ids = self._inputs.ids(scope["path_params"])
        body = await self._body(exchange, receive) if self.operation.body is not None else None
        fields = self._inputs.read(exchange, ids, scope["query_string"], body)
        await self._clients.connected(self.operation.service)
        call = self._clients[self._rpc]
        seconds = self.operation.timeout
        answered = await call(self._make(**fields), timeout=seconds, metadata=exchange.metadata())
        await self._answer(answered, send)

    async def _body(self, exchange: Exchange, receive: Any) -> Any:
        raw = await read_body(exchange, receive, self._limit)
        if not raw:
            if self.operation.body_required:
                raise Problem(400, "BODY_REQUIRED", "This request needs a JSON body.")
            return {}
        check_media_type(exchange, "application/json")
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise Problem(400, "INVALID_JSON", f"The body is not valid JSON: {error}.") from None

    async def _answer(self, answered: Any, send: Any) -> None:
        operation = self.operation
        headers: list[tuple[bytes, bytes]] = []
        body = b""
        if self._show is not None:
            shown = self._show(answered)
            body = orjson.dumps(shown)
            headers.append((b"content-type", JSON))
            if operation.location:
                location = _MEMBER.sub(lambda name: quote(shown[name[1]], safe=""), operation.location)
                headers.append((b"location", location.encode("ascii")))
        if self._etag is not None:
            etag = header.sendable_etag(self._etag(answered))
            if etag is not None:
                headers.append((b"etag", etag))
        await reply(send, operation.status, headers, body)


async def reply(send: Any, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    if status != 204:
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def check_media_type(exchange: Exchange, *wanted: str) -> None:
    """Raises Problem 415."""
    kind, charset = header.media_type(exchange.headers)
    encoding = exchange.headers.get(b"content-encoding", b"identity").lower()
    if kind not in wanted or charset not in {"utf-8", "utf8"} or encoding != b"identity":
        detail = f"The body must be {' or '.join(wanted)} in UTF-8, not compressed."
        raise Problem(415, "UNSUPPORTED_MEDIA_TYPE", detail, headers={"Accept": ", ".join(wanted)})


def check_length(exchange: Exchange, limit: int) -> None:
    """Raises Problem 413 when the client says that the body is too long."""
    announced = exchange.headers.get(b"content-length", b"0")
    if len(announced) > 18 or (announced.isdigit() and int(announced) > limit):
        raise too_large(limit)


def too_large(limit: int) -> Problem:
    return Problem(
        413, "BODY_TOO_LARGE", f"The body has more than {limit} bytes.", metadata={"limit": str(limit)}
    )


async def read_body(exchange: Exchange, receive: Any, limit: int) -> bytes:
    """The whole body. Raises Problem 413 beyond `limit` bytes, 408 for a client that dawdles; ClientGone."""
    check_length(exchange, limit)
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    if not message.get("more_body"):
        raw: bytes = message.get("body", b"")
        if len(raw) > limit:
            raise too_large(limit)
        return raw
    pieces = [message.get("body", b"")]
    size = len(pieces[0])
    try:
        async with asyncio.timeout(TIMEOUT):
            while message.get("more_body"):
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                pieces.append(message.get("body", b""))
                size += len(pieces[-1])
                if size > limit:
                    raise too_large(limit)
    except TimeoutError:
        raise Problem(408, "BODY_TIMEOUT", "The body did not arrive in time.") from None
    return b"".join(pieces)
