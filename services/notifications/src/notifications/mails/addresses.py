"""Mail addresses as SMTP takes them."""

from __future__ import annotations

import re

# RFC 5321 limits; quoted local parts exist in theory only. No control characters, blanks or list syntax.
_ADDRESS = re.compile(r"[^\s\x00-\x1f\x7f<>()\[\]\\,;:\"@]{1,64}@[^\s\x00-\x1f\x7f<>()\[\]\\,;:\"@]{1,255}")


def envelope_address(text: str) -> str | None:
    """The address with its domain in ASCII (IDNA), None when it cannot be one."""
    if not _ADDRESS.fullmatch(text):
        return None
    local, _, domain = text.rpartition("@")
    try:
        host = domain.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    return f"{local}@{host}" if len(local.encode()) + len(host) < 254 else None
