"""Uploads a file, runs its job, and looks at what came of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from catalog.imports import store
from catalog.imports.domain import ImportView
from catalog.imports.runner import ImportRunner
from catalog.imports.upload import UploadImport, upload
from chassis.db import Sessions

Found = dict[int, list[tuple[str, str, str, bool]]]


@dataclass
class Importing:
    sessions: Sessions
    runner: ImportRunner

    async def upload(
        self, kind: str, content: str | bytes, request_id: UUID | None = None, *, file_format: str = "CSV"
    ) -> ImportView:
        body = content.encode() if isinstance(content, str) else content

        async def parts() -> AsyncIterator[bytes]:
            for start in range(0, len(body), 1000):
                yield body[start : start + 1000]

        command = UploadImport(kind, file_format, "file", "me", request_id, b"")
        return await upload(self.sessions, command, parts())

    async def __call__(self, kind: str, content: str | bytes, file_format: str = "CSV") -> ImportView:
        job = await self.upload(kind, content, file_format=file_format)
        await self.runner.run_next(kind)
        return await self.view(job.id)

    async def onix(self, content: str | bytes) -> ImportView:
        return await self("PRODUCTS", content, "ONIX")

    async def view(self, import_id: UUID) -> ImportView:
        async with self.sessions() as session:
            return await store.get(session, import_id)

    async def findings(self, job: ImportView, outcome: str = "") -> Found:
        """(field, value, rule up to its colon, repaired) by record number."""
        async with self.sessions() as session:
            found = await store.list_verdicts(session, job.id, outcome, -1, 1000)
        return {
            number: [
                (f["field"], f["value"], f["rule"].split(":")[0].split(";")[0], f["repaired"])
                for f in findings
            ]
            for number, _ref, _outcome, findings in found
        }

    async def verdicts(self, job: ImportView) -> list[tuple[str, str, list[str]]]:
        """(reference, outcome, rules) in the order of the file."""
        async with self.sessions() as session:
            found = await store.list_verdicts(session, job.id, "", 0, 1000)
        return [
            (ref, outcome, [f["rule"].split(":")[0].split(";")[0] for f in findings])
            for _number, ref, outcome, findings in found
        ]

    async def all(self, text: str) -> list[tuple[object, ...]]:
        async with self.sessions() as session:
            return [tuple(row) for row in (await session.execute(sa.text(text))).all()]


def counts(job: ImportView) -> tuple[int, int, int, int]:
    return job.accepted_count, job.changed_count, job.unchanged_count, job.refused_count
