"""Signed statements of where the chain was, kept in the database and written to the log as a second place."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import db
from chassis.db import Sessions
from chassis.logs import log
from customers.audit import store
from customers.audit.models import AuditCheckpoint
from customers.audit.store import Head
from customers.keys import signing
from customers.keys.models import SigningKey
from customers.keys.signing import Keyring
from customers.vault import SealBroken, Vault

KIND = "audit-checkpoint"
EVERY = 1000  # entries; and every minute in which the chain grew


@dataclass(frozen=True, slots=True)
class Checkpoint:
    sequence: int
    hash: bytes


async def write(session: AsyncSession, keyring: Keyring, head: Head) -> None:
    """Sign the head and store the statement; once it is committed it is logged too, where whoever can rewrite
    the database cannot reach it."""
    taken = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    said = {"sequence": head.sequence, "hash": head.hash.hex(), "time": taken}
    statement = await keyring.sign(KIND, said)
    row = {"sequence": head.sequence, "hash": head.hash, "statement": statement}
    added = insert(AuditCheckpoint).values(row).on_conflict_do_nothing().returning(AuditCheckpoint.sequence)
    if await session.scalar(added) is not None:
        db.after_commit(session, lambda: log.info("audit checkpoint", statement=statement, **said))


async def write_if_grown(sessions: Sessions, vault: Vault, keyring: Keyring) -> None:
    async with sessions.begin() as session:
        head = await store.lock_head(session, vault)
        last = await session.scalar(sa.select(sa.func.max(AuditCheckpoint.sequence)))
        if head.sequence > (last or 0):
            await write(session, keyring, head)


async def verifier(session: AsyncSession, vault: Vault) -> Callable[[str], Checkpoint | None]:
    """A function from a statement to what it says, None when it was not signed by a key of this service.

    Only keys that the service's secret opens count: a key row that somebody added proves nothing."""
    keys: dict[str, OKPKey] = {}
    for row in await session.scalars(sa.select(SigningKey)):
        try:
            keys[row.kid] = signing.open_key(vault, row)
        except SealBroken:
            continue
    return lambda statement: _read(statement, keys)


def _read(statement: str, keys: dict[str, OKPKey]) -> Checkpoint | None:
    try:
        header = jws.extract_compact(statement.encode("ascii")).headers()
        if header.get("typ") != KIND:
            return None
        verified = jws.deserialize_compact(
            statement, keys[str(header["kid"])], algorithms=[signing.ALGORITHM]
        )
        said: dict[str, Any] = json.loads(verified.payload)
        return Checkpoint(int(said["sequence"]), bytes.fromhex(said["hash"]))
    except (JoseError, KeyError, ValueError, TypeError):
        return None
