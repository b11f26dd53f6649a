"""GET /v1/data-exports/{id}/archive: passes an archive on as it arrives, a piece at a time."""

from __future__ import annotations

from typing import Any

from commis.customers.v1.privacy_pb2 import DownloadDataExportRequest

from gateway import headers as header
from gateway.clients import Clients
from gateway.exchange import Exchange, Scope
from gateway.problems import Problem

DOWNLOAD = "/commis.customers.v1.DataProtectionService/DownloadDataExport"
PATH = "/v1/data-exports/{data_export_id:id}/archive"
MEDIA_TYPE = "application/zip"
_TIMEOUT = 3600.0


class Download:
    """Raises Problem and grpc.aio.AioRpcError like every endpoint; once the first piece is there, a failure can only
    cut the answer off, which the client sees by its missing end."""

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
        pieces = aiter(stream)
        try:
            first = await anext(pieces)
            name = f'attachment; filename="data-export-{export_id}.zip"'
            headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-disposition", name.encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": first.content, "more_body": True})
            async for piece in pieces:
                await send({"type": "http.response.body", "body": piece.content, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            stream.cancel()
