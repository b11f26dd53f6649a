"""The OpenAPI 3.1 document, generated from the same declarations and descriptors that run."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from gateway import (
    openapi_attachments,
    openapi_entry,
    openapi_orders,
    openapi_problems,
    openapi_special,
    order_batches,
)
from gateway.operation import Operation
from gateway.query import documented
from gateway.routes import OPERATIONS
from gateway.wire import schema
from gateway.wire.schema import Schemas

_DESCRIPTION = """\
Commis: sell to businesses and consumers through a storefront, representatives and the back office.

* Names are snake_case; identifiers are UUIDs, opaque to clients.
* Money is `{"amount": "12.34", "currency": "EUR"}`; all decimals are strings, never JSON numbers.
* Instants are RFC 3339 in UTC, dates are local dates of the vendor.
* Members are always there: absent values are null, absent lists are [].
* Lists are paged by `page_token`; unknown members and query parameters are refused.
* `PATCH` merges (RFC 7396): members that are present change, null clears; texts by language are one value.
* `ETag`/`If-Match`: a change based on an outdated version answers 412.
* `Idempotency-Key`: repeating a request with the same key gives the same answer; another body answers 422.
* Errors are `application/problem+json` (RFC 9457); `reason` is stable and meant for programs.
"""
_TAGS = {
    "Orders": "From the open cart to the closed order.",
    "Shared orders": "One sheet that vendor and customer both see, change and agree to.",
    "Shipments": "What left of an order, wholly or in parts, and what is still to come.",
    "Messages": "Messages about orders between the vendor and the customer, and canned texts.",
    "Payments": "Paying online on the provider's page, payment links, and giving money back.",
    "Attachments": "Files at an order or a line: a drawing, a photo, a prescription.",
    "Products": "Products, categories and the search.",
    "Sessions": "Signing in, renewing, signing out; passwords; tokens for programs.",
    "Accounts": "Who buys, with their business profile and addresses.",
    "Members": "The persons of a business account.",
    "Business requests": "Business profiles that customers ask for.",
    "Care platforms": "Care platforms, their communities, clients and figures.",
    "Hand-offs": "Care workers who come from a care platform.",
    "Live feeds": "Shared orders and the own account, told as it happens, over a WebSocket or server-sent events.",
    "Webhooks": "What is told to other systems, and the feed to catch up.",
    "Prices": "Quotes and price lists.",
    "Discounts": "The discount grid.",
    "Fixed book prices": "How much discount the laws leave on books.",
    "Selections": "Titles that staff put together for customers, with what is needed to order them.",
    "Stock": "Warehouses, levels and movements.",
    "Shipping methods": "How goods can be sent, and what that costs.",
    "Terms": "The vendor's terms, by version.",
    "Budgets": "Budgets of library accounts.",
    "Imports": "Bulk imports as jobs with a verdict per record, and the mapping of ONIX.",
    "Exports": "The catalogue as files that imports take unchanged.",
    "Representatives": "Representatives and their accounts.",
    "Staff": "The vendor's own people.",
    "Mails": "What was sent to whom.",
    "Data protection": "Everything held on somebody as one archive, and erasure.",
    "Audit": "What was done, by whom, for whom.",
}


@cache
def document() -> dict[str, Any]:
    """Built once; treat it as read-only."""
    schemas = Schemas()
    paths: dict[str, dict[str, Any]] = {}
    for operation in (*OPERATIONS, order_batches.OPERATION):
        path = re.sub(r":id\}", "}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation, schemas)
    openapi_special.add_to(paths, schemas)
    openapi_attachments.add_to(paths, schemas)
    openapi_entry.add_to(paths, schemas)
    openapi_orders.add_to(paths, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Commis",
            "version": "1",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": dict(sorted((schemas.components | openapi_problems.SCHEMAS).items())),
            "responses": openapi_problems.RESPONSES,
            "headers": openapi_problems.HEADERS,
            "securitySchemes": _SECURITY,
        },
        "security": [{"bearer": []}],
    }


_SECURITY = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access_token of POST /v1/sign-in; for programs that of POST /v1/oauth/token.",
    },
}


def _operation(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    reasons = operation.errors.split()
    described = [operation.description] if operation.description else []
    if reasons:
        described.append("Reasons of errors: " + ", ".join(f"`{reason}`" for reason in reasons) + ".")
    documented_ = {
        "operationId": operation.operation_id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": "\n\n".join(described) or operation.summary + ".",
        "parameters": _parameters(operation, schemas),
        "responses": {
            str(operation.status): _success(operation, schemas),
            **openapi_problems.of(operation),
        },
    }
    if operation.body is not None:
        documented_["requestBody"] = _body(operation, schemas)
    if operation.public:
        documented_["security"] = [{}, {"bearer": []}] if operation.signed_in_too else []
    return documented_


def _parameters(operation: Operation, schemas: Schemas) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {
                "type": "string",
                **({"format": "uuid"} if name.endswith("_id") else {"minLength": 1, "maxLength": 255}),
            },
        }
        for name in operation.parameters
    ]
    listed += documented(operation.queries, operation.request, schemas)
    if operation.key_accepted:
        listed.append(openapi_problems.key_parameter(required=operation.key_required))
    if operation.etag_place:
        listed.append(openapi_problems.MATCH_PARAMETER)
    return listed


def _body(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    assert operation.body is not None
    fields = operation.body_fields
    name = operation.operation_id[0].upper() + operation.operation_id[1:] + "Body"
    shape = schemas.reference(
        name, lambda: schemas.accepted_object(fields, operation.required, patch=operation.body_patch)
    )
    return {
        "required": operation.body_required,
        "content": {"application/json": {"schema": shape, "example": schema.example(fields, accepted=True)}},
    }


def _success(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    answered: dict[str, Any] = {"description": openapi_special.DONE[operation.status]}
    shape = operation.answers.schema(operation.response, schemas)
    if shape is not None:
        example = operation.answers.example(operation.response)
        answered["content"] = {"application/json": {"schema": shape, "example": example}}
    names = ["X-Request-Id", "RateLimit", "RateLimit-Policy"]
    names += ["ETag"] if operation.answers.etag(operation.response) else []
    names += ["Location"] if operation.location else []
    answered["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    return answered
