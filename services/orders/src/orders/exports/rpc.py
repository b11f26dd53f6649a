"""OrderExportService."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar

from commis.orders.v1 import entry_pb2 as pb
from commis.orders.v1 import entry_pb2_grpc

from chassis import fields
from chassis.access import Rule
from chassis.errors import ResourceExhausted, Violations
from orders.exports import files, use_cases
from orders.infrastructure import Infrastructure
from orders.sheets import list_request
from orders.sheets.rpc import READERS

MAX_AT_ONCE = 4
PIECE = 256 * 1024


class ExportsBusy(ResourceExhausted):
    reason = "EXPORTS_BUSY"

    def __init__(self) -> None:
        message = f"There are {MAX_AT_ONCE} exports under way already; try again later."
        super().__init__(message, limit=MAX_AT_ONCE, retry_after=5.0)


class OrderExportServicer(entry_pb2_grpc.OrderExportServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {"ExportOrders": READERS}

    def __init__(self, infra: Infrastructure) -> None:
        self._infra = infra
        self._running = 0

    async def ExportOrders(
        self, request: pb.ExportOrdersRequest, ctx: Any
    ) -> AsyncIterator[pb.ExportOrdersResponse]:
        v = Violations()
        form = fields.enum(v, "format", request.format, pb.ExportOrdersRequest.Format)
        command = list_request.wanted(v, request.filter, "filter.")
        v.raise_if_any()
        if self._running >= MAX_AT_ONCE:
            raise ExportsBusy
        self._running += 1
        try:
            rows = use_cases.export_orders(self._infra, command)
            content = files.as_csv(rows) if form == "FORMAT_CSV" else files.as_xlsx(rows)
            async for piece in _pieces(content):
                yield pb.ExportOrdersResponse(content=piece)
        finally:
            self._running -= 1


async def _pieces(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Neither crumbs nor lumps."""
    waiting = bytearray()
    async for part in content:
        waiting += part
        while len(waiting) >= PIECE:
            yield bytes(waiting[:PIECE])
            del waiting[:PIECE]
    yield bytes(waiting)
