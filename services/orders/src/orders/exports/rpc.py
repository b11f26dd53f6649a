"""OrderExportService."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar

from commis.orders.v1 import entry_pb2 as pb
from commis.orders.v1 import entry_pb2_grpc

from chassis import fields
from chassis.access import Rule
from chassis.errors import ResourceExhausted, Violations
from orders import access
from orders.exports import files, use_cases
from orders.infrastructure import Infrastructure
from orders.sheets import list_request
from orders.sheets.rpc import READERS

# In each replica. Nobody keeps the others from theirs.
MAX_AT_ONCE, MAX_OF_CALLER = 8, 2
PIECE = 256 * 1024


class ExportsBusy(ResourceExhausted):
    reason = "EXPORTS_BUSY"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"No more than {limit} exports at once; try again later.", limit=limit, retry_after=5.0
        )


class OrderExportServicer(entry_pb2_grpc.OrderExportServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {"ExportOrders": READERS}

    def __init__(self, infra: Infrastructure) -> None:
        self._infra = infra
        self._running: list[tuple[str, str]] = []

    async def ExportOrders(
        self, request: pb.ExportOrdersRequest, ctx: Any
    ) -> AsyncIterator[pb.ExportOrdersResponse]:
        v = Violations()
        form = fields.enum(v, "format", request.format, pb.ExportOrdersRequest.Format)
        command = list_request.wanted(v, request.filter, "filter.")
        v.raise_if_any()
        caller = access.caller().owner
        if self._running.count(caller) >= MAX_OF_CALLER:
            raise ExportsBusy(MAX_OF_CALLER)
        if len(self._running) >= MAX_AT_ONCE:
            raise ExportsBusy(MAX_AT_ONCE)
        self._running.append(caller)
        try:
            rows = use_cases.export_orders(self._infra, command)
            content = files.as_csv(rows) if form == "FORMAT_CSV" else files.as_xlsx(rows)
            async for piece in _pieces(content):
                yield pb.ExportOrdersResponse(content=piece)
        finally:
            self._running.remove(caller)


async def _pieces(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Neither crumbs nor lumps."""
    waiting = bytearray()
    async for part in content:
        waiting += part
        while len(waiting) >= PIECE:
            yield bytes(waiting[:PIECE])
            del waiting[:PIECE]
    yield bytes(waiting)
