"""Blobs and rows of files drift apart only by a crash: blobs without a row go, rows without a blob are an alarm."""

from __future__ import annotations

import asyncio
import contextlib
from uuid import UUID

from prometheus_client import Counter, Gauge

from chassis.db import Sessions
from chassis.logs import log
from orders.attachments import store
from orders.attachments.blobs import BlobStore

# No upload takes so long between its blob and its row.
ORPHAN_SECONDS = 3600.0
EVERY_SECONDS = 3600.0
_PAGE = 500
SWEPT = Counter("attachments_swept_total", "Blobs without a row that were deleted")
MISSING = Gauge("attachments_missing", "Rows of files whose blob is not there")


async def sweep(sessions: Sessions, blobs: BlobStore, orphan_seconds: float = ORPHAN_SECONDS) -> int:
    """How many blobs went."""
    gone = 0
    async for ids in blobs.older_than(orphan_seconds):
        for start in range(0, len(ids), _PAGE):
            page = ids[start : start + _PAGE]
            async with sessions() as session:
                known = await store.known(await session.connection(), page)
            orphans = [each for each in page if each not in known]
            await blobs.delete(orphans)
            gone += len(orphans)
    SWEPT.inc(gone)
    return gone


async def missing(sessions: Sessions, blobs: BlobStore) -> list[UUID]:
    """Rows whose blob is not there; each is in the log, and how many there are is a metric."""
    found: list[UUID] = []
    after = UUID(int=0)
    while True:
        async with sessions() as session:
            page = await store.ids_after(await session.connection(), after, _PAGE)
        suspects = await blobs.missing(page)
        if suspects:
            async with sessions() as session:  # not those that were removed meanwhile
                still = await store.known(await session.connection(), suspects)
            found += sorted(still)
        if len(page) < _PAGE:
            break
        after = page[-1]
    MISSING.set(len(found))
    for each in found:
        log.error("attachment without its content", attachment_id=str(each))
    return found


class Sweeper:
    """A background task; harmless to run in every replica."""

    def __init__(self, sessions: Sessions, blobs: BlobStore) -> None:
        self._sessions, self._blobs = sessions, blobs
        self._stop = asyncio.Event()

    async def stop(self) -> None:
        self._stop.set()

    async def run(self) -> None:
        self._stop.clear()
        while not self._stop.is_set():
            try:
                await sweep(self._sessions, self._blobs)
                await missing(self._sessions, self._blobs)
            except Exception as error:
                log.warning("files not looked at", error=repr(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), EVERY_SECONDS)
