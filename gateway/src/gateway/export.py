"""GET /v1/exports: passes a file of the catalogue on as it is made, a piece at a time."""

from __future__ import annotations

import asyncio
from typing import Any

from commis.catalog.v1.exports_pb2 import ExportCatalogRequest

from chassis.errors import Violations
from gateway.clients import Clients
from gateway.endpoint import ClientGone
from gateway.exchange import Exchange, Scope
from gateway.problems import invalid_fields
from gateway.query import Query, query_reader

EXPORT = "/commis.catalog.v1.ExportService/ExportCatalog"
PATH = "/v1/exports"
QUERY = (Query("kind", required=True), Query("format", required=True))
_TIMEOUT = 3600.0


class Export:
    """Raises Problem and grpc.aio.AioRpcError like every endpoint; once the first piece is there, a failure can only
    cut the answer off, which the client sees by its missing end. A client who leaves ends the export."""

    name = "exportCatalog"

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._query = query_reader(QUERY, ExportCatalogRequest.DESCRIPTOR)

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        exchange: Exchange = scope["exchange"]
        exchange.route = self.name
        violations = Violations()
        fields = self._query(scope["query_string"], violations)
        if violations:
            raise invalid_fields(violations)
        await self._clients.connected("catalog")
        request = ExportCatalogRequest(**fields)
        stream = self._clients[EXPORT](request, timeout=_TIMEOUT, metadata=exchange.metadata())
        leaving = asyncio.create_task(_left(receive))
        leaving.add_done_callback(lambda _: stream.cancel())
        try:
            await self._pass_on(aiter(stream), send)
        except asyncio.CancelledError:
            if leaving.done():
                raise ClientGone from None
            raise
        finally:
            leaving.cancel()
            stream.cancel()

    async def _pass_on(self, parts: Any, send: Any) -> None:
        header = (await anext(parts)).header
        first = await anext(parts)  # what can be refused is refused before it
        headers = [
            (b"content-type", header.media_type.encode()),
            (b"content-disposition", f'attachment; filename="{header.file_name}"'.encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": first.content, "more_body": True})
        async for part in parts:
            await send({"type": "http.response.body", "body": part.content, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _left(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
