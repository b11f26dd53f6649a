"""What is hashed, and how: pure functions, the same for writing and for checking."""

from __future__ import annotations

import datetime
import hashlib
import json
from dataclasses import asdict, dataclass
from uuid import UUID

GENESIS = hashlib.sha256(b"commis audit").digest()


@dataclass(frozen=True, slots=True)
class Sealed:
    """Everything an entry says, and the digest of who did it from where."""

    sequence: int
    event_id: UUID
    author_digest: bytes
    account_id: str
    channel: str
    action: str
    subject_id: str
    order_id: str
    occur_time: datetime.datetime
    request_id: str


def entry_hash(previous: bytes, entry: Sealed) -> bytes:
    """SHA-256 over the previous hash and the entry as JSON with sorted keys: no two entries share a text."""
    body = json.dumps(asdict(entry), sort_keys=True, separators=(",", ":"), default=_text)
    return hashlib.sha256(previous + body.encode()).digest()


def _text(value: object) -> str:
    match value:
        case bytes():
            return value.hex()
        case datetime.datetime():
            return value.astimezone(datetime.UTC).isoformat(timespec="microseconds")
        case _:
            return str(value)


def author_digest(salt: bytes, kind: str, party_id: str, name: str, client_address: str) -> bytes:
    """Salted, so that an erased name cannot be guessed from the digest that stays in the chain."""
    body = json.dumps([kind, party_id, name, client_address]).encode()
    return hashlib.sha256(salt + body).digest()


def head_text(sequence: int, digest: bytes) -> bytes:
    return f"{sequence}:{digest.hex()}".encode()
