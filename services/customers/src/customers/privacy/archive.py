"""The ZIP archive of an export, written while it is sent: memory holds one part and its compressed form."""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import AsyncIterator

from chassis.db import Sessions
from customers.privacy import exports, readme
from customers.privacy.exports import ExportView

PIECE = 256 * 1024


class _Pipe:
    """What zipfile writes to; it cannot seek back, so sizes follow the data (APPNOTE.TXT, 4.3.9)."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> int:
        self._written += data
        return len(data)

    def flush(self) -> None:
        return

    def close(self) -> None:
        return

    def take(self, *, all_of_it: bool = False) -> list[bytes]:
        """Whole pieces; with `all_of_it` also the rest."""
        taken = []
        while len(self._written) >= PIECE or (all_of_it and self._written):
            taken.append(bytes(self._written[:PIECE]))
            del self._written[:PIECE]
        return taken


async def stream(sessions: Sessions, view: ExportView) -> AsyncIterator[bytes]:
    """Pieces of at most 256 KiB. Raises DataExportState, DataExportNotFound."""
    pipe = _Pipe()
    moment = view.create_time
    date = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    files: list[tuple[str, str]] = []

    def write(name: str, content: bytes) -> None:
        entry = zipfile.ZipInfo(name, date)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = 0o600 << 16
        archive.writestr(entry, content)

    archive = zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED)
    async for service, part, content in exports.read_parts(sessions, view):
        name = f"{service}.json" if part == 1 else f"{service}-{part}.json"
        files.append((name, service))
        await asyncio.to_thread(write, name, content)
        for piece in pipe.take():
            yield piece
    name = readme.NAMES.get(view.language_code, readme.NAMES["en"])
    write(name, readme.text(view.language_code, moment, files).encode())
    archive.close()
    for piece in pipe.take(all_of_it=True):
        yield piece
