"""Verifies the whole chain and names the first sequence that is not as it was written."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.db import Sessions
from customers.audit import chain, checkpoints, store
from customers.audit.chain import Sealed
from customers.audit.checkpoints import Checkpoint
from customers.audit.models import AuditAuthor, AuditCheckpoint, AuditEntry, AuditHead
from customers.vault import Vault

PAGE = 5000


@dataclass(frozen=True, slots=True)
class Finding:
    """The first bad sequence, and why."""

    sequence: int
    problem: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """`sequence` is the last entry of the chain, when `finding` is None."""

    sequence: int
    finding: Finding | None


@dataclass(frozen=True, slots=True)
class _Author:
    digest: bytes
    intact: bool


async def check(sessions: Sessions, vault: Vault, logged: Iterable[str] = ()) -> Outcome:
    """Every entry, every author, every checkpoint and the head. `logged`: checkpoint statements as they stand
    in the log, for the case that somebody removed entries together with their checkpoints and the head."""
    async with sessions() as session:
        # One snapshot, so that entries appended meanwhile do not look like contradictions.
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        expected, broken = await _checkpoints(session, vault, logged)
        walk = _Walk(expected)
        await walk.run(session)
        findings = [*walk.findings, *broken, *await _head(session, vault, walk), *walk.missing()]
    finding = min(findings, key=lambda one: one.sequence, default=None)
    return Outcome(walk.sequence, finding)


async def _checkpoints(
    session: AsyncSession, vault: Vault, logged: Iterable[str]
) -> tuple[dict[int, bytes], list[Finding]]:
    """Hash by sequence of every authentic statement, and the stored ones that are not."""
    read = await checkpoints.verifier(session, vault)
    expected: dict[int, bytes] = {}
    broken: list[Finding] = []
    rows = await session.execute(
        sa.select(AuditCheckpoint.sequence, AuditCheckpoint.hash, AuditCheckpoint.statement)
    )
    for row in rows:
        said = read(row.statement)
        if said != Checkpoint(row.sequence, row.hash):
            broken.append(Finding(row.sequence, "its checkpoint was altered"))
        else:
            expected[row.sequence] = row.hash
    for statement in logged:
        said = read(statement)
        if said is not None:
            expected[said.sequence] = said.hash
    return expected, broken


async def _head(session: AsyncSession, vault: Vault, walk: _Walk) -> list[Finding]:
    head = await session.get(AuditHead, 1)
    if head is None:
        return [Finding(1, "the head of the chain is missing")] if walk.sequence else []
    if not store.is_authentic(vault, head.sequence, head.hash, head.mac):
        return [Finding(min(head.sequence, walk.sequence) + 1, "the head of the chain was altered")]
    if head.sequence > walk.sequence:
        return [Finding(walk.sequence + 1, f"entries up to {head.sequence} are missing")]
    if head.sequence < walk.sequence or head.hash != walk.hash:
        return [
            Finding(
                head.sequence + 1 if head.sequence < walk.sequence else head.sequence, "it is not the head"
            )
        ]
    return []


class _Walk:
    """One pass over the entries, in pages; stops at the first that does not fit."""

    def __init__(self, expected: dict[int, bytes]) -> None:
        self.sequence = 0
        self.hash = chain.GENESIS
        self.findings: list[Finding] = []
        self._expected = expected
        self._authors: dict[UUID, _Author] = {}

    async def run(self, session: AsyncSession) -> None:
        while not self.findings:
            query = sa.select(AuditEntry).where(AuditEntry.sequence > self.sequence)
            page = (await session.scalars(query.order_by(AuditEntry.sequence).limit(PAGE))).all()
            if not page:
                return
            await self._load_authors(session, {entry.author_id for entry in page})
            for entry in page:
                problem = self._problem(entry)
                if problem:
                    self.findings.append(Finding(self.sequence + 1, problem))
                    return
                self.sequence, self.hash = entry.sequence, entry.hash
            session.expunge_all()

    def missing(self) -> list[Finding]:
        """Checkpoints beyond the last entry: the tail was cut off."""
        beyond = [sequence for sequence in self._expected if sequence > self.sequence]
        if self.findings or not beyond:
            return []
        return [Finding(self.sequence + 1, f"entries up to {max(beyond)} are missing")]

    def _problem(self, entry: AuditEntry) -> str:
        if entry.sequence != self.sequence + 1:
            return "it is missing"
        if entry.previous_hash != self.hash:
            return "it does not follow the entry before it"
        author = self._authors.get(entry.author_id)
        if author is None or not author.intact:
            return "its author was altered"
        if chain.entry_hash(self.hash, _sealed(entry, author.digest)) != entry.hash:
            return "it was altered"
        if self._expected.get(entry.sequence, entry.hash) != entry.hash:
            return "it contradicts a signed checkpoint"
        return ""

    async def _load_authors(self, session: AsyncSession, wanted: set[UUID]) -> None:
        unknown = wanted - self._authors.keys()
        if not unknown:
            return
        for row in await session.scalars(sa.select(AuditAuthor).where(AuditAuthor.id.in_(unknown))):
            self._authors[row.id] = _Author(row.digest, row.erase_time is not None or _is_intact(row))


def _is_intact(row: AuditAuthor) -> bool:
    said = chain.author_digest(row.salt, row.kind, row.party_id, row.name, row.client_address)
    return said == row.digest


def _sealed(entry: AuditEntry, author_digest: bytes) -> Sealed:
    return Sealed(
        sequence=entry.sequence,
        event_id=entry.event_id,
        author_digest=author_digest,
        account_id=entry.account_id,
        channel=entry.channel,
        action=entry.action,
        subject_id=entry.subject_id,
        order_id=entry.order_id,
        occur_time=entry.occur_time.astimezone(datetime.UTC),
        request_id=entry.request_id,
    )
