"""Appending to the chain: one lock, one insert, one new head per batch."""

from __future__ import annotations

import dataclasses
import datetime
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.ids import new_id
from customers.audit import chain, names
from customers.audit.chain import Sealed
from customers.audit.models import AuditEntry
from customers.vault import Vault

_FIRST_HEAD = sa.text(
    "INSERT INTO audit_head (id, sequence, hash, mac) VALUES (1, 0, :hash, :mac) ON CONFLICT DO NOTHING"
)
_LOCK_HEAD = sa.text("SELECT sequence, hash, mac FROM audit_head FOR UPDATE")
_KNOWN = sa.text(
    "SELECT id FROM unnest(CAST(:ids AS uuid[])) AS given(id)"
    " WHERE EXISTS (SELECT 1 FROM audit_entries e WHERE e.event_id = given.id)"
)
_MOVE_HEAD = sa.text("UPDATE audit_head SET sequence = :sequence, hash = :hash, mac = :mac")
_ADD_AUTHORS = sa.text(
    "INSERT INTO audit_authors (id, kind, party_id, name, client_address, salt, digest)"
    " SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:kinds AS text[]), CAST(:parties AS text[]),"
    "  CAST(:names AS text[]), CAST(:addresses AS text[]), CAST(:salts AS bytea[]),"
    "  CAST(:digests AS bytea[]))"
    " ON CONFLICT (kind, party_id, name, client_address) WHERE erase_time IS NULL DO NOTHING"
)
_FIND_AUTHORS = sa.text(
    "SELECT a.id, a.kind, a.party_id, a.name, a.client_address, a.digest FROM audit_authors a"
    " JOIN unnest(CAST(:kinds AS text[]), CAST(:parties AS text[]), CAST(:names AS text[]),"
    "  CAST(:addresses AS text[])) AS w(kind, party_id, name, client_address)"
    " USING (kind, party_id, name, client_address) WHERE a.erase_time IS NULL"
)
Author = tuple[str, str, str, str]


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
    """Raises BrokenHead."""
    row = (await session.execute(_LOCK_HEAD)).first()
    if row is None:
        first = {"hash": chain.GENESIS, "mac": _mac(vault, 0, chain.GENESIS)}
        await session.execute(_FIRST_HEAD, first)
        row = (await session.execute(_LOCK_HEAD)).one()
    if not is_authentic(vault, row.sequence, row.hash, row.mac):
        raise BrokenHead("audit_head is not what this service wrote; run check-audit")
    return Head(row.sequence, row.hash)


def is_authentic(vault: Vault, sequence: int, digest: bytes, mac: bytes) -> bool:
    return _mac(vault, sequence, digest) == mac


def _mac(vault: Vault, sequence: int, digest: bytes) -> bytes:
    return vault.mac("audit head", chain.head_text(sequence, digest))


async def append(session: AsyncSession, vault: Vault, facts: Sequence[Fact]) -> Head:
    """Add the facts in this order; one that is in the audit already is left out. The new head.

    Raises BrokenHead."""
    head = await lock_head(session, vault)
    known = set((await session.execute(_KNOWN, {"ids": [fact.event_id for fact in facts]})).scalars())
    fresh = [fact for fact in facts if fact.event_id not in known]
    if not fresh:
        return head
    authors = await _authors(session, fresh)
    rows: list[dict[str, Any]] = []
    sequence, digest = head.sequence, head.hash
    for fact, (author_id, author_digest) in zip(fresh, authors, strict=True):
        sequence += 1
        sealed = _sealed(sequence, fact, author_digest)
        row = dataclasses.asdict(sealed) | {"author_id": author_id, "previous_hash": digest}
        del row["author_digest"]
        digest = chain.entry_hash(digest, sealed)
        rows.append(row | {"hash": digest})
    await session.execute(sa.insert(AuditEntry), rows)
    await session.execute(
        _MOVE_HEAD, {"sequence": sequence, "hash": digest, "mac": _mac(vault, sequence, digest)}
    )
    return Head(sequence, digest)


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


async def _authors(session: AsyncSession, facts: Sequence[Fact]) -> list[tuple[UUID, bytes]]:
    """Id and digest of the author of each fact, with the name as it is now; new ones are added."""
    named = await names.resolve(session, {(fact.actor_kind, fact.actor_id) for fact in facts})
    keys: list[Author] = [
        (fact.actor_kind, fact.actor_id, named.get((fact.actor_kind, fact.actor_id), ""), fact.client_address)
        for fact in facts
    ]
    wanted = sorted(set(keys))
    found = await _find_authors(session, wanted)
    missing = [key for key in wanted if key not in found]
    if missing:
        await _add_authors(session, missing)
        found |= await _find_authors(session, missing)
    return [found[key] for key in keys]


def _arrays(keys: Sequence[Author]) -> dict[str, list[Any]]:
    columns = zip(*keys, strict=True)
    return dict(zip(("kinds", "parties", "names", "addresses"), map(list, columns), strict=True))


async def _find_authors(session: AsyncSession, keys: Sequence[Author]) -> dict[Author, tuple[UUID, bytes]]:
    rows = await session.execute(_FIND_AUTHORS, _arrays(keys))
    return {(r.kind, r.party_id, r.name, r.client_address): (r.id, r.digest) for r in rows}


async def _add_authors(session: AsyncSession, keys: Sequence[Author]) -> None:
    salts = [os.urandom(16) for _ in keys]
    digests = [chain.author_digest(salt, *key) for salt, key in zip(salts, keys, strict=True)]
    given = {"ids": [new_id() for _ in keys], "salts": salts, "digests": digests}
    await session.execute(_ADD_AUTHORS, given | _arrays(keys))
