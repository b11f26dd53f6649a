"""POST /v1/orders/{id}/entry:check and :add: what people paste or upload, as it is; the media type says what it is.

The body is no JSON: a browser sends what is in its clipboard, or the file, and programs need not encode either. The
encoding of text is found in the text: what headers say of it is often wrong.
"""

from __future__ import annotations

from typing import Any

import orjson
from commis.orders.v1 import entry_pb2 as pb
from google.protobuf import message_factory

from chassis.errors import Violations
from gateway import headers as header
from gateway.clients import Clients, path_of
from gateway.endpoint import JSON, read_body, reply
from gateway.exchange import Exchange, Scope
from gateway.problems import Problem, invalid_fields
from gateway.query import query_reader
from gateway.wire.render import renderer

_RPCS = pb.DESCRIPTOR.services_by_name["QuickEntryService"].methods_by_name
CHECK, ADD = _RPCS["CheckEntry"], _RPCS["AddEntry"]
CHECK_PATH = "/v1/orders/{order_id:id}/entry:check"
ADD_PATH = "/v1/orders/{order_id:id}/entry:add"
FORMATS = {
    "text/plain": pb.ENTRY_FORMAT_TEXT,
    "text/tab-separated-values": pb.ENTRY_FORMAT_TEXT,
    "text/csv": pb.ENTRY_FORMAT_CSV,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": pb.ENTRY_FORMAT_XLSX,
}
# As orders has it; more need not be read.
MAX_BYTES = 5 * 1024**2
_TIMEOUT = 30.0  # 2 000 rows are resolved and priced
_HEADERS = {"request_id": header.KEY_HEADER, "etag": header.MATCH_HEADER, "content": "body"}


class Entry:
    """One of the two. Raises Problem and grpc.aio.AioRpcError like every endpoint."""

    def __init__(self, clients: Clients, rpc: Any) -> None:
        self.name = f"{rpc.name[0].lower()}{rpc.name[1:]}"
        self._clients = clients
        self._adds = rpc is ADD
        self._path = path_of(rpc)
        self._make = message_factory.GetMessageClass(rpc.input_type)
        self._query = query_reader((), rpc.input_type)
        self._show = renderer(rpc.output_type)

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        exchange: Exchange = scope["exchange"]
        exchange.route, exchange.client_path = self.name, lambda path: _HEADERS.get(path, path)
        order_id = header.canonical_uuid(scope["path_params"]["order_id"])
        if order_id is None:
            raise Problem(404, "ORDER_NOT_FOUND", "There is no such order.", domain="orders.commis")
        fields = self._headers(exchange, scope["query_string"])
        given = _format(exchange)
        content = await read_body(exchange, receive, MAX_BYTES)
        await self._clients.connected("orders")
        request = self._make(order_id=order_id, format=given, content=content, **fields)
        call = self._clients[self._path]
        answered = await call(request, timeout=_TIMEOUT, metadata=exchange.metadata())
        headers = [(b"content-type", JSON)]
        etag = header.sendable_etag(answered.order.etag) if self._adds else None
        if etag is not None:
            headers.append((b"etag", etag))
        await reply(send, 200, headers, orjson.dumps(self._show(answered)))

    def _headers(self, exchange: Exchange, query: bytes) -> dict[str, str]:
        """Raises Problem 400."""
        violations = Violations()
        if query:
            self._query(query, violations)
        fields = {}
        if self._adds:
            sent, token = exchange.headers, exchange.token or ""
            fields["request_id"] = header.request_id_of(
                sent.get(b"idempotency-key"), token, required=False, violations=violations
            )
            fields["etag"] = header.etag_of(sent.get(b"if-match"), violations)
        if violations:
            raise invalid_fields(violations)
        return fields


def _format(exchange: Exchange) -> Any:
    """By the media type. Raises Problem 415."""
    kind, _ = header.media_type(exchange.headers)
    encoding = exchange.headers.get(b"content-encoding", b"identity").lower()
    if kind not in FORMATS or encoding != b"identity":
        detail = f"The body must be {', '.join(FORMATS)}, not compressed."
        raise Problem(415, "UNSUPPORTED_MEDIA_TYPE", detail, headers={"Accept": ", ".join(FORMATS)})
    return FORMATS[kind]
