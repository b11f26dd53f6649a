"""Runs import jobs: batch by batch, each with its checkpoint, so that any replica can go on after a crash.

Per kind one job at a time in the whole installation: a session lock of PostgreSQL says whose turn it is, and
the row of the job, locked by every batch, makes sure that two that believe so cannot both write.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from uuid import UUID

from commis.common.v1 import common_pb2
from sqlalchemy.ext.asyncio import AsyncEngine

from catalog import sql
from catalog.imports import store
from catalog.imports.domain import Cancelled, ReaderDied, Stopped, Unreadable
from catalog.imports.fetching import fetch
from catalog.imports.job import Job
from catalog.imports.run import Run, finish
from catalog.pricing.quote import Quoter
from chassis import db
from chassis.db import Sessions
from chassis.logs import log
from chassis.outward import ForeignHttp

POLL_SECONDS = 1.0
MAX_DEATHS = 3  # of the process that reads a file, before the file is held to be the cause
KINDS = ("PRODUCTS", "PRICES", "STOCK")
_LOCK = 0x696D70  # with the number of the kind

_WAITING = sql.statement("""
    SELECT id FROM imports WHERE state IN ('PENDING', 'RUNNING') AND kind = :kind ORDER BY id LIMIT 1
""")
_BEGIN = sql.statement("""
    UPDATE imports SET state = 'RUNNING' WHERE id = :id AND state IN ('PENDING', 'RUNNING')
    RETURNING id, kind, format, file_name, source_address, encoding, total_bytes, record_number, attribution,
        sha256 IS NULL AS unfetched
""")


class ImportRunner:
    """Background task."""

    def __init__(
        self,
        engine: AsyncEngine,
        sessions: Sessions,
        quoter: Quoter,
        language: str,
        http: ForeignHttp | None = None,
    ) -> None:
        self._engine = engine
        self._sessions = sessions
        self._quoter = quoter
        self._language = language
        self._http = http or ForeignHttp()
        self._deaths: Counter[UUID] = Counter()
        self._stopping = False
        self._wake = {kind: asyncio.Event() for kind in KINDS}
        self._ended = asyncio.Event()
        self._ended.set()

    def nudge(self) -> None:
        for event in self._wake.values():
            event.set()

    async def run(self) -> None:
        self._ended.clear()
        try:
            await asyncio.gather(*(self._serve(kind) for kind in KINDS), self.tidy())
        finally:
            self._ended.set()

    async def stop(self) -> None:
        """Ends after the current batch."""
        self._stopping = True
        self.nudge()
        await self._ended.wait()

    async def tidy(self) -> None:
        """What uploads and jobs left behind when their process died."""
        async with self._sessions() as session:
            abandoned, ended = await store.abandoned(session), await store.left_over(session)
        for import_id in abandoned:
            await store.drop_upload(self._sessions, import_id)
        for import_id in ended:
            await store.clear(self._sessions, import_id)

    async def _serve(self, kind: str) -> None:
        while not self._stopping:
            self._wake[kind].clear()
            try:
                busy = await self.run_next(kind)
            except Exception as error:
                log.error("import interrupted", kind=kind, exc_info=error)
                busy = False
            if not busy and not self._stopping:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake[kind].wait(), POLL_SECONDS)

    async def run_next(self, kind: str) -> bool:
        """Work on the oldest job of this kind; False when there is none, or another replica has it."""
        async with self._sessions() as session:
            waiting = await sql.first(session, _WAITING, {"kind": kind})
        if waiting is None:
            return False
        lock = await db.dedicated(self._engine)
        try:
            if not await lock.fetchval("SELECT pg_try_advisory_lock($1, $2)", _LOCK, KINDS.index(kind)):
                return False
            await self._work(waiting.id)
        finally:
            await lock.close()
        return True

    async def _work(self, import_id: UUID) -> None:
        async with self._sessions.begin() as session:
            row = await sql.first(session, _BEGIN, {"id": import_id})
        if row is None:
            return
        job = self._job(row)
        state, error = "SUCCEEDED", ""
        try:
            if row.unfetched:
                job = await fetch(job, self._http, lambda: self._stopping)
            await Run(job, lambda: self._stopping).run()
        except Stopped:
            return
        except Cancelled:
            state = "CANCELLED"
        except Unreadable as unreadable:
            state, error = "FAILED", str(unreadable)
        except ReaderDied as died:
            self._deaths[job.id] += 1
            if self._deaths[job.id] < MAX_DEATHS:
                raise
            state, error = "FAILED", str(died)
        self._deaths.pop(job.id, None)
        async with self._sessions.begin() as session:
            await finish(session, job, state, error)
        await store.clear(self._sessions, job.id)

    def _job(self, row: sql.Row) -> Job:
        attribution = common_pb2.Attribution.FromString(row.attribution)
        return Job(
            id=row.id,
            kind=row.kind,
            format=row.format,
            file_name=row.file_name,
            encoding=row.encoding,
            total_bytes=row.total_bytes,
            record_number=row.record_number,
            actor_id=attribution.actor.id,
            attribution=row.attribution,
            language=self._language,
            country=self._quoter.vendor_region,
            today=self._quoter.clock().today,
            sessions=self._sessions,
            source_address=row.source_address,
        )
