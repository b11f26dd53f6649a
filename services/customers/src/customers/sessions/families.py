"""Session families and their rotating refresh tokens."""

from __future__ import annotations

import base64
import datetime
import hashlib
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.ids import new_id
from customers.sessions.models import RefreshToken, SessionFamily
from customers.vault import Vault

ABSOLUTE_LIFE = datetime.timedelta(days=30)
IDLE_LIFE = datetime.timedelta(days=7)
# Care workers share computers: a session that nobody uses ends soon.
ASSISTED_IDLE_LIFE = datetime.timedelta(hours=1)
# A client that lost the answer may ask again for this long and gets the same successor (FAPI 2.0 forbids
# rotation without that).
GRACE = datetime.timedelta(seconds=10)
REUSED = "REUSED"


@dataclass(frozen=True, slots=True)
class Issued:
    """A refresh token as the client gets it."""

    token: str
    expire_time: datetime.datetime


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def token_of(vault: Vault, token_id: UUID) -> str:
    """Opaque to everybody else. Derived, so that it can be given again without being stored."""
    return base64.urlsafe_b64encode(vault.mac("refresh token", token_id.bytes)).decode().rstrip("=")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def open_family(
    session: AsyncSession,
    person_id: UUID,
    kind: str,
    subject_id: UUID,
    *,
    parent: SessionFamily | None = None,
    rep_id: UUID | None = None,
) -> SessionFamily:
    """A child lives at most as long as its parent."""
    expire = now() + ABSOLUTE_LIFE
    family = SessionFamily(
        id=new_id(),
        person_id=person_id,
        parent_id=parent.id if parent is not None else None,
        subject_kind=kind,
        subject_id=subject_id,
        rep_id=rep_id,
        expire_time=min(expire, parent.expire_time) if parent is not None else expire,
    )
    session.add(family)
    await session.flush()
    return family


async def issue(session: AsyncSession, vault: Vault, family: SessionFamily) -> tuple[UUID, Issued]:
    """A new refresh token at the head of the family."""
    token_id = new_id()
    idle = IDLE_LIFE if family.care_worker_id is None else ASSISTED_IDLE_LIFE
    issued = Issued(token_of(vault, token_id), min(now() + idle, family.expire_time))
    row = {
        "id": token_id,
        "family_id": family.id,
        "token_hash": _digest(issued.token),
        "expire_time": issued.expire_time,
    }
    await session.execute(sa.insert(RefreshToken).values(row))
    return token_id, issued


async def lock(session: AsyncSession, family_id: UUID) -> SessionFamily | None:
    """The family if it lives; whoever rotates in it, rotates alone."""
    query = sa.select(SessionFamily).where(SessionFamily.id == family_id).with_for_update(key_share=True)
    family = await session.scalar(query.execution_options(populate_existing=True))
    if family is None or family.end_time is not None or family.expire_time <= now():
        return None
    return family


async def find(session: AsyncSession, token: str) -> RefreshToken | None:
    return await session.scalar(sa.select(RefreshToken).where(RefreshToken.token_hash == _digest(token)))


async def rotate(session: AsyncSession, vault: Vault, family: SessionFamily, token_id: UUID) -> Issued | None:
    """The successor of a token of this locked family; the same one again within the grace, as long as nobody
    used it. None when the token was used before: somebody has a copy of it, and the family must end."""
    query = sa.select(RefreshToken).where(RefreshToken.id == token_id)
    used = await session.scalar(query.execution_options(populate_existing=True))
    assert used is not None
    if used.use_time is None:
        successor_id, issued = await issue(session, vault, family)
        mark = sa.update(RefreshToken).where(RefreshToken.id == token_id)
        await session.execute(mark.values(use_time=now(), successor_id=successor_id))
        return issued
    successor = await session.get(RefreshToken, used.successor_id, populate_existing=True)
    if successor is None or successor.use_time is not None or now() - used.use_time > GRACE:
        return None
    return Issued(token_of(vault, successor.id), successor.expire_time)


async def rotate_head(session: AsyncSession, vault: Vault, family: SessionFamily) -> Issued:
    """Replace the unused token of a locked family, whoever holds it: the session has another identity now."""
    head = sa.select(RefreshToken.id).where(
        RefreshToken.family_id == family.id, RefreshToken.use_time.is_(None)
    )
    token_id = await session.scalar(head.order_by(RefreshToken.id.desc()).limit(1))
    if token_id is None:
        return (await issue(session, vault, family))[1]
    issued = await rotate(session, vault, family, token_id)
    assert issued is not None
    return issued
