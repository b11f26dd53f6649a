"""Keyset paging (AIP-158): the token carries the last key and a hash of the filters it belongs to.

Tokens are authenticated with a key of the service, so that their typed values may be trusted in SQL.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chassis import fields
from chassis.errors import FieldViolation, InvalidFields, Violations

_VERSION = 1
_MAC = 12
_key = b"commis"


@dataclass(frozen=True, slots=True)
class Page:
    """`after` is the key of the last row of the page before, None for the first page."""

    size: int
    after: tuple[Any, ...] | None = None


def use_key(secret: str) -> None:
    """Called once at start with something all replicas of a service share and clients do not know."""
    global _key  # noqa: PLW0603  # one process is one service
    _key = hashlib.sha256(b"page token" + secret.encode()).digest()


def _mac(body: bytes) -> bytes:
    return hmac.digest(_key, body, "sha256")[:_MAC]


def _hash(filters: Mapping[str, Any]) -> str:
    listed = json.dumps(filters, sort_keys=True, default=str)
    return hashlib.sha256(listed.encode()).hexdigest()[:16]


def _dump(value: Any) -> list[Any]:
    match value:
        case bool():
            raise TypeError("a page key is a str, int, datetime or UUID")
        case str():
            return ["s", value]
        case int():
            return ["i", value]
        case UUID():
            return ["u", str(value)]
        case datetime.datetime():
            return ["t", value.isoformat()]
        case _:
            raise TypeError("a page key is a str, int, datetime or UUID")


_LOAD: dict[str, Callable[[Any], Any]] = {"s": str, "i": int, "u": UUID, "t": datetime.datetime.fromisoformat}


def next_token(last_key: tuple[Any, ...], filters: Mapping[str, Any]) -> str:
    """`last_key` of str, int, datetime or UUID: the key of the last row given out."""
    body = json.dumps([_VERSION, _hash(filters), [_dump(value) for value in last_key]]).encode()
    return base64.urlsafe_b64encode(_mac(body) + body).decode().rstrip("=")


def decode(
    page_size: int, page_token: str, filters: Mapping[str, Any], default: int = 50, maximum: int = 200
) -> Page:
    """Raises InvalidFields for a negative size, a foreign or broken token, or one made for other filters."""
    found = Violations()
    size = fields.page_size(found, page_size, default, maximum)
    found.raise_if_any()
    if not page_token:
        return Page(size)
    try:
        raw = base64.b64decode(page_token + "=" * (-len(page_token) % 4), altchars=b"-_", validate=True)
        if not hmac.compare_digest(raw[:_MAC], _mac(raw[_MAC:])):
            raise ValueError("not ours")
        _version, made_for, keys = json.loads(raw[_MAC:])
        after = tuple(_LOAD[kind](value) for kind, value in keys)
    except (ValueError, KeyError, TypeError):
        raise InvalidFields([FieldViolation("page_token", "is not a page token of this list")]) from None
    if made_for != _hash(filters):
        raise InvalidFields([FieldViolation("page_token", "was made for other filters")])
    return Page(size, after)
