"""Takes a file in pieces into the database, where every replica can go on with it after a crash."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from catalog.imports import store
from catalog.imports.domain import MAX_BYTES, MAX_PIECE, ImportTooLarge, ImportView
from catalog.imports.encodings import Detector
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
    source_address: str = ""


class Receiver:
    """Stores what arrives in pieces of about MAX_PIECE; learns digest, size and encoding on the way."""

    def __init__(self, sessions: Sessions, import_id: UUID) -> None:
        self._sessions, self._import_id = sessions, import_id
        self._buffer = bytearray()
        self._number = 0
        self._detector = Detector()
        self._digest = hashlib.sha256()
        self.size = 0

    async def take(self, part: bytes) -> None:
        """Raises ImportTooLarge."""
        self.size += len(part)
        if self.size > MAX_BYTES:
            raise ImportTooLarge
        self._digest.update(part)
        self._detector.add(part)
        self._buffer += part
        if len(self._buffer) >= MAX_PIECE:
            await self._store()

    async def end(self) -> None:
        self._detector.add(b"", last=True)
        if self._buffer:
            await self._store()

    async def _store(self) -> None:
        content = bytes(self._buffer)
        self._buffer.clear()
        async with self._sessions.begin() as session:
            await store.add_piece(session, self._import_id, self._number, content)
        self._number += 1

    @property
    def encoding(self) -> str:
        return self._detector.encoding

    @property
    def digest(self) -> bytes:
        return self._digest.digest()


def new_row(import_id: UUID, command: UploadImport, state: str) -> dict[str, object]:
    names = ("kind", "format", "file_name", "caller", "request_id", "attribution", "source_address")
    return {"id": import_id, "state": state, **{name: getattr(command, name) for name in names}}


async def upload(sessions: Sessions, command: UploadImport, parts: AsyncIterator[bytes]) -> ImportView:
    """Raises ImportTooLarge, RequestIdReused."""
    import_id = new_id()
    async with sessions.begin() as session:
        await store.add(session, new_row(import_id, command, "UPLOADING"))
    try:
        content = Receiver(sessions, import_id)
        async for part in parts:
            await content.take(part)
        await content.end()
        return await _finish(sessions, command, import_id, content)
    except BaseException:
        await store.drop_upload(sessions, import_id)
        raise


async def _finish(
    sessions: Sessions, command: UploadImport, import_id: UUID, content: Receiver
) -> ImportView:
    digest = content.digest
    try:
        async with sessions.begin() as session:
            await store.start(session, import_id, content.encoding, content.size, digest)
            return await store.get(session, import_id)
    except IntegrityError as error:
        if db.constraint_name(error) != "uq_imports_request_id" or command.request_id is None:
            raise
    await store.drop_upload(sessions, import_id)
    async with sessions() as session:
        known = await store.find_same(session, command.caller, command.request_id)
        assert known is not None, "a job with this request id was in the way"
        if (known.kind, known.format, known.sha256) != (command.kind, command.format, digest):
            raise RequestIdReused(str(command.request_id))
        return await store.get(session, known.id)
