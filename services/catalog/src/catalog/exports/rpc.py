"""ExportService."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, ClassVar

from commis.catalog.v1 import exports_pb2 as pb
from commis.catalog.v1 import exports_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncEngine

from catalog.exports import onix, sheets
from catalog.exports.domain import MEDIA_TYPES, SUFFIXES, ExportsBusy
from catalog.exports.rows import rows
from catalog.exports.snapshot import Snapshot, snapshot
from catalog.pricing.quote import Clock
from chassis import access, fields
from chassis.access import Rule
from chassis.errors import Violations

MAX_AT_ONCE = 2
PIECE = 256 * 1024


class ExportServicer(exports_pb2_grpc.ExportServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {"ExportCatalog": access.staff("CATALOGUE")}

    def __init__(self, engine: AsyncEngine, clock: Callable[[], Clock]) -> None:
        self._engine = engine
        self._clock = clock
        self._running = 0

    async def ExportCatalog(
        self, request: pb.ExportCatalogRequest, _context: Any
    ) -> AsyncIterator[pb.ExportCatalogResponse]:
        v = Violations()
        kind = fields.enum(v, "kind", request.kind, pb.ExportCatalogRequest.Kind).removeprefix("KIND_")
        form = fields.enum(v, "format", request.format, pb.ExportCatalogRequest.Format).removeprefix(
            "FORMAT_"
        )
        if form == "ONIX" and kind not in ("", "PRODUCTS"):
            v.add("kind", "must be PRODUCTS for ONIX, which brings their prices along", "UNSUPPORTED")
        v.raise_if_any()
        if self._running >= MAX_AT_ONCE:
            raise ExportsBusy(MAX_AT_ONCE)
        self._running += 1
        try:
            async with snapshot(self._engine) as found:
                name = f"{kind.lower()}.{SUFFIXES[form]}"
                yield pb.ExportCatalogResponse(
                    header=pb.ExportHeader(file_name=name, media_type=MEDIA_TYPES[form])
                )
                async for piece in _pieces(self._content(found, kind, form)):
                    yield pb.ExportCatalogResponse(content=piece)
        finally:
            self._running -= 1

    def _content(self, found: Snapshot, kind: str, form: str) -> AsyncIterator[bytes]:
        match form:
            case "CSV":
                return sheets.as_csv(rows(found, kind))
            case "XLSX":
                return sheets.as_xlsx(rows(found, kind))
        clock = self._clock()
        return onix.as_onix(found, clock.today, clock.instant)


async def _pieces(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Neither crumbs nor lumps."""
    waiting = bytearray()
    async for part in content:
        waiting += part
        while len(waiting) >= PIECE:
            yield bytes(waiting[:PIECE])
            del waiting[:PIECE]
    if waiting:
        yield bytes(waiting)
