"""Who gets a mail: present address, name and language of an account's holder, a person, a rep or staff."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.errors import NotFound
from customers import callers
from customers.accounts.errors import AccountNotFound
from customers.accounts.models import Account, BusinessProfile, Membership
from customers.people.models import Person
from customers.reps.models import Assignment, Representative
from customers.staff.models import StaffMember


class RecipientNotFound(NotFound):
    reason = "RECIPIENT_NOT_FOUND"

    def __init__(self, kind: str, party_id: object) -> None:
        super().__init__(f"There is no {kind} {party_id} to write to.", kind=kind, party_id=party_id)


@dataclass(frozen=True, slots=True)
class Recipient:
    email: str
    display_name: str
    language_code: str
    company_name: str = ""


# A client of a community has no sign-in, but perhaps an address for mails.
_EMAIL = sa.func.coalesce(Person.email, Person.contact_email).label("email")
_PERSON = sa.select(_EMAIL, Person.first_name, Person.last_name, Person.language_code)
_BY_KIND = {
    "ACCOUNT": _PERSON.add_columns(BusinessProfile.company_name)
    .join(Account, Account.holder_id == Person.id)
    .outerjoin(BusinessProfile, BusinessProfile.account_id == Account.id)
    .where(Account.id == sa.bindparam("party_id")),
    "PERSON": _PERSON.where(Person.id == sa.bindparam("party_id")),
    "REP": _PERSON.join(Representative, Representative.person_id == Person.id)
    .join(Assignment, Assignment.rep_id == Representative.id)
    .where(
        Representative.id == sa.bindparam("party_id"),
        Representative.active,
        Assignment.account_id == sa.bindparam("account_id"),
    ),
    "STAFF": _PERSON.join(StaffMember, StaffMember.person_id == Person.id).where(
        StaffMember.id == sa.bindparam("party_id")
    ),
}


async def get_recipient(
    session: AsyncSession, kind: str, party_id: UUID, account_id: UUID | None = None
) -> Recipient:
    """`account_id`: which a rep is written to about. Raises RecipientNotFound, also for a kind nobody can be written
    to, for a client without an address, and for a rep who does not look after the account any more."""
    query, given = _BY_KIND.get(kind), {"party_id": party_id, "account_id": account_id}
    row = (await session.execute(query, given)).first() if query is not None else None
    if row is None or not row.email:
        raise RecipientNotFound(kind, party_id)
    name = f"{row.first_name} {row.last_name}".strip()
    return Recipient(row.email, name, row.language_code, getattr(row, "company_name", None) or "")


async def list_administrators(session: AsyncSession, account_id: UUID) -> list[Recipient]:
    """At most as many as an account may have members. Raises AccountNotFound."""
    if await session.scalar(sa.select(Account.id).where(Account.id == account_id)) is None:
        raise AccountNotFound(account_id)
    query = _PERSON.join(Membership, Membership.person_id == Person.id).where(
        Membership.account_id == account_id,
        Membership.role == callers.ADMINISTRATOR,
        Person.email.is_not(None),
    )
    rows = await session.execute(query.order_by(Person.id))
    return [
        Recipient(row.email, f"{row.first_name} {row.last_name}".strip(), row.language_code) for row in rows
    ]
