"""Request headers with a meaning of their own: Idempotency-Key, If-Match, Authorization, correlation."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from typing import Any

import orjson

from chassis.errors import Violations

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
_KEY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?", re.ASCII)
_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{0,64}"|\*', re.ASCII)
_BEARER = re.compile(r"Bearer +([A-Za-z0-9._~+/-]+=*)", re.ASCII | re.IGNORECASE)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)
_NAMESPACE = uuid.UUID("7d0a3b52-1a0a-5f43-9c3c-5a6d6e0b2f11")
KEY_HEADER, MATCH_HEADER = "Idempotency-Key", "If-Match"


def canonical_uuid(value: str) -> str | None:
    """Lower-case canonical text, or None when it is no UUID."""
    lowered = value.lower()
    return lowered if _UUID.fullmatch(lowered) else None


def request_id_of(key: bytes | None, token: str, *, required: bool, violations: Violations) -> str:
    """Idempotency-Key -> request_id of the protobuf request: a UUID as it is, any other key as a UUIDv5 of
    caller and key, so that equal keys of two callers stay two keys. Empty without a key."""
    if key is None:
        if required:
            violations.add(KEY_HEADER, "is required here", "REQUIRED")
        return ""
    text = key.decode("latin-1")
    if not _KEY.fullmatch(text):
        violations.add(KEY_HEADER, "must be 1 to 255 printable ASCII characters", "FORMAT")
        return ""
    return canonical_uuid(text) or str(uuid.uuid5(_NAMESPACE, f"{_claimed_caller(token)}\n{text}"))


def _claimed_caller(token: str) -> str:
    """Subject and actor as the token claims them. Not verified: the services keep keys apart by the verified
    caller anyway, so a lie changes nothing but the liar's own key."""
    try:
        payload = token.split(".")[1]
        claims = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return f"{claims['sub']}\n{(claims.get('act') or {}).get('sub', '')}"
    except (IndexError, KeyError, TypeError, AttributeError, ValueError, binascii.Error):
        return ""


def etag_of(value: bytes | None, violations: Violations) -> str:
    """If-Match -> etag; `*` and absence mean any version."""
    if value is None:
        return ""
    text = value.decode("latin-1").strip()
    if not _ETAG.fullmatch(text):
        violations.add(MATCH_HEADER, 'must be one entity tag such as "3", or *', "FORMAT")
        return ""
    return "" if text == "*" else text


def sendable_etag(value: str) -> bytes | None:
    return value.encode("ascii") if value and _ETAG.fullmatch(value) else None


def bearer(value: bytes) -> str | None:
    """The token of an Authorization header, or None when it is not a well-formed bearer token."""
    found = _BEARER.fullmatch(value.decode("latin-1").strip()) if len(value) <= 8192 else None
    return found[1] if found else None


def basic(value: bytes) -> tuple[str, str] | None:
    """User and password of HTTP Basic (RFC 7617, UTF-8), or None."""
    scheme, _, encoded = value.decode("latin-1").strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        return None
    return (user, password) if colon else None


def correlation(value: bytes | None) -> str | None:
    """A client's X-Request-Id when it is harmless in logs and metadata."""
    text = value.decode("latin-1") if value else ""
    return text if _REQUEST_ID.fullmatch(text) else None


def traceparent(value: bytes | None) -> str:
    """A W3C trace context, or empty."""
    text = value.decode("latin-1").strip() if value else ""
    return text if _TRACEPARENT.fullmatch(text) else ""


def media_type(headers: dict[bytes, Any]) -> tuple[str, str]:
    """(type, charset) of the body, lower case; charset utf-8 when not said."""
    kind, _, parameters = headers.get(b"content-type", b"").decode("latin-1").lower().partition(";")
    found = re.search(r'charset\s*=\s*"?([a-z0-9_.:-]+)"?', parameters)
    return kind.strip(), found[1] if found else "utf-8"
