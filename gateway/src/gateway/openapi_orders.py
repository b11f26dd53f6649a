"""The routes of orders that answer piece by piece, as OpenAPI."""

from __future__ import annotations

from typing import Any

from commis.orders.v1.entry_pb2 import ExportOrdersRequest

from gateway import openapi_problems, order_batches, order_export
from gateway.query import documented
from gateway.wire import schema
from gateway.wire.schema import Schemas


def add_to(paths: dict[str, dict[str, Any]], schemas: Schemas) -> None:
    """Adds the export; the upload is there as every other operation, but for its answer."""
    paths[order_export.PATH] = {"get": _export(schemas)}
    _answered_piece_by_piece(paths[order_batches.OPERATION.path]["post"], schemas)


def _export(schemas: Schemas) -> dict[str, Any]:
    file = {"schema": {"type": "string", "format": "binary"}}
    media_types = [kind.partition(";")[0] for kind, _ in order_export.MEDIA_TYPES.values()]
    return {
        "operationId": order_export.OrderExport.name,
        "tags": ["Orders"],
        "summary": "Export orders",
        "description": "What the list would show, all of it, as a file. Texts that begin like a formula (= + - @, tab, "
        "return) get an apostrophe before them. Amounts are decimals of the currency beside them, instants UTC. Two at "
        "once for each caller; a client that takes nothing for 30 s is cut off.\n\n"
        "Reasons of errors: `INVALID_FIELDS`, `EXPORTS_BUSY`, `TOO_MANY_ROWS`.",
        "parameters": documented(order_export.QUERY, ExportOrdersRequest.DESCRIPTOR, schemas),
        "responses": {
            "200": {"description": "Done.", "content": dict.fromkeys(media_types, file)},
            **openapi_problems.listed(400, 401, 403, 429, 431, 500, 503, 504),
        },
    }


def _answered_piece_by_piece(described: dict[str, Any], schemas: Schemas) -> None:
    """The answer to an upload of orders, in both its forms."""
    response = order_batches.OPERATION.response
    one = schemas.shown(response)
    example = schema.example({field.name: field for field in response.fields}, accepted=False)
    listed = {
        "type": "object",
        "properties": {"items": {"type": "array", "items": one}},
        "required": ["items"],
    }
    described["responses"]["200"]["content"] = {
        "application/json": {"schema": listed, "example": {"items": [example]}},
        order_batches.LINES: {"schema": one, "example": example},
    }
