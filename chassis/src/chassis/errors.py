"""Named errors with a machine-readable reason; `status` alone knows how they look on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Kind(StrEnum):
    """The canonical gRPC code names that a service may answer (AIP-193)."""

    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    ABORTED = "ABORTED"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    UNAVAILABLE = "UNAVAILABLE"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    INTERNAL = "INTERNAL"


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """`field` is the path in the request message, e.g. `lines[2].quantity`."""

    field: str
    description: str
    reason: str = "INVALID"


class ServiceError(Exception):
    """An error a client can act on. Keyword arguments become `ErrorInfo.metadata`: whatever varies in the
    message must be there (AIP-193). `retry_after` (seconds) becomes `RetryInfo`."""

    kind: ClassVar[Kind] = Kind.INTERNAL
    reason: ClassVar[str] = "INTERNAL"
    domain: str | None = None  # None: the domain of the answering service

    def __init__(
        self,
        message: str,
        /,
        *,
        violations: Iterable[FieldViolation] = (),
        retry_after: float | None = None,
        **metadata: object,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.violations = tuple(violations)
        self.retry_after = retry_after
        self.metadata = {key: str(value) for key, value in metadata.items()}


class InvalidArgument(ServiceError):
    kind = Kind.INVALID_ARGUMENT
    reason = "INVALID_ARGUMENT"


class Unauthenticated(ServiceError):
    kind = Kind.UNAUTHENTICATED
    reason = "UNAUTHENTICATED"


class PermissionDenied(ServiceError):
    kind = Kind.PERMISSION_DENIED
    reason = "PERMISSION_DENIED"


class NotFound(ServiceError):
    kind = Kind.NOT_FOUND
    reason = "NOT_FOUND"


class AlreadyExists(ServiceError):
    kind = Kind.ALREADY_EXISTS
    reason = "ALREADY_EXISTS"


class Aborted(ServiceError):
    kind = Kind.ABORTED
    reason = "ABORTED"


class FailedPrecondition(ServiceError):
    kind = Kind.FAILED_PRECONDITION
    reason = "FAILED_PRECONDITION"


class OutOfRange(ServiceError):
    kind = Kind.OUT_OF_RANGE
    reason = "OUT_OF_RANGE"


class ResourceExhausted(ServiceError):
    kind = Kind.RESOURCE_EXHAUSTED
    reason = "RESOURCE_EXHAUSTED"


class Unavailable(ServiceError):
    kind = Kind.UNAVAILABLE
    reason = "UNAVAILABLE"


class DeadlineExceeded(ServiceError):
    kind = Kind.DEADLINE_EXCEEDED
    reason = "DEADLINE_EXCEEDED"


class InvalidFields(InvalidArgument):
    reason = "INVALID_FIELDS"

    def __init__(self, violations: Iterable[FieldViolation]) -> None:
        listed = tuple(violations)
        names = ", ".join(sorted({violation.field for violation in listed}))
        super().__init__(f"Invalid fields: {names}.", violations=listed, fields=names)


class EtagMismatch(Aborted):
    reason = "ETAG_MISMATCH"

    def __init__(self, resource: str, current: str) -> None:
        message = f"{resource} was changed by somebody else; its etag is now {current}."
        super().__init__(message, resource=resource, current_etag=current)


class RequestIdReused(InvalidArgument):
    reason = "REQUEST_ID_REUSED"

    def __init__(self, request_id: str) -> None:
        message = f"request_id {request_id} was already used for a different request."
        super().__init__(message, request_id=request_id)


class DependencyFailed(Unavailable):
    """Another service answered something it should never answer, or nothing at all."""

    reason = "DEPENDENCY_FAILED"

    def __init__(self, service: str, retry_after: float = 1.0) -> None:
        super().__init__(f"{service} could not answer.", retry_after=retry_after, service=service)


class DatabaseUnavailable(Unavailable):
    """The own database is away or busy. Nothing was written, unless the connection was lost at the commit: then nobody
    knows, and only a retry with the same request_id is safe."""

    reason = "DATABASE_UNAVAILABLE"

    def __init__(self, cause: str) -> None:
        super().__init__(f"The database cannot serve this now ({cause}).", retry_after=0.5, cause=cause)


class RemoteError(ServiceError):
    """An error of another service, passed on with its own reason and domain."""

    reason = "REMOTE_ERROR"

    def __init__(
        self,
        message: str,
        /,
        *,
        kind: Kind,
        reason: str,
        domain: str,
        metadata: dict[str, str],
        violations: Iterable[FieldViolation] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, violations=violations, retry_after=retry_after)
        self.kind = kind  # type: ignore[misc]  # a rebuilt error has the class of its instance only
        self.reason = reason  # type: ignore[misc]
        self.domain = domain
        self.metadata = dict(metadata)


class Violations:
    """Collects every field violation of a request, so that a client sees all of them at once."""

    def __init__(self) -> None:
        self._found: list[FieldViolation] = []

    def add(self, field: str, description: str, reason: str = "INVALID") -> None:
        self._found.append(FieldViolation(field, description, reason))

    def extend(self, prefix: str, violations: Iterable[FieldViolation]) -> None:
        for found in violations:
            self.add(f"{prefix}.{found.field}" if prefix else found.field, found.description, found.reason)

    def raise_if_any(self) -> None:
        """Raises InvalidFields with everything that was added."""
        if self._found:
            raise InvalidFields(self._found)

    def __bool__(self) -> bool:
        return bool(self._found)

    def __iter__(self) -> Iterator[FieldViolation]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)
