"""Errors of hand-offs. Nothing that the token said is in them, except which claim was wrong."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from chassis.errors import FieldViolation, PermissionDenied, Unauthenticated


class Cause(StrEnum):
    """Why a token is no proof (RFC 7519, RFC 8725)."""

    MALFORMED = "MALFORMED"
    TOO_LARGE = "TOO_LARGE"
    ALGORITHM = "ALGORITHM"
    TYPE = "TYPE"
    ISSUER = "ISSUER"
    KEY = "KEY"
    SIGNATURE = "SIGNATURE"
    AUDIENCE = "AUDIENCE"
    EXPIRED = "EXPIRED"
    LIFETIME = "LIFETIME"
    NOT_YET_VALID = "NOT_YET_VALID"
    REPLAYED = "REPLAYED"
    CLAIMS = "CLAIMS"


class Denial(StrEnum):
    """Why a token that proves who sent it still hands nobody over."""

    COMMUNITY = "COMMUNITY"
    CLIENT_NOT_IN_COMMUNITY = "CLIENT_NOT_IN_COMMUNITY"
    RETURN_ADDRESS = "RETURN_ADDRESS"
    CLIENT_CLOSED = "CLIENT_CLOSED"


_SAYS = {
    Cause.MALFORMED: "it is not a signed JSON Web Token",
    Cause.TOO_LARGE: "it is larger than 16 KiB",
    Cause.ALGORITHM: "its algorithm is not one of EdDSA, Ed25519, ES256, PS256, RS256",
    Cause.TYPE: "its type is not the one expected here",
    Cause.ISSUER: "its issuer is not an active care platform",
    Cause.KEY: "its key is not a known key of the platform, or the token brings a key along",
    Cause.SIGNATURE: "its signature is not that of the key it names",
    Cause.AUDIENCE: "its audience is not this shop alone",
    Cause.EXPIRED: "it has expired",
    Cause.LIFETIME: "it expires more than 5 minutes after it was issued",
    Cause.NOT_YET_VALID: "it is not valid yet",
    Cause.REPLAYED: "it was used before",
    Cause.CLAIMS: "claims are missing or not of their type",
    Denial.COMMUNITY: "the community is not one the care worker has access to, or is not registered or not active",
    Denial.CLIENT_NOT_IN_COMMUNITY: "the client does not belong to the community that is named",
    Denial.RETURN_ADDRESS: "the return address is not registered",
    Denial.CLIENT_CLOSED: "no orders are taken for this client",
}


class HandoffRefused(Unauthenticated):
    """The token does not prove that an active platform hands somebody over now."""

    reason = "HANDOFF_REFUSED"

    def __init__(self, cause: Cause, violations: Iterable[FieldViolation] = ()) -> None:
        super().__init__(f"The hand-off is refused: {_SAYS[cause]}.", violations=violations, cause=cause)


class HandoffNotAllowed(PermissionDenied):
    """The platform said it, but may not, or not so."""

    reason = "HANDOFF_NOT_ALLOWED"

    def __init__(self, cause: Denial) -> None:
        super().__init__(f"The hand-off is not allowed: {_SAYS[cause]}.", cause=cause)


class HandoffCodeRefused(Unauthenticated):
    """Used, expired, withdrawn, or never issued: the answer does not tell which."""

    reason = "HANDOFF_CODE_REFUSED"

    def __init__(self) -> None:
        super().__init__("The one-time code is not valid; hand over again from the care platform.")
