"""The routes that are no plain RPC, as OpenAPI: the upload, live feeds, tokens and keys, the hand-off by form."""

from __future__ import annotations

from typing import Any

from commis.catalog.v1.exports_pb2 import ExportCatalogRequest
from commis.catalog.v1.imports_pb2 import Import, UploadImportHeader

from gateway import download, export, handoff, oauth, openapi_feeds, openapi_problems, payment_notice, upload
from gateway.form import FORM
from gateway.query import documented
from gateway.wire import schema
from gateway.wire.schema import Schema, Schemas

DONE = {200: "Done.", 201: "Created.", 202: "Accepted; it happens later.", 204: "Done."}


def add_to(paths: dict[str, dict[str, Any]], schemas: Schemas) -> None:
    """Adds them to the paths of the document."""
    paths[upload.PATH]["post"] = _upload(schemas)
    paths[export.PATH] = {"get": _export(schemas)}
    paths[handoff.PATH] = {"post": _browser_handoff()}
    paths[payment_notice.PATH] = {"post": _payment_notice()}
    paths[download.PATH.replace(":id}", "}")] = {"get": _download()}
    for path, documented_ in openapi_feeds.paths().items():
        paths[path] = {"get": documented_}
    paths[oauth.TOKEN_PATH] = {"post": _token()}
    paths[oauth.KEYS_PATH] = {"get": _keys()}


def _upload(schemas: Schemas) -> dict[str, Any]:
    shape: Schema = schemas.shown(Import.DESCRIPTOR)
    fields = {item.name: item for item in Import.DESCRIPTOR.fields}
    return {
        "operationId": "uploadImport",
        "tags": ["Imports"],
        "summary": "Upload an import",
        "description": "A file of up to 2 GiB, read as it arrives; the job starts when all is here. The media type "
        "says whether it is CSV, XLSX or ONIX.\n\n"
        "Reasons of errors: `INVALID_FIELDS`, `IMPORT_TOO_LARGE`.",
        "parameters": [
            *documented(upload.QUERY, UploadImportHeader.DESCRIPTOR, schemas),
            openapi_problems.key_parameter(required=False),
        ],
        "requestBody": {
            "required": True,
            "content": {
                "text/csv": {"schema": {"type": "string"}, "example": "sku,name_fr\nA-1,Livre\n"},
                **{
                    kind: {"schema": {"type": "string", "format": "binary"}}
                    for kind in upload.FORMATS
                    if kind != "text/csv"
                },
            },
        },
        "responses": {
            "202": {
                "description": DONE[202],
                "headers": {"Location": {"$ref": "#/components/headers/Location"}},
                "content": {
                    "application/json": {"schema": shape, "example": schema.example(fields, accepted=False)}
                },
            },
            **openapi_problems.listed(400, 401, 403, 408, 413, 415, 422, 429, 431, 500, 503, 504),
        },
    }


def _export(schemas: Schemas) -> dict[str, Any]:
    media_types = ("text/csv", *(kind for kind in upload.FORMATS if kind != "text/xml"))
    return {
        "operationId": export.Export.name,
        "tags": ["Exports"],
        "summary": "Export products, prices, stock or books",
        "description": "One consistent view of the data, which POST /v1/imports takes unchanged; ONIX holds the books, "
        "with their prices.\n\nReasons of errors: `INVALID_FIELDS`, `EXPORTS_BUSY`, `CELL_TOO_LONG`, `TOO_MANY_ROWS`.",
        "parameters": documented(export.QUERY, ExportCatalogRequest.DESCRIPTOR, schemas),
        "responses": {
            "200": {
                "description": DONE[200],
                "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in media_types},
            },
            **openapi_problems.listed(400, 401, 403, 429, 431, 500, 503, 504),
        },
    }


