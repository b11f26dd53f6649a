"""ServiceError <-> google.rpc.Status. Nobody else mentions status codes."""

from __future__ import annotations

from typing import Any

import grpc
from google.rpc import code_pb2, error_details_pb2, status_pb2

from chassis.errors import (
    DeadlineExceeded,
    DependencyFailed,
    FieldViolation,
    Kind,
    RemoteError,
    ServiceError,
)

DETAILS_KEY = "grpc-status-details-bin"
CODES: dict[Kind, grpc.StatusCode] = {kind: grpc.StatusCode[kind.value] for kind in Kind}
_KINDS = {code: kind for kind, code in CODES.items()}
# Trailers are base64 and end at 64 KiB (set by server and client); a longer list helps nobody anyway.
MAX_VIOLATION_BYTES = 30_000
_MAX_TEXT = 500


def _clean(text: str) -> str:
    return text[:_MAX_TEXT].encode("utf-8", "replace").decode()


def to_status(error: ServiceError, domain: str) -> status_pb2.Status:
    """Always one ErrorInfo; BadRequest with the violations; RetryInfo when a delay is known."""
    status = status_pb2.Status(code=code_pb2.Code.Value(error.kind.value), message=_clean(error.message))
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=error.domain or domain)
    for key, value in error.metadata.items():
        info.metadata[key] = _clean(value)
    status.details.add().Pack(info)
    if error.violations:
        bad = error_details_pb2.BadRequest()
        for found in error.violations:
            if bad.ByteSize() > MAX_VIOLATION_BYTES:
                break
            bad.field_violations.add(
                field=_clean(found.field), description=_clean(found.description), reason=found.reason
            )
        status.details.add().Pack(bad)
    if error.retry_after is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(int(error.retry_after * 1000))
        status.details.add().Pack(retry)
    return status


def internal(domain: str, request_id: str) -> status_pb2.Status:
    """What an unknown exception looks like outside: a fixed text, and the request id to find it by."""
    status = status_pb2.Status(code=code_pb2.INTERNAL, message="Internal error.")
    info = error_details_pb2.ErrorInfo(reason="INTERNAL", domain=domain, metadata={"request_id": request_id})
    status.details.add().Pack(info)
    return status


def read_details(error: grpc.aio.AioRpcError) -> status_pb2.Status | None:
    """The google.rpc.Status in the trailers, or None when there is none or it cannot be read."""
    trailers: Any = error.trailing_metadata() or ()
    for key, value in trailers:
        if key == DETAILS_KEY:
            try:
                return status_pb2.Status.FromString(value if isinstance(value, bytes) else value.encode())
            except Exception:  # a foreign peer may send anything
                return None
    return None


def from_rpc_error(error: grpc.aio.AioRpcError, service: str) -> ServiceError:
    """The remote error as our own; what no caller can act on becomes DependencyFailed (UNAVAILABLE)."""
    kind = _KINDS.get(error.code())
    if kind is None or kind is Kind.INTERNAL:
        return DependencyFailed(service)
    details = read_details(error)
    info = error_details_pb2.ErrorInfo()
    bad = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    for detail in details.details if details is not None else ():
        _ = detail.Unpack(info) or detail.Unpack(bad) or detail.Unpack(retry)
    if not info.reason:
        if kind is Kind.DEADLINE_EXCEEDED:
            return DeadlineExceeded(f"{service} did not answer in time.", service=service)
        return DependencyFailed(service)
    return RemoteError(
        error.details() or info.reason,
        kind=kind,
        reason=info.reason,
        domain=info.domain,
        metadata=dict(info.metadata),
        violations=[FieldViolation(x.field, x.description, x.reason) for x in bad.field_violations],
        retry_after=retry.retry_delay.ToMilliseconds() / 1000 if retry.HasField("retry_delay") else None,
    )
