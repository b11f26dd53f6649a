"""Where the bytes of files lie: a directory that several processes may share.

A file is written under a temporary name, made durable and then renamed, so that a blob is there whole or not at all.
Each operation runs in a thread; memory holds one piece of a file.
"""

from __future__ import annotations

import asyncio
import contextlib
import mmap
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import UUID, uuid4

from chassis import ids
from orders.attachments.structure import Content

PIECE = 256 * 1024


class BlobNotFound(Exception):
    """There are no bytes under this id."""


class DirectoryNotWritable(RuntimeError):
    """Without its directory orders does not start."""


class Upload(Protocol):
    """A file that is being received; nothing of it is kept before `keep`."""

    async def write(self, part: bytes) -> None: ...

    async def look(self, check: Callable[[Content], None]) -> None:
        """Shows the bytes, which are more than none, to `check`, and raises what that raises."""

    async def keep(self, blob_id: UUID) -> None: ...

    def drop(self) -> None:
        """Harmless after `keep`."""


class BlobStore(Protocol):
    async def receive(self) -> Upload: ...

    def read(self, blob_id: UUID, size: int) -> AsyncIterator[bytes]:
        """Pieces of a blob of this size. Raises BlobNotFound before the first, also when the size differs."""

    async def delete(self, blob_ids: Sequence[UUID]) -> None:
        """Those that are not there are gone already."""

    async def missing(self, blob_ids: Sequence[UUID]) -> list[UUID]: ...

    def older_than(self, seconds: float) -> AsyncIterator[list[UUID]]:
        """All blobs that were kept so long ago, in groups; and leftovers of interrupted uploads go."""


class DirectoryBlobs:
    def __init__(self, root: Path) -> None:
        self._incoming = root / "incoming"
        self._kept = root / "kept"

    def prepare(self) -> None:
        """Raises DirectoryNotWritable."""
        try:
            for directory in (self._incoming, self._kept):
                directory.mkdir(parents=True, exist_ok=True)
                probe = directory / f".probe-{uuid4()}"
                probe.write_bytes(b"")
                probe.unlink()
        except OSError as error:
            raise DirectoryNotWritable(f"{self._kept.parent}: {error.strerror or error}") from error

    async def receive(self) -> DirectoryUpload:
        path = self._incoming / str(uuid4())
        return DirectoryUpload(path, await asyncio.to_thread(path.open, "w+b"), self._place)

    async def read(self, blob_id: UUID, size: int) -> AsyncIterator[bytes]:
        try:
            file = await asyncio.to_thread(self._place(blob_id).open, "rb")
        except FileNotFoundError as error:
            raise BlobNotFound(blob_id) from error
        with file:
            if os.fstat(file.fileno()).st_size != size:
                raise BlobNotFound(blob_id)
            while piece := await asyncio.to_thread(file.read, PIECE):
                yield piece

    async def delete(self, blob_ids: Sequence[UUID]) -> None:
        def unlink() -> None:
            for blob_id in blob_ids:
                self._place(blob_id).unlink(missing_ok=True)

        await asyncio.to_thread(unlink)

    async def missing(self, blob_ids: Sequence[UUID]) -> list[UUID]:
        return await asyncio.to_thread(lambda: [each for each in blob_ids if not self._place(each).exists()])

    async def older_than(self, seconds: float) -> AsyncIterator[list[UUID]]:
        before = time.time() - seconds
        for left in await asyncio.to_thread(_files, self._incoming, before):
            left.unlink(missing_ok=True)
        for shard in await asyncio.to_thread(lambda: sorted(self._kept.iterdir())):
            found = await asyncio.to_thread(_files, shard, before)
            parsed = [ids.parse_id(each.name) for each in found]
            yield [each for each in parsed if each is not None]

    def _place(self, blob_id: UUID) -> Path:
        return self._kept / blob_id.hex[-2:] / str(blob_id)


def _files(directory: Path, before: float) -> list[Path]:
    """Those last written before that moment; what goes away meanwhile is left out."""
    found = []
    for path in directory.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < before:
                found.append(path)
    return found


class DirectoryUpload:
    def __init__(self, path: Path, file: BinaryIO, place: Callable[[UUID], Path]) -> None:
        self._path, self._file, self._place = path, file, place

    async def write(self, part: bytes) -> None:
        await asyncio.to_thread(self._file.write, part)

    async def look(self, check: Callable[[Content], None]) -> None:
        await asyncio.to_thread(self._look, check)

    def _look(self, check: Callable[[Content], None]) -> None:
        self._file.flush()
        with mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            check(content)

    async def keep(self, blob_id: UUID) -> None:
        await asyncio.to_thread(self._keep, self._place(blob_id))

    def _keep(self, place: Path) -> None:
        self._file.flush()
        os.utime(self._path)  # its age counts from here
        os.fsync(self._file.fileno())
        self._file.close()
        place.parent.mkdir(exist_ok=True)
        self._path.rename(place)
        for directory in (place.parent, place.parent.parent):
            entry = os.open(directory, os.O_RDONLY)
            try:
                os.fsync(entry)
            finally:
                os.close(entry)

    def drop(self) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)
