"""Statements on import jobs, their pieces and verdicts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.imports.domain import ImportNotFound, ImportView, Verdict
from catalog.products.queries import parsed
from chassis.db import Sessions

_VIEW = (
    "id, kind, format, file_name, state, total_bytes, processed_bytes, accepted_count, changed_count,"
    " unchanged_count, refused_count, error, create_time, finish_time, source_address"
)
_NEW = sql.statement("""
    INSERT INTO imports (id, kind, format, file_name, state, caller, request_id, attribution, source_address)
    VALUES (:id, :kind, :format, :file_name, :state, :caller, :request_id, :attribution, :source_address)
""")
_ADD_PIECE = sql.statement("INSERT INTO import_pieces (import_id, no, content) VALUES (:id, :no, :content)")
_PIECE = sql.statement("SELECT content FROM import_pieces WHERE import_id = :id AND no = :no")
_START = sql.statement("""
    UPDATE imports SET state = 'PENDING', encoding = :encoding, total_bytes = :total_bytes, sha256 = :sha256
    WHERE id = :id
""")
_FETCHED = sql.statement("""
    UPDATE imports SET encoding = :encoding, total_bytes = :total_bytes, sha256 = :sha256
    WHERE id = :id AND state = 'RUNNING'
""")
_CANCELLED = sql.statement("SELECT cancel_requested FROM imports WHERE id = :id")
_SAME = sql.statement("""
    SELECT id, kind, format, sha256 FROM imports
    WHERE caller = :caller AND request_id = :request_id AND state <> 'UPLOADING'
""")
_GET = sql.statement(f"SELECT {_VIEW} FROM imports WHERE id = :id AND state <> 'UPLOADING'")  # noqa: S608
_PAGE = sql.statement(
    f"SELECT {_VIEW} FROM imports WHERE state <> 'UPLOADING'"  # noqa: S608
    " AND (CAST(:after AS uuid) IS NULL OR id < :after) ORDER BY id DESC LIMIT :size"
)
_CANCEL = sql.statement("""
    UPDATE imports SET cancel_requested = true,
        state = CASE WHEN state = 'PENDING' THEN 'CANCELLED' ELSE state END,
        finish_time = CASE WHEN state = 'PENDING' THEN now() ELSE finish_time END
    WHERE id = :id AND state IN ('PENDING', 'RUNNING') RETURNING state
""")
_VERDICTS = """
    SELECT record_number, record_ref, outcome, findings FROM import_verdicts WHERE import_id = :id{filter}
        AND record_number > :after ORDER BY record_number LIMIT :size
"""
_ADD_VERDICTS = sql.statement("""
    INSERT INTO import_verdicts (import_id, record_number, record_ref, outcome, findings)
    SELECT :id, n, r, o, CAST(f AS jsonb) FROM unnest(CAST(:numbers AS bigint[]), CAST(:refs AS text[]),
        CAST(:outcomes AS text[]), CAST(:findings AS text[])) AS v(n, r, o, f)
    ON CONFLICT (import_id, record_number) DO NOTHING
""")
# In slices: deleting two gigabytes takes longer than a statement may. By row addresses, because no statistics of
# a table that was filled this minute can mislead the planner about those.
PIECES_AT_ONCE, KEYS_AT_ONCE = 32, 20_000
_DROP_PIECES = sql.statement("""
    DELETE FROM import_pieces
    WHERE ctid = ANY(ARRAY(SELECT ctid FROM import_pieces WHERE import_id = :id LIMIT :most))
""")
_DROP_SEEN = sql.statement("""
    DELETE FROM import_seen
    WHERE ctid = ANY(ARRAY(SELECT ctid FROM import_seen WHERE import_id = :id LIMIT :most))
""")
_LEFT_OVER = sql.statement("""
    SELECT id FROM imports i WHERE state IN ('SUCCEEDED', 'FAILED', 'CANCELLED') AND (
        EXISTS (SELECT 1 FROM import_pieces WHERE import_id = i.id)
        OR EXISTS (SELECT 1 FROM import_seen WHERE import_id = i.id))
""")
_DROP = sql.statement("DELETE FROM imports WHERE id = :id AND state = 'UPLOADING'")
_ABANDONED = sql.statement("""
    SELECT id FROM imports WHERE state = 'UPLOADING' AND create_time < now() - interval '1 day' LIMIT 10
