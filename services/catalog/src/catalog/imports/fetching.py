"""Fetches the file of a job from its address; after a crash it is fetched again from its beginning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from catalog.imports import store
from catalog.imports.domain import MAX_BYTES, Cancelled, Stopped, Unreadable
from catalog.imports.job import Job
from catalog.imports.upload import Receiver
from chassis.outward import AddressRefused, ForeignCallFailed, ForeignHttp

SECONDS = 3600.0
_ASKED = {"accept": "*/*", "accept-encoding": "identity", "user-agent": "Commis"}


async def fetch(job: Job, http: ForeignHttp, stopping: Callable[[], bool]) -> Job:
    """The job with its file in the database. Raises Unreadable, Stopped, Cancelled."""
    await store.clear(job.sessions, job.id)
    content = Receiver(job.sessions, job.id)
    checked = 0

    async def sink(piece: bytes) -> None:
        nonlocal checked
        await content.take(piece)
        if content.size - checked > 4 * 1024**2:
            checked = content.size
            await _go_on(job, stopping)

    try:
        answer = await http.call(
            "GET", job.source_address, headers=_ASKED, max_bytes=MAX_BYTES, seconds=SECONDS, sink=sink
        )
    except (AddressRefused, ForeignCallFailed) as error:
        raise Unreadable(f"the file could not be fetched: {error}") from None
    if answer.status != 200:
        raise Unreadable(f"the file could not be fetched: the answer was {answer.status}, not 200")
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise Unreadable("the file could not be fetched: it came compressed, which was not asked for")
    await content.end()
    async with job.sessions.begin() as session:
        await store.fetched(session, job.id, content.encoding, content.size, content.digest)
    return replace(job, encoding=content.encoding, total_bytes=content.size)


async def _go_on(job: Job, stopping: Callable[[], bool]) -> None:
    if stopping():
        raise Stopped
    async with job.sessions() as session:
        if await store.cancel_requested(session, job.id):
            raise Cancelled
