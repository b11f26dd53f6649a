"""Whose data it is about: who may ask for it, and which persons are nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.context import Principal
from customers import callers
from customers.accounts import queries as accounts
from customers.accounts.errors import AccountNotFound, ChangeNotAllowed, LastAdministrator, MemberNotFound

_LOCK = sa.text("SELECT holder_id, erase_time FROM accounts WHERE id = :account_id FOR UPDATE")
_MEMBERS = sa.text(
    "SELECT person_id, role FROM memberships WHERE account_id = :account_id ORDER BY create_time, person_id FOR UPDATE"
)
# Somebody with another account, a representative or staff stays known to us as such.
_PERSONS = sa.text(
    """
    SELECT p.id, p.email, p.contact_email, p.first_name, p.last_name, p.language_code,
           EXISTS (SELECT FROM memberships m WHERE m.person_id = p.id AND m.account_id <> :account_id)
           OR EXISTS (SELECT FROM accounts a WHERE a.holder_id = p.id AND a.id <> :account_id AND a.erase_time IS NULL)
           OR EXISTS (SELECT FROM representatives r WHERE r.person_id = p.id)
           OR EXISTS (SELECT FROM staff_members s WHERE s.person_id = p.id) AS elsewhere
      FROM persons p WHERE p.id = ANY(CAST(:ids AS uuid[])) AND p.erase_time IS NULL ORDER BY p.id FOR UPDATE
    """
)
_PERSON_IDS = sa.text(
    "SELECT person_id FROM memberships WHERE account_id = :account_id"
    " UNION SELECT holder_id FROM accounts WHERE id = :account_id"
)
_BELONGS = sa.text(
    "SELECT 1 FROM accounts a LEFT JOIN memberships m ON m.account_id = a.id AND m.person_id = :person_id"
    " WHERE a.id = :account_id AND (m.person_id IS NOT NULL OR a.holder_id = :person_id)"
)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom the receipt is mailed to."""

    email: str
    display_name: str
    language_code: str


@dataclass(frozen=True, slots=True)
class Scope:
    """What an erasure is about. `person_id` None: the whole account. `erased`: persons who are nowhere else;
    `kept`: how many persons of it stay known to us. `heir`: who holds the account from now on."""

    account_id: UUID
    person_id: UUID | None
    erased: tuple[UUID, ...]
    kept: int
    emails: tuple[str, ...]
    recipient: Recipient | None
    holder_id: UUID
    heir: UUID | None = None


async def require_allowed(
    session: AsyncSession, who: Principal, account_id: UUID, person_id: UUID | None
) -> None:
    """Staff (the access rule has seen that it is an ADMIN), a person for itself, an administrator for the account.

    Raises AccountNotFound, MemberNotFound, ChangeNotAllowed."""
    await accounts.require_visible(session, who, account_id)
    if callers.sees_all(who):
        return
    me = callers.person_of(who)
    if me is None:
        raise ChangeNotAllowed("account_id")
    if person_id is None and not await callers.is_administrator(session, who, account_id):
        raise ChangeNotAllowed("account_id")
    if person_id is not None and person_id != me:
        raise MemberNotFound(person_id)


async def require_member(session: AsyncSession, account_id: UUID, person_id: UUID) -> None:
    """Raises MemberNotFound."""
    given = {"account_id": account_id, "person_id": person_id}
    if await session.scalar(_BELONGS, given) is None:
        raise MemberNotFound(person_id)


async def own_persons(session: AsyncSession, account_id: UUID, person_id: UUID | None) -> list[UUID]:
    """Whose own things an export has: not those of the colleagues in an account of several."""
    if person_id is not None:
        return [person_id]
    found = (await session.execute(_PERSON_IDS, {"account_id": account_id})).scalars().all()
    return list(found) if len(found) == 1 else []


async def of_erasure(
    session: AsyncSession, who: Principal, account_id: UUID, person_id: UUID | None
) -> Scope | None:
    """Locks the account and its persons, so that nobody joins, leaves or signs in meanwhile. None when there is nobody
    left to erase: the account was erased, or the person is no member.

    Raises AccountNotFound, LastAdministrator."""
    account = (await session.execute(_LOCK, {"account_id": account_id})).first()
    if account is None:
        raise AccountNotFound(account_id)
    rows = (await session.execute(_MEMBERS, {"account_id": account_id})).all()
    members = {row.person_id: row.role for row in rows}
    if account.erase_time is not None or person_id not in (None, account.holder_id, *members):
        return None
    if person_id is not None and members.keys() - {person_id}:
        heir = _heir(account_id, members, person_id)
        return await _scope(session, account_id, person_id, [person_id], account.holder_id, heir)
    if len(members) > 1 and not callers.sees_all(who):
        raise LastAdministrator(account_id)
    people = [*members, account.holder_id]
    return await _scope(session, account_id, None, people, account.holder_id, None)


def _heir(account_id: UUID, members: dict[UUID, str], leaving: UUID) -> UUID:
    """Raises LastAdministrator."""
    for person, role in members.items():
        if person != leaving and role == callers.ADMINISTRATOR:
            return person
    raise LastAdministrator(account_id)


async def _scope(
    session: AsyncSession,
    account_id: UUID,
    person_id: UUID | None,
    people: Sequence[UUID],
    holder_id: UUID,
    heir: UUID | None,
) -> Scope:
    given = {"account_id": account_id, "ids": list(set(people))}
    rows = (await session.execute(_PERSONS, given)).all()
    erased = [row for row in rows if not row.elsewhere]
    found = rows if person_id is not None else erased
    emails = {email for row in found for email in (row.email, row.contact_email) if email}
    first = next((row for row in rows if row.id in (person_id, holder_id)), None)
    recipient = None
    if first is not None and (first.email or first.contact_email):
        name = f"{first.first_name} {first.last_name}".strip()
        recipient = Recipient(first.email or first.contact_email, name, first.language_code)
    return Scope(
        account_id=account_id,
        person_id=person_id,
        erased=tuple(row.id for row in erased),
        kept=len(rows) - len(erased),
        emails=tuple(sorted(emails)),
        recipient=recipient,
        holder_id=holder_id,
        heir=heir,
    )
