"""Takes a file in pieces into the database, where every replica can go on with it after a crash."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from catalog.imports import store
from catalog.imports.domain import MAX_BYTES, MAX_PIECE, ImportTooLarge, ImportView
from chassis import db
from chassis.db import Sessions
from chassis.errors import RequestIdReused
from chassis.ids import new_id


@dataclass(frozen=True, slots=True)
class UploadImport:
    kind: str
    format: str
    file_name: str
    caller: str
    request_id: UUID | None
    attribution: bytes


class _Content:
    """Gathers small messages to pieces; learns digest, size and encoding on the way."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.digest = hashlib.sha256()
        self.size = 0
        self.encoding = "utf-8"

    def add(self, part: bytes, *, last: bool = False) -> bytes | None:
        """A piece to store, once there is enough. Raises ImportTooLarge."""
        self.size += len(part)
        if self.size > MAX_BYTES:
            raise ImportTooLarge
        self.digest.update(part)
        if self.encoding == "utf-8":
            try:
                self._decoder.decode(part, last)
            except UnicodeDecodeError:
                self.encoding = "cp1252"
        self._buffer += part
        if self._buffer and (last or len(self._buffer) >= MAX_PIECE):
            piece = bytes(self._buffer)
            self._buffer.clear()
            return piece
        return None


async def upload(sessions: Sessions, command: UploadImport, parts: AsyncIterator[bytes]) -> ImportView:
    """Raises ImportTooLarge, RequestIdReused."""
    import_id = new_id()
    values = {
        "id": import_id,
        "kind": command.kind,
        "format": command.format,
        "file_name": command.file_name,
        "caller": command.caller,
        "request_id": command.request_id,
        "attribution": command.attribution,
    }
    async with sessions.begin() as session:
        await store.add(session, values)
    try:
        content = await _receive(sessions, import_id, parts)
        return await _finish(sessions, command, import_id, content)
    except BaseException:
        async with sessions.begin() as session:
            await store.drop_upload(session, import_id)
        raise


async def _receive(sessions: Sessions, import_id: UUID, parts: AsyncIterator[bytes]) -> _Content:
    content = _Content()
    number = 0
    async for part in parts:
        piece = content.add(part)
        if piece is not None:
            async with sessions.begin() as session:
                await store.add_piece(session, import_id, number, piece)
            number += 1
    piece = content.add(b"", last=True)
    if piece is not None:
        async with sessions.begin() as session:
            await store.add_piece(session, import_id, number, piece)
    return content


async def _finish(
    sessions: Sessions, command: UploadImport, import_id: UUID, content: _Content
) -> ImportView:
    digest = content.digest.digest()
    try:
        async with sessions.begin() as session:
            await store.start(session, import_id, content.encoding, content.size, digest)
            return await store.get(session, import_id)
    except IntegrityError as error:
        if db.constraint_name(error) != "uq_imports_request_id" or command.request_id is None:
            raise
    async with sessions.begin() as session:
        await store.drop_upload(session, import_id)
        known = await store.find_same(session, command.caller, command.request_id)
        assert known is not None, "a job with this request id was in the way"
        if (known.kind, known.format, known.sha256) != (command.kind, command.format, digest):
            raise RequestIdReused(str(command.request_id))
        return await store.get(session, known.id)
