"""google.rpc.Status -> RFC 9457 problem+json; the one table from canonical codes to HTTP."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import grpc
import orjson
from google.rpc import error_details_pb2

from chassis.errors import FieldViolation
from chassis.status import read_details

DOMAIN = "gateway.commis"
MEDIA_TYPE = b"application/problem+json"
MAX_VIOLATIONS = 200
HTTP_STATUS: dict[grpc.StatusCode, int] = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    # By the service, which is stopping: who cancels here has hung up, and reads no answer.
    grpc.StatusCode.CANCELLED: 503,
    grpc.StatusCode.INTERNAL: 500,
    grpc.StatusCode.UNKNOWN: 500,
    grpc.StatusCode.DATA_LOSS: 500,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}
# What is said when the answer carries no ErrorInfo: it then comes from the transport, whose own text may
# name hosts and ports.
_TRANSPORT = {
    429: ("RESOURCE_EXHAUSTED", "The service has no capacity for this now."),
    501: ("UNIMPLEMENTED", "The service does not offer this yet."),
    503: ("SERVICE_UNAVAILABLE", "The service cannot be reached now; try again."),
    504: ("DEADLINE_EXCEEDED", "The service did not answer in time."),
}
_RETRY_AFTER = 1


class Problem(Exception):
    """An HTTP error answer. `violations` name fields as the client sent them."""

    def __init__(
        self,
        status: int,
        reason: str,
        detail: str,
        *,
        domain: str = DOMAIN,
        metadata: Mapping[str, str] | None = None,
        violations: Iterable[FieldViolation] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.reason = reason
        self.detail = detail
        self.domain = domain
        self.metadata = dict(metadata or {})
        self.violations = tuple(violations)
        self.headers = dict(headers or {})

    def body(self, request_id: str) -> bytes:
        return orjson.dumps(
            {
                "type": f"/errors/{self.domain}/{self.reason}",
                "title": self.reason.replace("_", " ").capitalize(),
                "status": self.status,
                "detail": self.detail,
                "reason": self.reason,
                "domain": self.domain,
                "metadata": self.metadata,
                "violations": [
                    {"field": _clean(found.field), "description": found.description, "reason": found.reason}
                    for found in self.violations[:MAX_VIOLATIONS]
                ],
                "request_id": request_id,
            }
        )


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def invalid_fields(
    violations: Iterable[FieldViolation], domain: str = DOMAIN, metadata: Mapping[str, str] | None = None
) -> Problem:
    listed = tuple(violations)
    names = sorted({_clean(found.field) for found in listed if found.field})[:20]
    detail = f"Invalid fields: {', '.join(names)}." if names else "The request body is not valid."
    return Problem(400, "INVALID_FIELDS", detail, domain=domain, metadata=metadata, violations=listed)


def internal() -> Problem:
    """What an unexpected error looks like outside; the log has the rest under the request id."""
    return Problem(500, "INTERNAL", "Internal error.")


def from_rpc_error(
    error: grpc.aio.AioRpcError, client_path: Callable[[str], str], *, if_match: bool, token_sent: bool
) -> Problem:
    """`client_path` turns a field path of the protobuf request into the one the client used."""
    status = HTTP_STATUS.get(error.code(), 500)
    info, bad, retry = _details(error)
    if status == 500:
        return internal()
    headers: dict[str, str] = {}
    if status in {429, 503}:
        delay = retry.retry_delay.ToMilliseconds() / 1000 if retry.HasField("retry_delay") else _RETRY_AFTER
        headers["Retry-After"] = str(max(1, math.ceil(delay)))
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"' if token_sent else "Bearer"
    if not info.reason:
        reason, detail = _TRANSPORT.get(status, (error.code().name, "The service refused the request."))
        return Problem(status, reason, detail, headers=headers)
    violations = [
        FieldViolation(client_path(found.field), found.description, found.reason or "INVALID")
        for found in bad.field_violations
    ]
    if info.reason == "INVALID_FIELDS":
        return invalid_fields(violations, info.domain, info.metadata)
    if info.reason == "ETAG_MISMATCH" and if_match:
        status = 412
    elif info.reason == "REQUEST_ID_REUSED":
        status = 422
    return Problem(
        status,
        info.reason,
        error.details() or info.reason,
        domain=info.domain or DOMAIN,
        metadata=info.metadata,
        violations=violations,
        headers=headers,
    )


def violated_fields(error: grpc.aio.AioRpcError) -> set[str]:
    """The fields of the protobuf request that the service finds wrong."""
    _, bad, _ = _details(error)
    return {found.field for found in bad.field_violations}


def _details(error: grpc.aio.AioRpcError) -> tuple[Any, Any, Any]:
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    status = read_details(error)
    for detail in status.details if status is not None else ():
        _ = detail.Unpack(info) or detail.Unpack(bad) or detail.Unpack(retry)
    return info, bad, retry
