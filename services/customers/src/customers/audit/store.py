"""Appending to the chain: one lock, one write per batch."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.audit import chain
from customers.audit.authors import Authors, Known
from customers.audit.chain import Sealed
from customers.database import AnyRow
from customers.vault import Vault

_FIRST_HEAD = sa.text(
    "INSERT INTO audit_head (id, sequence, hash, mac) VALUES (1, 0, :hash, :mac) ON CONFLICT DO NOTHING"
)
_LOCK_HEAD = sa.text(
    "SELECT sequence, hash, mac,"
    " ARRAY(SELECT event_id FROM audit_entries WHERE event_id = ANY(CAST(:ids AS uuid[]))) AS known"
    " FROM audit_head FOR UPDATE OF audit_head"
)
_APPEND = sa.text(
    """
    WITH appended AS (
      INSERT INTO audit_entries (sequence, event_id, author_id, account_id, channel, action, subject_id, order_id,
                                 occur_time, request_id, previous_hash, hash)
      SELECT * FROM unnest(
        CAST(:sequence AS bigint[]), CAST(:event_id AS uuid[]), CAST(:author_id AS uuid[]),
        CAST(:account_id AS text[]), CAST(:channel AS text[]), CAST(:action AS text[]),
        CAST(:subject_id AS text[]), CAST(:order_id AS text[]), CAST(:occur_time AS timestamptz[]),
        CAST(:request_id AS text[]), CAST(:previous_hash AS bytea[]), CAST(:hash AS bytea[])))
    UPDATE audit_head SET sequence = :last, hash = :last_hash, mac = :mac
    """
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One event, as the audit keeps it."""

    event_id: UUID
    actor_kind: str
    actor_id: str
    client_address: str
    account_id: str
    channel: str
    action: str
    subject_id: str
    order_id: str
    occur_time: datetime.datetime
    request_id: str


class BrokenHead(Exception):
    """audit_head was changed by somebody without the service's secret; nothing may be appended to it."""


@dataclass(frozen=True, slots=True)
class Head:
    sequence: int
    hash: bytes


async def lock_head(session: AsyncSession, vault: Vault) -> Head:
    """Whoever has it may append. Raises BrokenHead."""
    row = await _lock(session, vault, [])
    return Head(row.sequence, row.hash)


async def _lock(session: AsyncSession, vault: Vault, event_ids: list[UUID]) -> AnyRow:
    row = (await session.execute(_LOCK_HEAD, {"ids": event_ids})).first()
    if row is None:
        first = {"hash": chain.GENESIS, "mac": _mac(vault, 0, chain.GENESIS)}
        await session.execute(_FIRST_HEAD, first)
        row = (await session.execute(_LOCK_HEAD, {"ids": event_ids})).one()
    if not is_authentic(vault, row.sequence, row.hash, row.mac):
        raise BrokenHead("audit_head is not what this service wrote; run check-audit")
    return row


def is_authentic(vault: Vault, sequence: int, digest: bytes, mac: bytes) -> bool:
    return _mac(vault, sequence, digest) == mac


def _mac(vault: Vault, sequence: int, digest: bytes) -> bytes:
    return vault.mac("audit head", chain.head_text(sequence, digest))


async def append(session: AsyncSession, vault: Vault, authors: Authors, facts: Sequence[Fact]) -> Head:
    """Add the facts in this order; one that is in the audit already is left out. The new head.

    The inbox already keeps repeats away; what a replay from before its time brings again is known by its id.
    Raises BrokenHead."""
    row = await _lock(session, vault, [fact.event_id for fact in facts])
    fresh = [fact for fact in facts if fact.event_id not in row.known]
    if not fresh:
        return Head(row.sequence, row.hash)
    written_by = await authors.of(
        session, [(fact.actor_kind, fact.actor_id, fact.client_address) for fact in fresh]
    )
    sequence, digest, columns = _chained(row.sequence, row.hash, fresh, written_by)
    head = {"last": sequence, "last_hash": digest, "mac": _mac(vault, sequence, digest)}
    await session.execute(_APPEND, columns | head)
    return Head(sequence, digest)


def _chained(
    sequence: int, digest: bytes, facts: Sequence[Fact], authors: Sequence[Known]
) -> tuple[int, bytes, dict[str, list[Any]]]:
    """The last sequence and hash, and the columns of the new rows."""
    names = (
        "event_id",
        "account_id",
        "channel",
        "action",
        "subject_id",
        "order_id",
        "occur_time",
        "request_id",
    )
    columns: dict[str, list[Any]] = {name: [getattr(fact, name) for fact in facts] for name in names}
    columns |= {"sequence": [], "author_id": [author_id for author_id, _ in authors]}
    columns |= {"previous_hash": [], "hash": []}
    for fact, (_, author_digest) in zip(facts, authors, strict=True):
        sequence += 1
        columns["sequence"].append(sequence)
        columns["previous_hash"].append(digest)
        digest = chain.entry_hash(digest, _sealed(sequence, fact, author_digest))
        columns["hash"].append(digest)
    return sequence, digest, columns


def _sealed(sequence: int, fact: Fact, author_digest: bytes) -> Sealed:
    return Sealed(
        sequence=sequence,
        event_id=fact.event_id,
        author_digest=author_digest,
        account_id=fact.account_id,
        channel=fact.channel,
        action=fact.action,
        subject_id=fact.subject_id,
        order_id=fact.order_id,
        occur_time=fact.occur_time,
        request_id=fact.request_id,
    )
