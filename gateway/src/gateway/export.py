"""GET /v1/exports: passes a file of the catalogue on as it is made, a piece at a time."""

from __future__ import annotations

from typing import Any

from commis.catalog.v1.exports_pb2 import ExportCatalogRequest

from chassis.errors import Violations
from gateway.clients import Clients
from gateway.exchange import Exchange, Scope
from gateway.problems import invalid_fields
from gateway.query import Query, query_reader
from gateway.streaming import listened_to, pass_on

EXPORT = "/commis.catalog.v1.ExportService/ExportCatalog"
PATH = "/v1/exports"
QUERY = (Query("kind", required=True), Query("format", required=True))
_TIMEOUT = 3600.0


class Export:
    """Raises Problem and grpc.aio.AioRpcError like every endpoint."""

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
        async with listened_to(stream, receive) as parts:
            header = (await anext(parts)).header
            await pass_on(parts, send, header.media_type, header.file_name)
