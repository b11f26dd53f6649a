"""POST /v1/order-batches: answers each order of an upload as soon as it is done."""

from __future__ import annotations

from typing import Any

import orjson

from gateway.clients import Clients
from gateway.endpoint import JSON, Endpoint
from gateway.exchange import Exchange, Scope
from gateway.operation import Body, Operation
from gateway.streaming import give, listened_to
from gateway.wire.render import renderer

LINES = "application/x-ndjson"
MAX_BYTES = 8 * 1024 * 1024
_DESCRIPTION = """\
At most 500 orders that a representative took offline, in up to 8 MiB, known by ids that the client made (UUIDv7).
Each is answered as soon as it is done, in the order given: one JSON object a line when the client accepts
`application/x-ndjson`, else as the items of one JSON object that grows. The same upload may be sent again after a
lost answer: what was placed answers ALREADY_PLACED. What did not fit into the time answers TRY_AGAIN. An answer that
ends early was cut off: send the rest again."""
OPERATION = Operation(
    "POST",
    "/v1/order-batches",
    "orders.v1.OrderBatchService/UploadOrders",
    "Orders",
    "Upload orders taken offline",
    description=_DESCRIPTION,
    body=Body(),
    timeout=600.0,
    errors="INVALID_FIELDS",
)


class OrderBatches(Endpoint):
    def __init__(self, clients: Clients) -> None:
        super().__init__(OPERATION, clients, MAX_BYTES)
        self._each = renderer(OPERATION.response)

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        exchange: Exchange = scope["exchange"]
        exchange.route, exchange.client_path = self.name, self._inputs.client_path
        body = await self._body(exchange, receive)
        request = self._make(**self._inputs.read(exchange, {}, scope["query_string"], body))
        await self._clients.connected(OPERATION.service)
        stream = self._clients[self._rpc](request, timeout=OPERATION.timeout, metadata=exchange.metadata())
        by_line = LINES.encode() in exchange.headers.get(b"accept", b"").lower()
        async with listened_to(stream, receive) as answers:
            await self._pass_on(answers, send, by_line=by_line)

    async def _pass_on(self, answers: Any, send: Any, *, by_line: bool) -> None:
        """What can be refused is refused before the first."""
        begin, between, end = (b"", b"\n", b"\n") if by_line else (b'{"items":[', b",", b"]}")
        first = await anext(answers)
        headers = [(b"content-type", LINES.encode() if by_line else JSON)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await self._write(send, begin, first)
        async for answer in answers:
            await self._write(send, between, answer)
        await give(send, end, more=False)

    async def _write(self, send: Any, before: bytes, answer: Any) -> None:
        await give(send, before + orjson.dumps(self._each(answer)))