""")


async def add(session: AsyncSession, values: dict[str, Any]) -> None:
    await sql.run(session, _NEW, values)


async def add_piece(session: AsyncSession, import_id: UUID, number: int, content: bytes) -> None:
    await sql.run(session, _ADD_PIECE, {"id": import_id, "no": number, "content": content})


async def piece(session: AsyncSession, import_id: UUID, number: int) -> bytes | None:
    row = await sql.first(session, _PIECE, {"id": import_id, "no": number})
    return None if row is None else bytes(row.content)


async def start(
    session: AsyncSession, import_id: UUID, encoding: str, total_bytes: int, sha256: bytes
) -> None:
    parameters = {"id": import_id, "encoding": encoding, "total_bytes": total_bytes, "sha256": sha256}
    await sql.run(session, _START, parameters)


async def fetched(
    session: AsyncSession, import_id: UUID, encoding: str, total_bytes: int, sha256: bytes
) -> None:
    parameters = {"id": import_id, "encoding": encoding, "total_bytes": total_bytes, "sha256": sha256}
    await sql.run(session, _FETCHED, parameters)


async def cancel_requested(session: AsyncSession, import_id: UUID) -> bool:
    row = await sql.first(session, _CANCELLED, {"id": import_id})
    return row is None or bool(row.cancel_requested)


async def find_same(session: AsyncSession, caller: str, request_id: UUID) -> sql.Row | None:
    return await sql.first(session, _SAME, {"caller": caller, "request_id": request_id})


async def get(session: AsyncSession, import_id: UUID) -> ImportView:
    """Raises ImportNotFound."""
    row = await sql.first(session, _GET, {"id": import_id})
    if row is None:
        raise ImportNotFound(import_id)
    return ImportView(*row)


async def list_page(session: AsyncSession, after: UUID | None, size: int) -> list[ImportView]:
    """Newest first."""
    return [ImportView(*row) for row in await sql.rows(session, _PAGE, {"after": after, "size": size})]


async def cancel(session: AsyncSession, import_id: UUID) -> bool:
    """False when the job has ended already."""
    return await sql.first(session, _CANCEL, {"id": import_id}) is not None


async def add_verdicts(session: AsyncSession, import_id: UUID, verdicts: Sequence[Verdict]) -> None:
    columns = {
        "id": import_id,
        "numbers": [verdict.number for verdict in verdicts],
        "refs": [verdict.ref for verdict in verdicts],
        "outcomes": [verdict.outcome for verdict in verdicts],
        "findings": [
            json.dumps([finding.as_json for finding in verdict.findings]) if verdict.findings else None
            for verdict in verdicts
        ],
    }
    await sql.run(session, _ADD_VERDICTS, columns)


async def list_verdicts(
    session: AsyncSession, import_id: UUID, outcome: str, after: int, size: int
) -> list[tuple[int, str, str, list[dict[str, Any]]]]:
    """(record number, reference, outcome, findings), in the order of the file."""
    text = _VERDICTS.format(filter=" AND outcome = :outcome" if outcome else "")
    parameters: dict[str, Any] = {"id": import_id, "after": after, "size": size}
    if outcome:
        parameters["outcome"] = outcome
    rows = await sql.rows(session, sql.statement(text), parameters)
    return [(row.record_number, row.record_ref, row.outcome, parsed(row.findings) or []) for row in rows]


async def clear(sessions: Sessions, import_id: UUID) -> None:
    """What only a living job needs, in transactions of its own; what a crash leaves is found by `left_over`."""
    for statement, most in ((_DROP_PIECES, PIECES_AT_ONCE), (_DROP_SEEN, KEYS_AT_ONCE)):
        deleted = most
        while deleted == most:
            async with sessions.begin() as session:
                deleted = await sql.run(session, statement, {"id": import_id, "most": most})


async def drop_upload(sessions: Sessions, import_id: UUID) -> None:
    """An upload that never became a job."""
    await clear(sessions, import_id)
    async with sessions.begin() as session:
        await sql.run(session, _DROP, {"id": import_id})


async def left_over(session: AsyncSession) -> list[UUID]:
    """Jobs that ended and were not cleared."""
    return [row.id for row in await sql.rows(session, _LEFT_OVER)]


async def abandoned(session: AsyncSession) -> list[UUID]:
    return [row.id for row in await sql.rows(session, _ABANDONED)]
