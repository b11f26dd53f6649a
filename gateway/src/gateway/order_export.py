"""GET /v1/orders:export: passes a list of orders on as a file, a piece at a time."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from commis.orders.v1.entry_pb2 import DESCRIPTOR, ExportOrdersRequest

from chassis.errors import Violations
from gateway.clients import Clients, path_of
from gateway.exchange import Exchange, Scope
from gateway.problems import invalid_fields
from gateway.query import Query, query_reader
from gateway.routes.orders import FILTERS
from gateway.streaming import listened_to, pass_on

METHOD = DESCRIPTOR.services_by_name["OrderExportService"].methods_by_name["ExportOrders"]
PATH = "/v1/orders:export"
MEDIA_TYPES = {
    ExportOrdersRequest.FORMAT_CSV: ("text/csv; charset=utf-8", "orders.csv"),
    ExportOrdersRequest.FORMAT_XLSX: (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "orders.xlsx",
    ),
}
QUERY = (
    Query("format", required=True, lower=True),
    *(replace(query, to=f"filter.{query.to or query.name}") for query in FILTERS),
)
_BACK = {query.to: query.name for query in QUERY if query.to}
_TIMEOUT = 3600.0


class OrderExport:
    """Raises Problem and grpc.aio.AioRpcError like every endpoint."""

    name = "exportOrders"

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._query = query_reader(QUERY, ExportOrdersRequest.DESCRIPTOR)

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        exchange: Exchange = scope["exchange"]
        exchange.route, exchange.client_path = self.name, _client_path
        violations = Violations()
        fields = self._query(scope["query_string"], violations)
        if violations:
            raise invalid_fields(violations)
        await self._clients.connected("orders")
        request = ExportOrdersRequest(**fields)
        stream = self._clients[path_of(METHOD)](request, timeout=_TIMEOUT, metadata=exchange.metadata())
        async with listened_to(stream, receive) as parts:
            await pass_on(parts, send, *MEDIA_TYPES[request.format])


def _client_path(path: str) -> str:
    """`filter.states[2]` -> `state[2]`."""
    name = re.split(r"\[", path, maxsplit=1)[0]
    return _BACK.get(name, name) + path[len(name) :]
