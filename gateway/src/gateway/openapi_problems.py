"""The parts of the OpenAPI document that all routes share: problems, headers, OAuth answers."""

from __future__ import annotations

from typing import Any

from gateway.headers import KEY_HEADER, MATCH_HEADER
from gateway.operation import Operation
from gateway.problems import DOMAIN

_MEANING = {
    400: ("INVALID_FIELDS", "The request is not valid, or the state of things does not allow it."),
    401: ("UNAUTHENTICATED", "There is no valid access token."),
    403: ("PERMISSION_DENIED", "The caller may see it, but not do this."),
    404: ("ORDER_NOT_FOUND", "It does not exist, or the caller may not see it."),
    408: ("BODY_TIMEOUT", "The request did not arrive in time."),
    409: ("PLACEMENT_IN_PROGRESS", "It exists already, or somebody else is changing it."),
    412: ("ETAG_MISMATCH", "It was changed since the version in If-Match."),
    413: ("BODY_TOO_LARGE", "The body is too large."),
    415: ("UNSUPPORTED_MEDIA_TYPE", "The body has another media type than documented."),
    422: ("REQUEST_ID_REUSED", "The Idempotency-Key was used for a different request."),
    429: ("RATE_LIMITED", "Too many requests; try again after Retry-After."),
    431: ("HEADERS_TOO_LARGE", "The request head is too long."),
    500: ("INTERNAL", "An unexpected error; report its request_id."),
    503: ("SERVICE_UNAVAILABLE", "Not available now; try again after Retry-After."),
    504: ("DEADLINE_EXCEEDED", "It took too long; whether it was done is unknown."),
}
_RETRIED = {429, 503}

SCHEMAS: dict[str, Any] = {
    "Problem": {
        "type": "object",
        "description": "RFC 9457.",
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string", "description": "For developers, in English."},
            "reason": {"type": "string", "description": "Stable, for programs; unique within the domain."},
            "domain": {"type": "string", "description": "Who refused, e.g. orders.commis."},
            "metadata": {"type": "object", "additionalProperties": {"type": "string"}},
            "violations": {"type": "array", "items": {"$ref": "#/components/schemas/Violation"}},
            "request_id": {"type": "string"},
        },
        "required": [
            *("type", "title", "status", "detail", "reason"),
            *("domain", "metadata", "violations", "request_id"),
        ],
    },
    "Violation": {
        "type": "object",
        "properties": {
            "field": {
                "type": "string",
                "description": "Path of the member, e.g. lines[0].quantity, or the name of a parameter or "
                "header; empty for the whole body.",
            },
            "description": {"type": "string"},
            "reason": {"type": "string"},
        },
        "required": ["field", "description", "reason"],
    },
}
HEADERS: dict[str, Any] = {
    "X-Request-Id": {
        "description": "Correlates this answer with logs; taken from the request when given there.",
        "schema": {"type": "string"},
    },
    "ETag": {"description": "The version, for If-Match.", "schema": {"type": "string"}},
    "Location": {"description": "Where it can be read.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}},
    "RateLimit": {
        "description": "What is left of the quota, and seconds until it is full again.",
        "schema": {"type": "string"},
        "example": '"caller";r=42;t=3',
    },
    "RateLimit-Policy": {
        "description": "Quota and its window in seconds.",
        "schema": {"type": "string"},
        "example": '"caller";q=600;w=60',
    },
}
MATCH_PARAMETER: dict[str, Any] = {
    "name": MATCH_HEADER,
    "in": "header",
    "required": False,
    "description": "Only if it still is this version.",
    "schema": {"type": "string", "pattern": r'^((W/)?"[\x21\x23-\x7e]{0,64}"|\*)$'},
    "example": '"3"',
}
OAUTH_TOKEN = {
    "type": "object",
    "properties": {
        "access_token": {"type": "string"},
        "token_type": {"const": "Bearer"},
        "expires_in": {"type": "integer", "minimum": 0},
        "scope": {"type": "string"},
    },
    "required": ["access_token", "token_type", "expires_in", "scope"],
}
OAUTH_ERROR = {
    "description": "RFC 6749 section 5.2.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
                "required": ["error"],
            },
            "example": {"error": "invalid_client", "error_description": "The client or its secret is wrong."},
        }
    },
}


def _response(status: int) -> dict[str, Any]:
    reason, meaning = _MEANING[status]
    invalid = reason == "INVALID_FIELDS"
    violation = {"field": "lines[0].quantity", "description": "must be at least 1", "reason": "OUT_OF_RANGE"}
    example = {
        "type": f"/errors/{DOMAIN}/{reason}",
        "title": reason.replace("_", " ").capitalize(),
        "status": status,
        "detail": "Invalid fields: lines[0].quantity." if invalid else meaning,
        "reason": reason,
        "domain": DOMAIN,
        "metadata": {},
        "violations": [violation] if invalid else [],
        "request_id": "0199f3c2-7a10-7b3e-9c55-51d2a7f0aa10",
    }
    names = ["X-Request-Id", *(["Retry-After"] if status in _RETRIED else [])]
    return {
        "description": meaning,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
        "content": {
            "application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "example": example,
            }
        },
    }


RESPONSES: dict[str, Any] = {f"Problem{status}": _response(status) for status in _MEANING} | {
    "Problem": _response(500) | {"description": "Any other error."}
}


def listed(*statuses: int) -> dict[str, Any]:
    """References to these problems, and to the general one."""
    named = {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in statuses}
    return named | {"default": {"$ref": "#/components/responses/Problem"}}


def of(operation: Operation) -> dict[str, Any]:
    """The problems that this operation can answer."""
    statuses = {400, 429, 431, 500, 503, 504}
    credentials = ("SIGN_IN_FAILED", "REFRESH", "HANDOFF")
    if not operation.public or operation.signed_in_too or any(map(operation.errors.count, credentials)):
        statuses.add(401)
    if not operation.public or operation.signed_in_too or "NOT_ALLOWED" in operation.errors:
        statuses.add(403)
    if operation.parameters or "_NOT_FOUND" in operation.errors:
        statuses.add(404)
    if operation.body is not None:
        statuses |= {408, 413, 415}
    if operation.method != "GET":
        statuses.add(409)
    if operation.etag_place:
        statuses.add(412)
    if operation.key_accepted:
        statuses.add(422)
    return listed(*sorted(statuses))


def key_parameter(*, required: bool) -> dict[str, Any]:
    return {
        "name": KEY_HEADER,
        "in": "header",
        "required": required,
        "description": "Repeating the request with the same key gives the same answer, for two days.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[!-~]([ -~]*[!-~])?$"},
        "example": "0199f3c2-7a10-7b3e-9c55-51d2a7f0aa10",
    }
