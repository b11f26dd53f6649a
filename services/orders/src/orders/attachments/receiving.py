"""Takes the bytes of a file as they arrive: refuses as early as it can, and keeps nothing that is refused."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from chassis.errors import FieldViolation, InvalidFields
from orders.attachments import content
from orders.attachments.blobs import PIECE, Upload
from orders.attachments.domain import MAX_BYTES, AttachmentTooLarge


@dataclass(frozen=True, slots=True)
class Received:
    media_type: str
    size_bytes: int
    sha256: bytes


async def digest(parts: AsyncIterator[bytes]) -> bytes:
    """SHA-256 of a file that is here already. Raises AttachmentTooLarge."""
    found, size = hashlib.sha256(), 0
    async for part in parts:
        size += len(part)
        if size > MAX_BYTES:
            raise AttachmentTooLarge
        found.update(part)
    return found.digest()


async def receive(parts: AsyncIterator[bytes], upload: Upload) -> Received:
    """Raises AttachmentTooLarge, AttachmentTypeNotAllowed, InvalidFields for an empty file, and what `parts` raises."""
    found, size, media_type = hashlib.sha256(), 0, ""
    waiting = bytearray()
    async for part in parts:
        size += len(part)
        if size > MAX_BYTES:
            raise AttachmentTooLarge
        found.update(part)
        waiting += part
        if not media_type and len(waiting) >= content.HEAD:
            media_type = content.recognise(bytes(waiting[: content.HEAD]))
        if media_type and len(waiting) >= PIECE:
            await upload.write(bytes(waiting))
            waiting.clear()
    if not size:
        raise InvalidFields([FieldViolation("content", "must not be empty", "REQUIRED")])
    media_type = media_type or content.recognise(bytes(waiting))
    await upload.write(bytes(waiting))
    await upload.look(lambda whole: content.check(whole, media_type))
    return Received(media_type, size, found.digest())
