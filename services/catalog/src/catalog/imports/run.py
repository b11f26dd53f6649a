"""One pass over the file of a job, from its checkpoint to the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from commis.catalog.v1 import events_pb2
from commis.common.v1 import common_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.imports import store
from catalog.imports.domain import (
    ACCEPTED,
    CHANGED,
    REFUSED,
    UNCHANGED,
    Cancelled,
    Finding,
    Record,
    Stopped,
    Unreadable,
    Verdict,
)
from catalog.imports.job import Job
from catalog.imports.readers import reader_of
from chassis import crash, db, outbox
from chassis.logs import log

BATCH = 1000
MAX_SIZE = 8 * 1024**2  # characters of a batch

_CHECK = sql.statement("SELECT state, record_number, cancel_requested FROM imports WHERE id = :id FOR UPDATE")
_ADVANCE = sql.statement("""
    UPDATE imports SET record_number = :number, processed_bytes = :bytes,
        accepted_count = accepted_count + :accepted, changed_count = changed_count + :changed,
        unchanged_count = unchanged_count + :unchanged, refused_count = refused_count + :refused WHERE id = :id
""")
_FINISH = sql.statement("""
    UPDATE imports SET state = :state, error = :error, finish_time = now(),
        processed_bytes = CASE WHEN :state = 'SUCCEEDED' THEN total_bytes ELSE processed_bytes END
    WHERE id = :id AND state = 'RUNNING' RETURNING accepted_count, changed_count, refused_count
""")


class Run:
    """`stopping` is asked after every batch. While the database takes one batch, the next is read: at most two
    are in memory, and they are applied in order."""

    def __init__(self, job: Job, stopping: Callable[[], bool]) -> None:
        self._job = job
        self._stopping = stopping
        self._reader, self._applier = reader_of(job)
        self._done = job.record_number
        self._batch: list[Record] = []
        self._size = 0
        self._bytes = 0
        self._applying: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Raises Unreadable, ReaderDied, Stopped, Cancelled."""
        try:
            await self._read()
        except Unreadable:
            await self._applied()
            raise
        except BaseException:
            if self._applying is not None:
                self._applying.cancel()
                await asyncio.wait([self._applying])
            raise
        finally:
            await self._reader.close()

    async def _read(self) -> None:
        if not self._job.total_bytes:
            raise Unreadable("the file is empty")
        number = 0
        while True:
            async with self._job.sessions() as session:
                piece = await store.piece(session, self._job.id, number)
            async for record in self._reader.feed(piece or b"", last=piece is None):
                await self._take(record)
            self._bytes += len(piece or b"")
            number += 1
            if piece is None:
                break
        await self._header_verdict()
        await self._flush()
        await self._applied()
        await self._reader.finish()

    async def _take(self, record: Record) -> None:
        if record.number <= self._job.record_number:
            return  # applied before the crash
        full = len(self._batch) >= BATCH or self._size > MAX_SIZE
        if full and (
            self._applier.key(record) != self._applier.key(self._batch[-1])
            or len(self._batch) > 2 * BATCH
            or self._size > 2 * MAX_SIZE
        ):
            await self._flush()
        self._batch.append(record)
        self._size += record.size

    async def _header_verdict(self) -> None:
        findings = list(self._reader.findings)
        if self._job.encoding == "cp1252":
            findings.insert(0, Finding("encoding", self._job.encoding, "NOT_UTF_8: read as Windows-1252"))
        if findings:
            async with self._job.sessions.begin() as session:
                verdict = Verdict(self._reader.header_line, "header", ACCEPTED, findings)
                await store.add_verdicts(session, self._job.id, [verdict])

    async def _flush(self) -> None:
        batch, self._batch, self._size = self._batch, [], 0
        await self._applied()
        if self._stopping():
            raise Stopped
        if batch:
            self._applying = asyncio.create_task(self._apply(batch))

    async def _applied(self) -> None:
        """The batch before is in the database. Raises what it raised."""
        applying, self._applying = self._applying, None
        if applying is not None:
            await applying

    async def _apply(self, batch: list[Record]) -> None:
        """A batch that fails as a whole is halved until the record at fault is alone, and refused."""
        try:
            await self._applier.prepare(self._job, batch)
            async with self._job.sessions.begin() as session:
                await self._check(session)
                verdicts = await self._applier.apply(session, self._job, batch)
                await self._advance(session, batch, verdicts)
                crash.point("import_before_commit")
        except (Stopped, Cancelled):
            raise
        except Exception as error:
            if db.unavailable(error) is not None:
                raise
            log.warning(
                "import batch failed", import_id=str(self._job.id), size=len(batch), error=repr(error)
            )
            await self._apart(batch)
        else:
            self._done = batch[-1].number

    async def _apart(self, batch: list[Record]) -> None:
        if len(batch) > 1:
            middle = len(batch) // 2
            await self._apply(batch[:middle])
            await self._apply(batch[middle:])
            return
        (record,) = batch
        verdict = Verdict(record.number, "", REFUSED, [Finding("record", "", "CANNOT_BE_STORED")])
        async with self._job.sessions.begin() as session:
            await self._check(session)
            await self._advance(session, batch, [verdict])
        self._done = record.number

    async def _check(self, session: AsyncSession) -> None:
        row = await sql.first(session, _CHECK, {"id": self._job.id})
        if row is None or row.state != "RUNNING" or row.record_number != self._done:
            raise Stopped
        if row.cancel_requested:
            raise Cancelled

    async def _advance(self, session: AsyncSession, batch: list[Record], verdicts: list[Verdict]) -> None:
        await store.add_verdicts(session, self._job.id, verdicts)
        outcomes = [verdict.outcome for verdict in verdicts]
        parameters: dict[str, Any] = {
            "id": self._job.id,
            "number": batch[-1].number,
            "bytes": self._bytes if self._reader.share is None else int(self._bytes * self._reader.share),
            "accepted": outcomes.count(ACCEPTED),
            "changed": outcomes.count(CHANGED),
            "unchanged": outcomes.count(UNCHANGED),
            "refused": outcomes.count(REFUSED),
        }
        await sql.run(session, _ADVANCE, parameters)


async def finish(session: AsyncSession, job: Job, state: str, error: str) -> None:
    """Ends the job; the caller clears what only a living one needs."""
    row = await sql.first(session, _FINISH, {"id": job.id, "state": state, "error": error[:1000]})
    if row is None:
        return
    event = events_pb2.ImportFinished(
        attribution=common_pb2.Attribution.FromString(job.attribution),
        import_id=str(job.id),
        accepted_count=row.accepted_count,
        changed_count=row.changed_count,
        refused_count=row.refused_count,
    )
    event.attribution.occur_time.GetCurrentTime()
    outbox.add(session, event, subject="commis.catalog.v1.import_finished", aggregate_id=str(job.id))
