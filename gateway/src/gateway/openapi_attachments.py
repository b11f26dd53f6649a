"""The routes that carry the content of files at an order, as OpenAPI."""

from __future__ import annotations

from typing import Any

from commis.orders.v1.attachments_pb2 import AddAttachmentRequest, Attachment

from gateway import attachments, openapi_problems
from gateway.query import documented
from gateway.wire import schema
from gateway.wire.schema import Schemas

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_KINDS = (
    *("application/pdf", "image/png", "image/jpeg", "image/webp", "image/gif", "image/tiff", "image/heic"),
    "text/plain",
)
_ADDING = """\
At most 10 MiB, read as it arrives; 50 files and 100 MiB in an order. What it is, is found in the file, whatever the
headers say: PDF, PNG, JPEG, WebP, GIF, TIFF, HEIC, or plain text in UTF-8 without markup.

Reasons of errors: `ORDER_NOT_FOUND`, `ORDER_LINE_NOT_FOUND`, `ORDER_NOT_EDITABLE`, `ATTACHMENT_TYPE_NOT_ALLOWED`,
`ATTACHMENT_TOO_LARGE`, `TOO_MANY_ATTACHMENTS`, `INVALID_FIELDS`."""


def add_to(paths: dict[str, dict[str, Any]], schemas: Schemas) -> None:
    """Adds them to the paths of the document."""
    paths[attachments.PATH.replace(":id}", "}")]["post"] = _add(schemas)
    paths[attachments.CONTENT_PATH.replace(":id}", "}")] = {"get": _read()}


def _ids(*names: str) -> list[dict[str, Any]]:
    kind = {"type": "string", "format": "uuid"}
    return [{"name": name, "in": "path", "required": True, "schema": kind} for name in names]


def _add(schemas: Schemas) -> dict[str, Any]:
    shape = schemas.shown(Attachment.DESCRIPTOR)
    fields = {item.name: item for item in Attachment.DESCRIPTOR.fields}
    shown = {"schema": shape, "example": schema.example(fields, accepted=False)}
    return {
        "operationId": attachments.AddFile.name,
        "tags": ["Attachments"],
        "summary": "Add a file to an order",
        "description": _ADDING,
        "parameters": [
            *_ids("order_id"),
            *documented(attachments.QUERY, AddAttachmentRequest.DESCRIPTOR, schemas),
            openapi_problems.key_parameter(required=False),
        ],
        "requestBody": {"required": True, "content": {"application/octet-stream": _BINARY}},
        "responses": {
            "201": {
                "description": "Created.",
                "headers": {"Location": {"$ref": "#/components/headers/Location"}},
                "content": {"application/json": shown},
            },
            **openapi_problems.listed(400, 401, 403, 404, 408, 413, 415, 422, 429, 431, 500, 503, 504),
        },
    }


def _read() -> dict[str, Any]:
    return {
        "operationId": attachments.ReadFile.name,
        "tags": ["Attachments"],
        "summary": "Download a file of an order",
        "description": "To be saved, never to be shown: of the type that its content has, in a sandbox.\n\n"
        "Reasons of errors: `ATTACHMENT_NOT_FOUND`, `ATTACHMENT_UNAVAILABLE`.",
        "parameters": _ids("order_id", "attachment_id"),
        "responses": {
            "200": {"description": "Done.", "content": dict.fromkeys(_KINDS, _BINARY)},
            **openapi_problems.listed(400, 401, 403, 404, 429, 431, 500, 503, 504),
        },
    }