def _download() -> dict[str, Any]:
    return {
        "operationId": download.Download.name,
        "tags": ["Data protection"],
        "summary": "Download the archive of a data export",
        "description": "A ZIP file: a README in the person's language, and JSON files per service.\n\n"
        "Reasons of errors: `DATA_EXPORT_NOT_FOUND`, `DATA_EXPORT_STATE` (not ready, or expired).",
        "parameters": [
            {
                "name": "data_export_id",
                "in": "path",
                "required": True,
                "schema": {"type": "string", "format": "uuid"},
            }
        ],
        "responses": {
            "200": {
                "description": DONE[200],
                "content": {download.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
            },
            **openapi_problems.listed(400, 401, 403, 404, 429, 431, 500, 503, 504),
        },
    }


def _token_form() -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "type": "object",
        "properties": {
            "grant_type": {"type": "string", "enum": ["client_credentials"]},
            "client_id": text,
            "client_secret": text,
            "client_assertion_type": {"type": "string", "enum": [oauth.ASSERTION_TYPE]},
            "client_assertion": {
                "type": "string",
                "minLength": 1,
                "description": "Instead of a secret: a JWT signed by a care platform (RFC 7523 section 2.2).",
            },
            "scope": {
                "type": "string",
                "description": "Space separated; all of the client when absent.",
            },
        },
        "required": ["grant_type"],
        "dependentRequired": {
            "client_assertion": ["client_assertion_type"],
            "client_assertion_type": ["client_assertion"],
        },
        "not": {"required": ["client_secret", "client_assertion"]},
        "additionalProperties": text,
    }


def _token() -> dict[str, Any]:
    refused = openapi_problems.OAUTH_ERROR
    return {
        "operationId": "issueToken",
        "tags": ["Sessions"],
        "summary": "Get a token for a program",
        "description": "Client credentials (RFC 6749 section 4.4); errors are those of section 5.2.",
        "security": [],
        "requestBody": {"required": True, "content": {FORM: {"schema": _token_form()}}},
        "responses": {
            "200": {
                "description": DONE[200],
                "content": {"application/json": {"schema": openapi_problems.OAUTH_TOKEN}},
            },
            "400": refused,
            "401": refused,
            **openapi_problems.listed(408, 413, 415, 429, 431, 500, 503, 504),
        },
    }


def _keys() -> dict[str, Any]:
    keys = {
        "type": "object",
        "properties": {"keys": {"type": "array", "items": {"type": "object"}}},
        "required": ["keys"],
    }
    return {
        "operationId": "getKeys",
        "tags": ["Sessions"],
        "summary": "Get the keys that verify access tokens",
        "description": "A JSON Web Key Set (RFC 7517).",
        "security": [],
        "responses": {
            "200": {"description": DONE[200], "content": {"application/json": {"schema": keys}}},
            **openapi_problems.listed(429, 431, 500, 503, 504),
        },
    }


def _payment_notice() -> dict[str, Any]:
    named = {
        "type": "string",
        "minLength": 1,
        "maxLength": payment_notice.MAX_ID,
        "pattern": "^[A-Za-z0-9_.-]+$",
    }
    form = {"type": "object", "properties": {"id": named}, "required": ["id"], "additionalProperties": False}
    return {
        "operationId": payment_notice.PaymentNotice.name,
        "tags": ["Payments"],
        "summary": "Say that a payment changed",
        "description": "For the payment provider. Nothing of it is believed: the provider is asked. Unknown payments"
        " are answered alike.",
        "security": [],
        "requestBody": {"required": True, "content": {FORM: {"schema": form}}},
        "responses": {
            "200": {"description": DONE[200]},
            **openapi_problems.listed(400, 408, 413, 415, 429, 431, 500, 503, 504),
        },
    }


def _browser_handoff() -> dict[str, Any]:
    form = {
        "type": "object",
        "properties": {"assertion": {"type": "string", "maxLength": 16384, "pattern": "^[A-Za-z0-9_.-]+$"}},
        "required": ["assertion"],
        "additionalProperties": False,
    }
    description = """\
The front channel, for platforms that cannot call: a page of the platform posts this form in the care worker's
browser. Leads to the shop with a one-time code in the fragment, or, when the statement was genuine and named an
allowed return address, back to it with `error`, `cause` and `fields` in the fragment.

Reasons of errors: `HANDOFF_REFUSED`, `HANDOFF_NOT_ALLOWED`, `CLIENT_IDENTITY_CHANGED`, `INVALID_FIELDS`."""
    return {
        "operationId": handoff.BrowserHandoff.name,
        "tags": ["Hand-offs"],
        "summary": "Hand a care worker over by a form",
        "description": description,
        "security": [],
        "requestBody": {"required": True, "content": {FORM: {"schema": form}}},
        "responses": {
            "303": {
                "description": "To the shop, or back to the platform.",
                "headers": {"Location": {"$ref": "#/components/headers/Location"}},
            },
            **openapi_problems.listed(400, 401, 403, 408, 413, 415, 429, 431, 500, 503, 504),
        },
    }
