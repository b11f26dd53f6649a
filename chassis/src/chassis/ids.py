"""Identifiers: UUIDv7, made by the application before the insert, so that they sort by creation time."""

import uuid
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A UUIDv7 that grows within a process, also within one millisecond (RFC 9562, 6.2)."""
    return uuid7()


def parse_id(text: str) -> UUID | None:
    """Only the canonical lower-case text, so that one id has one spelling in tokens, hashes and logs."""
    if len(text) != 36:
        return None
    try:
        parsed = uuid.UUID(text)
    except ValueError:
        return None
    return parsed if str(parsed) == text else None
