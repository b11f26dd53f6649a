"""Reading the persons of an account."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.money import Money
from chassis.paging import Page
from customers.accounts.errors import MemberNotFound
from customers.accounts.models import Membership
from customers.database import AnyRow
from customers.people.models import Password, Person


@dataclass(frozen=True, slots=True)
class MemberView:
    """`active`: a password has been set."""

    id: UUID
    first_name: str
    last_name: str
    email: str
    language_code: str
    role: str
    active: bool
    spending_limit: Money | None
    version: int


MEMBERS = (
    sa.select(
        Membership.account_id,
        Membership.role,
        Membership.version,
        Membership.spending_limit_minor,
        Membership.spending_limit_currency,
        Person.id,
        Person.first_name,
        Person.last_name,
        Person.email,
        Person.language_code,
        Password.person_id.is_not(None).label("active"),
    )
    .join(Person, Person.id == Membership.person_id)
    .outerjoin(Password, Password.person_id == Person.id)
    .order_by(Membership.person_id)
)


def view(row: AnyRow) -> MemberView:
    limit = None
    if row.spending_limit_minor is not None:
        limit = Money(row.spending_limit_minor, row.spending_limit_currency)
    return MemberView(
        id=row.id,
        first_name=row.first_name,
        last_name=row.last_name,
        email=row.email or "",
        language_code=row.language_code,
        role=row.role,
        active=row.active,
        spending_limit=limit,
        version=row.version,
    )


async def get_member(session: AsyncSession, account_id: UUID, person_id: UUID) -> MemberView:
    """Raises MemberNotFound."""
    mine = MEMBERS.where(Membership.account_id == account_id, Membership.person_id == person_id)
    row = (await session.execute(mine)).first()
    if row is None:
        raise MemberNotFound(person_id)
    return view(row)


async def list_members(session: AsyncSession, account_id: UUID, page: Page) -> list[MemberView]:
    """Up to one more than a page, the longest known persons first."""
    query = MEMBERS.where(Membership.account_id == account_id)
    if page.after is not None:
        query = query.where(Membership.person_id > page.after[0])
    return [view(row) for row in await session.execute(query.limit(page.size + 1))]
