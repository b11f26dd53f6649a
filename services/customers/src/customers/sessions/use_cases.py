"""Signing in and out, refreshing, choosing an identity, opening an ordering session."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import ids
from chassis.context import Principal
from chassis.db import Sessions
from customers.accounts.errors import AccountNotFound
from customers.database import AnyRow
from customers.keys.signing import TOKEN_LIFE, Keyring
from customers.people import emails
from customers.people.hashing import HashPool
from customers.people.models import Password, Person
from customers.people.passwords import prepare
from customers.sessions import assisted, events, families, identities, store
from customers.sessions.errors import (
    AccountNotActive,
    IdentityNotFound,
    RefreshRefused,
    SessionEnded,
    SignInFailed,
)
from customers.sessions.families import Issued
from customers.sessions.identities import Acting, Identity
from customers.sessions.models import SessionFamily
from customers.sessions.throttle import Attempt, Throttle
from customers.vault import Vault


@dataclass(frozen=True, slots=True)
class Door:
    """What signing in needs."""

    sessions: Sessions
    vault: Vault
    keyring: Keyring
    hashes: HashPool
    throttle: Throttle


@dataclass(frozen=True, slots=True)
class Opened:
    """A session as the client gets it."""

    acting: Acting
    access_token: str
    access_expire_time: datetime.datetime
    refresh: Issued
    identities: list[Identity] = field(default_factory=list)


async def sign_in(door: Door, email: str, password: str) -> Opened:
    """No connection is held while the password is checked, and an unknown e-mail costs the same work.

    Raises SignInFailed, SignInThrottled, PasswordsBusy."""
    async with door.hashes.turn():
        return await _sign_in(door, email, password)


async def _sign_in(door: Door, email: str, password: str) -> Opened:
    normalised = emails.normalise(email)
    attempt = await door.throttle.pay(normalised or email.strip().lower())
    stored = await _stored(door.sessions, normalised) if normalised is not None else None
    prepared = prepare(password)
    if not await door.hashes.verify(stored.hash if stored is not None else None, prepared) or stored is None:
        raise SignInFailed
    renewed = await door.hashes.hash(prepared) if door.hashes.is_outdated(stored.hash) else None
    return await _enter(door, attempt, stored, renewed)


async def _stored(sessions: Sessions, email: str) -> AnyRow | None:
    query = sa.select(Password.person_id, Password.hash).join(Person, Person.id == Password.person_id)
    async with sessions() as session:
        return (await session.execute(query.where(Person.email == email))).first()


async def _enter(door: Door, attempt: Attempt, stored: AnyRow, renewed: str | None) -> Opened:
    """The session, if the password is still the one that was checked: setting a new one ends all sessions and
    must not miss the one that is just being opened."""
    async with door.sessions.begin() as session:
        mine = sa.select(Password.hash).where(Password.person_id == stored.person_id)
        lock = mine.with_for_update() if renewed is not None else mine.with_for_update(read=True)
        if await session.scalar(lock) != stored.hash:
            raise SignInFailed
        if renewed is not None:
            better = sa.update(Password).where(Password.person_id == stored.person_id)
            await session.execute(better.values(hash=renewed))
        found = await identities.of_person(session, stored.person_id, lock=True)
        if not found:
            raise SignInFailed
        kind, subject_id = (found[0].kind, found[0].id) if len(found) == 1 else ("PERSON", stored.person_id)
        family = await families.open_family(session, stored.person_id, kind, subject_id)
        _, refresh = await families.issue(session, door.vault, family)
        acting = await identities.acting_as(session, stored.person_id, kind, subject_id, found)
        await door.throttle.refund(session, attempt)
    assert acting is not None
    return await opened(door, family.id, acting, refresh, found)


async def opened(
    door: Door, family_id: UUID, acting: Acting, refresh: Issued, found: list[Identity] | None = None
) -> Opened:
    """A session with its tokens, for a family that is stored."""
    token, expire_time = await access_token(door, family_id, acting)
    return Opened(acting, token, expire_time, refresh, found or [])


async def access_token(door: Door, family_id: UUID, acting: Acting) -> tuple[str, datetime.datetime]:
    """(token, until when)"""
    claims: dict[str, Any] = {
        "sub": str(acting.subject.id),
        "sub_kind": acting.subject.kind,
        "channel": acting.channel,
        "sid": str(family_id),
    }
    if acting.actor is not None:
        claims["act"] = {"sub": str(acting.actor.id), "kind": acting.actor.kind}
    if acting.roles:
        claims["roles"] = list(acting.roles)
    if acting.membership_role:
        claims["role"] = acting.membership_role
    life = TOKEN_LIFE
    if acting.assisted is not None:
        claims["ctx"] = assisted.context_claim(acting.assisted)
        life = min(life, acting.assisted.expire_time - families.now())
    token, expires = await door.keyring.sign_token(claims, life)
    return token, datetime.datetime.fromtimestamp(expires, datetime.UTC)


async def refresh_session(door: Door, token: str) -> Opened:
    """Rotate; what the session acts as is looked up anew. Raises RefreshRefused."""
    async with door.sessions.begin() as session:
        rotated = await _rotate(session, door.vault, token)
    if rotated is None:  # after the commit: a family that had to end has ended
        raise RefreshRefused
    family_id, acting, refresh = rotated
    return await opened(door, family_id, acting, refresh)


async def _rotate(session: AsyncSession, vault: Vault, token: str) -> tuple[UUID, Acting, Issued] | None:
    known = await families.find(session, token)
    if known is None or known.expire_time <= families.now():
        return None
    family = await families.lock(session, known.family_id)
    if family is None:
        return None
    acting = await acting_in(session, family)
    if acting is None:
        return None
    issued = await families.rotate(session, vault, family, known.id)
    if issued is None:
        await store.end_with_children(session, family.id, families.REUSED)
        return None
    return family.id, acting, issued


async def acting_in(session: AsyncSession, family: SessionFamily) -> Acting | None:
    """What the session acts as now; None when that is over."""
    if family.care_worker_id is not None:
        return await assisted.acting_in(session, family.id)
    if family.rep_id is not None and family.subject_kind == "ACCOUNT":
        found = await identities.ordering(session, family.rep_id, family.subject_id)
        return found.acting if found is not None else None
    return await identities.acting_as(session, family.person_id, family.subject_kind, family.subject_id)


async def sign_out(door: Door, who: Principal) -> None:
    """End the caller's session family and the ordering sessions opened from it. Twice is once."""
    family_id = ids.parse_id(who.session_id)
    if family_id is not None:
        async with door.sessions.begin() as session:
            await store.end_with_children(session, family_id, "SIGNED_OUT")


