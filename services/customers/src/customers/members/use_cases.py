"""Inviting, changing and removing the persons of a business account; there is always an administrator.

Whoever changes the members of an account holds its row: of two administrators who remove or demote each other,
the second one finds that it is no administrator any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import etag
from chassis.context import Principal
from chassis.money import Money
from customers import callers
from customers.accounts import events as account_events
from customers.accounts import search, store
from customers.accounts.errors import (
    AccountErased,
    AccountNotFound,
    ChangeNotAllowed,
    LastAdministrator,
    MemberNotFound,
)
from customers.accounts.models import Account, Membership
from customers.members import events
from customers.members.errors import MAX_MEMBERS, AlreadyMember, NotABusiness, TooManyMembers
from customers.people import store as people
from customers.people.errors import EmailTaken
from customers.people.store import NewPerson
from customers.reps.models import Representative
from customers.sessions import store as sessions
from customers.staff.models import StaffMember

USER = "USER"


@dataclass(frozen=True, slots=True)
class Invitation:
    """Checked."""

    account_id: UUID
    person: NewPerson
    role: str
    spending_limit: Money | None


@dataclass(frozen=True, slots=True)
class MemberChange:
    """Checked. `values` by path: "role", "spending_limit"."""

    account_id: UUID
    person_id: UUID
    etag: str
    values: Mapping[str, Any]


async def invite_person(session: AsyncSession, who: Principal, new: Invitation) -> UUID:
    """A person who is known by the e-mail address gets the membership and keeps the own name and language. Whoever
    works for the vendor is no customer's user: the next sign-in would not be for the own work any more.

    Raises AccountNotFound, ChangeNotAllowed, NotABusiness, TooManyMembers, AlreadyMember, EmailTaken."""
    account = await _lock(session, who, new.account_id)
    if account.kind != "BUSINESS":
        raise NotABusiness(account.id)
    query = sa.select(sa.func.count()).where(Membership.account_id == account.id)
    if (await session.scalar(query) or 0) >= MAX_MEMBERS:
        raise TooManyMembers
    person_id = await people.find_or_add(session, new.person)
    if await _works_for_vendor(session, person_id):
        raise EmailTaken
    row = {
        "account_id": account.id,
        "person_id": person_id,
        "role": new.role,
        **_limit(new.spending_limit),
    }
    added = insert(Membership).values(row).on_conflict_do_nothing().returning(Membership.person_id)
    if await session.scalar(added) is None:
        raise AlreadyMember(person_id)
    await search.index(session, [account.id])
    known = await people.is_active(session, person_id)
    events.member_invited(session, account.id, person_id, known=known)
    if not known:
        await people.invite(session, person_id, account.id)
    return person_id


async def _works_for_vendor(session: AsyncSession, person_id: UUID) -> bool:
    rep = sa.exists().where(Representative.person_id == person_id)
    staff = sa.exists().where(StaffMember.person_id == person_id)
    return bool(await session.scalar(sa.select(rep | staff)))


async def update_member(session: AsyncSession, who: Principal, change: MemberChange) -> None:
    """A demotion ends the member's sessions for the account: their tokens say more than is true now.

    Raises AccountNotFound, ChangeNotAllowed, MemberNotFound, EtagMismatch, LastAdministrator."""
    account = await _lock(session, who, change.account_id)
    member = await _member(session, account.id, change.person_id, change.etag)
    wanted: dict[str, Any] = {}
    if "role" in change.values:
        wanted["role"] = change.values["role"]
    if "spending_limit" in change.values:
        wanted |= _limit(change.values["spending_limit"])
    changed = {name: value for name, value in wanted.items() if getattr(member, name) != value}
    if not changed:
        return
    mine = (Membership.account_id == account.id, Membership.person_id == change.person_id)
    statement = sa.update(Membership).where(*mine).values(**changed, version=member.version + 1)
    await session.execute(statement.execution_options(synchronize_session=False))
    if changed.get("role") == USER:
        await _require_administrator(session, account.id)
        await sessions.end_membership(session, account.id, [change.person_id], "DEMOTED")
    names = {"spending_limit" if name.startswith("spending_limit") else name for name in changed}
    events.member_updated(session, account.id, change.person_id, names)


async def remove_member(
    session: AsyncSession, who: Principal, account_id: UUID, person_id: UUID, sent_etag: str
) -> None:
    """The person stays a person, with the own sign-in and other accounts.

    Raises AccountNotFound, ChangeNotAllowed, MemberNotFound, EtagMismatch, LastAdministrator."""
    account = await _lock(session, who, account_id)
    member = await _member(session, account.id, person_id, sent_etag)
    mine = (Membership.account_id == account.id, Membership.person_id == person_id)
    await session.execute(sa.delete(Membership).where(*mine).execution_options(synchronize_session=False))
    if member.role == callers.ADMINISTRATOR:
        await _require_administrator(session, account.id)
    if account.holder_id == person_id:
        await _hand_over(session, who, account.id)
    await search.index(session, [account.id])
    await sessions.end_membership(session, account.id, [person_id], "REMOVED")
    events.member_removed(session, account.id, person_id)


async def _lock(session: AsyncSession, who: Principal, account_id: UUID) -> Account:
    query = sa.select(Account).where(Account.id == account_id, callers.visible(who))
    account = await session.scalar(query.with_for_update(key_share=True))
    if account is None:
        raise AccountNotFound(account_id)
    if account.erase_time is not None:
        raise AccountErased(account_id)
    keeper = who.kind == "STAFF" and not who.roles.isdisjoint(callers.ACCOUNT_KEEPERS)
    # Looked up after the lock: the caller may have been demoted while waiting for it.
    if not keeper and not await callers.is_administrator(session, who, account_id):
        raise ChangeNotAllowed("members")
    return account


async def _member(session: AsyncSession, account_id: UUID, person_id: UUID, sent_etag: str) -> Membership:
    query = sa.select(Membership).where(
        Membership.account_id == account_id, Membership.person_id == person_id
    )
    member: Membership | None = await session.scalar(query)
    if member is None:
        raise MemberNotFound(person_id)
    etag.check(f"Member {person_id}", sent_etag, member.version)
    return member


def _limit(limit: Money | None) -> dict[str, Any]:
    return {
        "spending_limit_minor": limit.minor if limit is not None else None,
        "spending_limit_currency": limit.currency if limit is not None else None,
    }


def _administrators(account_id: UUID) -> sa.Select[UUID]:
    """The longest standing first."""
    query = sa.select(Membership.person_id).where(
        Membership.account_id == account_id, Membership.role == callers.ADMINISTRATOR
    )
    return query.order_by(Membership.create_time, Membership.person_id)


async def _require_administrator(session: AsyncSession, account_id: UUID) -> None:
    """After the change, under the lock."""
    if await session.scalar(_administrators(account_id).limit(1)) is None:
        raise LastAdministrator(account_id)


async def _hand_over(session: AsyncSession, who: Principal, account_id: UUID) -> None:
    """The account's name, e-mail address and phone are its holder's: an administrator becomes the holder, the one
    who removes the old one or else the longest standing."""
    administrators = (await session.scalars(_administrators(account_id))).all()
    if not administrators:
        raise LastAdministrator(account_id)
    own = callers.person_of(who)
    holder = own if own in administrators else administrators[0]
    version = await store.touch(session, account_id, holder_id=holder)
    changed = ("email", "first_name", "language_code", "last_name", "phone")
    account_events.account_updated(session, account_id, version, changed)
