"""Errors on the wire and back."""

import re
from collections.abc import Iterator

import grpc
import pytest
from google.rpc import error_details_pb2

import chassis.rpc  # noqa: F401  # imports every module that defines errors
from chassis import status
from chassis.errors import (
    DeadlineExceeded,
    DependencyFailed,
    FailedPrecondition,
    FieldViolation,
    Kind,
    RemoteError,
    ServiceError,
    Unavailable,
)


def subclasses(of: type[ServiceError]) -> Iterator[type[ServiceError]]:
    for one in of.__subclasses__():
        yield one
        yield from subclasses(one)


def test_every_error_has_a_reason_of_its_own() -> None:
    ours = [one for one in subclasses(ServiceError) if one.__module__.startswith("chassis.")]
    reasons = [one.reason for one in ours]
    assert len(ours) >= 17
    assert len(reasons) == len(set(reasons))
    for reason in reasons:
        assert re.fullmatch(r"[A-Z][A-Z0-9_]+[A-Z0-9]", reason)
        assert len(reason) <= 63


def test_every_kind_has_a_status_code() -> None:
    assert {status.CODES[kind].name for kind in Kind} == {kind.value for kind in Kind}


def rpc_error(error: ServiceError, domain: str = "orders.commis") -> grpc.aio.AioRpcError:
    answer = status.to_status(error, domain)
    trailers = grpc.aio.Metadata((status.DETAILS_KEY, answer.SerializeToString()))
    return grpc.aio.AioRpcError(status.CODES[error.kind], grpc.aio.Metadata(), trailers, answer.message)


class Sold(FailedPrecondition):
    reason = "SOLD"


def test_a_remote_error_keeps_everything_and_passes_through() -> None:
    violations = [FieldViolation("lines[0].quantity", "too many", "STOCK")]
    sold = Sold("Only 3 left.", violations=violations, retry_after=1.5, left=3)
    arrived = status.from_rpc_error(rpc_error(sold), "orders")
    again = status.from_rpc_error(rpc_error(arrived, "gateway.commis"), "orders")
    for error in (arrived, again):
        assert isinstance(error, RemoteError)
        assert (error.kind, error.reason, error.domain) == (Kind.FAILED_PRECONDITION, "SOLD", "orders.commis")
        assert error.metadata == {"left": "3"}
        assert error.violations == tuple(violations)
        assert error.retry_after == 1.5
        assert str(error) == "Only 3 left."


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (grpc.StatusCode.INTERNAL, DependencyFailed),
        (grpc.StatusCode.UNKNOWN, DependencyFailed),
        (grpc.StatusCode.UNIMPLEMENTED, DependencyFailed),
        (grpc.StatusCode.CANCELLED, DependencyFailed),
        (grpc.StatusCode.UNAVAILABLE, DependencyFailed),
        (grpc.StatusCode.DEADLINE_EXCEEDED, DeadlineExceeded),
        (grpc.StatusCode.PERMISSION_DENIED, DependencyFailed),
    ],
)
def test_bare_remote_failures_become_ours(code: grpc.StatusCode, expected: type[ServiceError]) -> None:
    for trailers in (grpc.aio.Metadata(), grpc.aio.Metadata((status.DETAILS_KEY, b"\xff\xff"))):
        bare = grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailers, "boom")
        error = status.from_rpc_error(bare, "catalog")
        assert type(error) is expected
        assert error.metadata["service"] == "catalog"


def test_whatever_is_in_a_message_can_be_sent() -> None:
    odd = Unavailable("a\ud800" * 2000, text="\x00\ud800", retry_after=0)
    answer = status.to_status(odd, "d")
    assert len(answer.message) <= 500
    many = Sold("x", violations=[FieldViolation("f" * 300, "d" * 400) for _ in range(1000)])
    assert status.to_status(many, "d").ByteSize() < 40_000
    bad = error_details_pb2.BadRequest()
    status.to_status(many, "d").details[1].Unpack(bad)
    assert len(bad.field_violations) > 20