async def _own_family(session: AsyncSession, who: Principal) -> SessionFamily:
    """The caller's family, locked. Raises SessionEnded."""
    family_id = ids.parse_id(who.session_id)
    family = await families.lock(session, family_id) if family_id is not None else None
    if family is None:
        raise SessionEnded
    return family


async def choose_identity(door: Door, who: Principal, identity_id: UUID) -> Opened:
    """The session becomes one of this identity. Raises IdentityNotFound, SessionEnded."""
    async with door.sessions.begin() as session:
        family_id = ids.parse_id(who.session_id)
        found = await identities.of_family(session, family_id) if family_id is not None else []
        family = await _own_family(session, who)
        if family.acts_for_another:
            raise IdentityNotFound(identity_id)
        chosen = next((one for one in found if one.id == identity_id), None)
        if chosen is None:
            raise IdentityNotFound(identity_id)
        acting = await identities.acting_as(session, family.person_id, chosen.kind, chosen.id, found)
        assert acting is not None
        family.subject_kind, family.subject_id = chosen.kind, chosen.id
        await session.flush()
        refresh = await families.rotate_head(session, door.vault, family)
    return await opened(door, family.id, acting, refresh, found)


async def open_ordering_session(door: Door, who: Principal, account_id: UUID) -> Opened:
    """Subject = account, actor = rep, in a family of its own below the rep's.

    Raises AccountNotFound (also for an account of somebody else), AccountNotActive, SessionEnded."""
    rep_id = who.subject
    if not isinstance(rep_id, UUID):
        raise AccountNotFound(account_id)
    async with door.sessions.begin() as session:
        # The rep and the assignment first, then the family: the order in which they are taken away, too.
        found = await identities.ordering(session, rep_id, account_id, lock=True)
        if found is None:
            raise AccountNotFound(account_id)
        if found.account_state != "ACTIVE":
            raise AccountNotActive(account_id)
        parent = await _own_family(session, who)
        family = await families.open_family(
            session, parent.person_id, "ACCOUNT", account_id, parent=parent, rep_id=rep_id
        )
        _, refresh = await families.issue(session, door.vault, family)
        events.ordering_session_opened(session, rep_id, account_id)
    return await opened(door, family.id, found.acting, refresh)


async def list_identities(session: AsyncSession, who: Principal) -> tuple[Acting | None, list[Identity]]:
    """What the caller acts as, with names, and what else it could choose; nothing for a service."""
    family_id = ids.parse_id(who.session_id)
    family = await session.get(SessionFamily, family_id) if family_id is not None else None
    if family is None:
        return None, []
    acting = await acting_in(session, family)
    choices = [] if family.acts_for_another else await identities.of_person(session, family.person_id)
    return acting, choices
