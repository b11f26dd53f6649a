"""GET /v1/data-exports/{id}/archive: passes an archive on as it arrives, a piece at a time."""

from __future__ import annotations

from typing import Any

from commis.customers.v1.privacy_pb2 import DownloadDataExportRequest

from gateway import headers as header
from gateway.clients import Clients
from gateway.exchange import Exchange, Scope
from gateway.problems import Problem
from gateway.streaming import listened_to, pass_on

DOWNLOAD = "/commis.customers.v1.DataProtectionService/DownloadDataExport"
PATH = "/v1/data-exports/{data_export_id:id}/archive"
MEDIA_TYPE = "application/zip"
_TIMEOUT = 3600.0


class Download:
    """Raises Problem and grpc.aio.AioRpcError like every endpoint."""

    name = "downloadDataExport"

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        exchange: Exchange = scope["exchange"]
        exchange.route = self.name
        export_id = header.canonical_uuid(scope["path_params"]["data_export_id"])
        if export_id is None:
            raise Problem(
                404, "DATA_EXPORT_NOT_FOUND", "There is no such data export.", domain="customers.commis"
            )
        await self._clients.connected("customers")
        request = DownloadDataExportRequest(data_export_id=export_id)
        stream = self._clients[DOWNLOAD](request, timeout=_TIMEOUT, metadata=exchange.metadata())
        async with listened_to(stream, receive) as pieces:
            await pass_on(pieces, send, MEDIA_TYPE, f"data-export-{export_id}.zip")
