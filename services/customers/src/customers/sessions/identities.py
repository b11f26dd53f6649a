"""What a person may sign in as: accounts, the rep, the staff member; and what a session may still act as."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.accounts.search import display_name
from customers.database import AnyRow

# The locks make an account, a rep or a staff member that is being taken away wait for the session that is
# being opened, and then end it with all others.
_IDENTITIES = """
SELECT 'ACCOUNT' AS kind, a.id, a.kind AS account_kind, m.role, CAST(NULL AS text[]) AS roles,
       h.first_name, h.last_name, coalesce(b.company_name, '') AS company_name
  FROM memberships m JOIN accounts a ON a.id = m.account_id JOIN persons h ON h.id = a.holder_id
  LEFT JOIN business_profiles b ON b.account_id = a.id
 WHERE m.person_id = :person_id AND a.state = 'ACTIVE'
UNION ALL
SELECT 'REP', r.id, '', '', NULL, p.first_name, p.last_name, ''
  FROM representatives r JOIN persons p ON p.id = r.person_id WHERE r.person_id = :person_id AND r.active
UNION ALL
SELECT 'STAFF', s.id, '', '', s.roles, p.first_name, p.last_name, ''
  FROM staff_members s JOIN persons p ON p.id = s.person_id WHERE s.person_id = :person_id AND s.active
ORDER BY 1, 2
"""
_LOCKS = (
    # First, because whoever changes an account or its members locks the account first.
    sa.text(
        "SELECT 1 FROM accounts WHERE id IN (SELECT account_id FROM memberships WHERE person_id = :person_id)"
        " ORDER BY id FOR SHARE"
    ),
    sa.text("SELECT 1 FROM memberships WHERE person_id = :person_id FOR SHARE"),
    sa.text("SELECT 1 FROM representatives WHERE person_id = :person_id FOR SHARE"),
    sa.text("SELECT 1 FROM staff_members WHERE person_id = :person_id FOR SHARE"),
)
_LIST = sa.text(_IDENTITIES)
_OWNER = sa.text("SELECT person_id FROM session_families WHERE id = :family_id")
_LOCK_ACCOUNT = sa.text("SELECT 1 FROM accounts WHERE id = :account_id FOR SHARE")
_PERSON = sa.text("SELECT first_name, last_name FROM persons WHERE id = :person_id")
_ORDERING = """
    SELECT a.kind AS account_kind, a.state, h.first_name, h.last_name,
           coalesce(b.company_name, '') AS company_name,
           p.first_name AS rep_first_name, p.last_name AS rep_last_name
      FROM assignments s JOIN representatives r ON r.id = s.rep_id AND r.active
      JOIN persons p ON p.id = r.person_id JOIN accounts a ON a.id = s.account_id
      JOIN persons h ON h.id = a.holder_id LEFT JOIN business_profiles b ON b.account_id = a.id
     WHERE s.rep_id = :rep_id AND s.account_id = :account_id
"""
_READ_ORDERING = sa.text(_ORDERING)
_LOCK_ORDERING = sa.text(f"{_ORDERING} FOR SHARE OF s, r")


@dataclass(frozen=True, slots=True)
class Party:
    kind: str
    id: UUID
    display_name: str


@dataclass(frozen=True, slots=True)
class Identity:
    """One thing a person may act as. `role` is that of the membership, `roles` those of staff."""

    kind: str
    id: UUID
    display_name: str
    role: str = ""
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assisted:
    """What else a care worker's session says. Times are UTC; `return_address` may be empty."""

    session_id: UUID
    platform_id: UUID
    platform_name: str
    community_id: UUID
    community_name: str
    community_external_id: str
    client_external_id: str
    care_worker_id: UUID
    care_worker_subject: str
    language_code: str
    return_address: str
    expire_time: datetime.datetime


@dataclass(frozen=True, slots=True)
class Acting:
    """What the tokens of a session say."""

    subject: Party
    actor: Party | None
    channel: str
    roles: tuple[str, ...] = ()
    membership_role: str = ""
    assisted: Assisted | None = None


@dataclass(frozen=True, slots=True)
class Ordering:
    """An account that a rep may act for now."""

    acting: Acting
    account_state: str


async def of_person(session: AsyncSession, person_id: UUID, *, lock: bool = False) -> list[Identity]:
    if lock:
        for statement in _LOCKS:
            await session.execute(statement, {"person_id": person_id})
    return [_identity(row) for row in await session.execute(_LIST, {"person_id": person_id})]


async def of_family(session: AsyncSession, family_id: UUID) -> list[Identity]:
    """Of the person who opened the session; locked, so before the family is."""
    person_id = await session.scalar(_OWNER, {"family_id": family_id})
    return await of_person(session, person_id, lock=True) if person_id is not None else []


def _identity(row: AnyRow) -> Identity:
    person = f"{row.first_name} {row.last_name}".strip()
    shown = display_name(row.account_kind, row.company_name, person)
    return Identity(row.kind, row.id, shown, row.role, tuple(row.roles or ()))


async def acting_as(
    session: AsyncSession,
    person_id: UUID,
    kind: str,
    subject_id: UUID,
    known: Sequence[Identity] | None = None,
) -> Acting | None:
    """What the person acts as with this subject; None when that is over."""
    row = (await session.execute(_PERSON, {"person_id": person_id})).one()
    person = Party("PERSON", person_id, f"{row.first_name} {row.last_name}".strip())
    if kind == "PERSON":
        return Acting(person, None, "STOREFRONT") if subject_id == person_id else None
    identities = known if known is not None else await of_person(session, person_id)
    chosen = next((one for one in identities if one.kind == kind and one.id == subject_id), None)
    if chosen is None:
        return None
    subject = Party(chosen.kind, chosen.id, chosen.display_name)
    match chosen.kind:
        case "ACCOUNT":
            return Acting(subject, person, "STOREFRONT", membership_role=chosen.role)
        case "REP":
            return Acting(subject, None, "REP")
    return Acting(subject, None, "BACK_OFFICE", roles=chosen.roles)


async def ordering(
    session: AsyncSession, rep_id: UUID, account_id: UUID, *, lock: bool = False
) -> Ordering | None:
    """None unless the rep is active and the account assigned. `lock` keeps both facts and the account's state from
    being changed before a new session that rests on them is stored; for one that exists, its own row is enough."""
    if lock:
        await session.execute(_LOCK_ACCOUNT, {"account_id": account_id})
    statement = _LOCK_ORDERING if lock else _READ_ORDERING
    row = (await session.execute(statement, {"rep_id": rep_id, "account_id": account_id})).first()
    if row is None:
        return None
    holder = f"{row.first_name} {row.last_name}".strip()
    subject = Party("ACCOUNT", account_id, display_name(row.account_kind, row.company_name, holder))
    actor = Party("REP", rep_id, f"{row.rep_first_name} {row.rep_last_name}".strip())
    return Ordering(Acting(subject, actor, "REP"), row.state)
