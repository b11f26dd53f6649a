"""Who acted from where, with the name as it was: one row per such author, found or added per batch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import db
from chassis.ids import new_id
from customers.audit import chain, names

_ADD = sa.text(
    "INSERT INTO audit_authors (id, kind, party_id, name, client_address, salt, digest)"
    " SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:kinds AS text[]), CAST(:parties AS text[]),"
    "  CAST(:names AS text[]), CAST(:addresses AS text[]), CAST(:salts AS bytea[]),"
    "  CAST(:digests AS bytea[]))"
    " ON CONFLICT (kind, party_id, name, client_address) WHERE erase_time IS NULL DO NOTHING"
)
_FIND = sa.text(
    "SELECT a.id, a.kind, a.party_id, a.name, a.client_address, a.digest FROM audit_authors a"
    " JOIN unnest(CAST(:kinds AS text[]), CAST(:parties AS text[]), CAST(:names AS text[]),"
    "  CAST(:addresses AS text[])) AS w(kind, party_id, name, client_address)"
    " USING (kind, party_id, name, client_address) WHERE a.erase_time IS NULL"
)
_REMEMBERED = 4096
Party = tuple[str, str, str]  # kind, id, network address
Author = tuple[str, str, str, str]  # kind, id, name, network address
Known = tuple[UUID, bytes]


class Authors:
    """Remembers the rows it saw committed. Names are asked for anew in every batch."""

    def __init__(self) -> None:
        self._known: dict[Author, Known] = {}

    async def of(self, session: AsyncSession, parties: Sequence[Party]) -> list[Known]:
        """Id and digest of the author row of each party, with its name as it is now; new rows are added."""
        named = await names.resolve(session, {(kind, party_id) for kind, party_id, _ in parties})
        keys: list[Author] = [
            (kind, party_id, named.get((kind, party_id), ""), address) for kind, party_id, address in parties
        ]
        found = {key: self._known[key] for key in set(keys) if key in self._known}
        missing = sorted(set(keys) - found.keys())
        if missing:
            added = await self._find_or_add(session, missing)
            db.after_commit(session, lambda: self._remember(added))
            found |= added
        return [found[key] for key in keys]

    def _remember(self, added: dict[Author, Known]) -> None:
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        self._known |= added

    async def _find_or_add(self, session: AsyncSession, keys: Sequence[Author]) -> dict[Author, Known]:
        found = await _find(session, keys)
        missing = [key for key in keys if key not in found]
        if missing:
            await _add(session, missing)
            found |= await _find(session, missing)
        return found


def _arrays(keys: Sequence[Author]) -> dict[str, list[Any]]:
    columns = zip(*keys, strict=True)
    return dict(zip(("kinds", "parties", "names", "addresses"), map(list, columns), strict=True))


async def _find(session: AsyncSession, keys: Sequence[Author]) -> dict[Author, Known]:
    rows = await session.execute(_FIND, _arrays(keys))
    return {(r.kind, r.party_id, r.name, r.client_address): (r.id, r.digest) for r in rows}


async def _add(session: AsyncSession, keys: Sequence[Author]) -> None:
    salts = [os.urandom(16) for _ in keys]
    digests = [chain.author_digest(salt, *key) for salt, key in zip(salts, keys, strict=True)]
    given = {"ids": [new_id() for _ in keys], "salts": salts, "digests": digests}
    await session.execute(_ADD, given | _arrays(keys))
