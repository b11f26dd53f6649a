"""POST /v1/imports: passes a file of up to 2 GiB on to the catalogue as it arrives, a piece at a time."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import orjson
from commis.catalog.v1.imports_pb2 import Import, UploadImportHeader, UploadImportRequest

from chassis.errors import Violations
from gateway import headers as header
from gateway import streaming
from gateway.clients import Clients
from gateway.endpoint import JSON, check_length, reply
from gateway.exchange import Exchange, Scope
from gateway.problems import Problem, invalid_fields
from gateway.query import Query, query_reader
from gateway.wire.render import renderer

UPLOAD = "/commis.catalog.v1.ImportService/UploadImport"
PATH = "/v1/imports"
QUERY = (
    Query("kind", required=True),
    Query("file_name", description="The client's own name of the file, for people."),
)
# The encoding of a file is found in the file: what headers say of it is often wrong.
FORMATS = {
    "text/csv": Import.FORMAT_CSV,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": Import.FORMAT_XLSX,
    "application/xml": Import.FORMAT_ONIX,
    "text/xml": Import.FORMAT_ONIX,
}
_TIMEOUT = 3600.0


class Upload:
    """Raises Problem and grpc.aio.AioRpcError like every endpoint."""

    name = "uploadImport"

    def __init__(self, clients: Clients, max_bytes: int) -> None:
        self._clients = clients
        self._limit = max_bytes
        self._query = query_reader(QUERY, UploadImportHeader.DESCRIPTOR)
        self._show = renderer(Import.DESCRIPTOR)

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        exchange: Exchange = scope["exchange"]
        exchange.route, exchange.client_path = self.name, _client_path
        first = self._header(exchange, scope["query_string"])
        first.format = _format(exchange)
        check_length(exchange, self._limit)
        await self._clients.connected("catalog")
        upload = streaming.Upload(
            UploadImportRequest(header=first),
            lambda piece: UploadImportRequest(content=piece),
            receive,
            self._limit,
        )
        answered = await upload.through(self._clients[UPLOAD], _TIMEOUT, exchange.metadata())
        shown = self._show(getattr(answered, "import"))
        location = f"{PATH}/{quote(shown['id'], safe='')}".encode()
        headers = [(b"content-type", JSON), (b"location", location)]
        await reply(send, 202, headers, orjson.dumps(shown))

    def _header(self, exchange: Exchange, query: bytes) -> UploadImportHeader:
        violations = Violations()
        fields = self._query(query, violations)
        key = exchange.headers.get(b"idempotency-key")
        request_id = header.request_id_of(key, exchange.token or "", required=False, violations=violations)
        if violations:
            raise invalid_fields(violations)
        return UploadImportHeader(request_id=request_id, **fields)


def _format(exchange: Exchange) -> Any:
    """By the media type. Raises Problem 415."""
    kind, _ = header.media_type(exchange.headers)
    encoding = exchange.headers.get(b"content-encoding", b"identity").lower()
    if kind not in FORMATS or encoding != b"identity":
        detail = f"The body must be {', '.join(FORMATS)}, not compressed."
        raise Problem(415, "UNSUPPORTED_MEDIA_TYPE", detail, headers={"Accept": ", ".join(FORMATS)})
    return FORMATS[kind]


def _client_path(path: str) -> str:
    path = path.removeprefix("header.")
    return header.KEY_HEADER if path == "request_id" else path
