"""Reading staff members."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.paging import Page
from customers.database import AnyRow
from customers.people.models import Person
from customers.staff.errors import StaffMemberNotFound
from customers.staff.models import StaffMember


@dataclass(frozen=True, slots=True)
class StaffView:
    id: UUID
    first_name: str
    last_name: str
    email: str
    language_code: str
    roles: list[str]
    active: bool
    version: int


_STAFF = sa.select(
    StaffMember.id,
    Person.first_name,
    Person.last_name,
    Person.email,
    Person.language_code,
    StaffMember.roles,
    StaffMember.active,
    StaffMember.version,
).join(Person, Person.id == StaffMember.person_id)


def _view(row: AnyRow) -> StaffView:
    return StaffView(**row._mapping)


async def get_staff_member(session: AsyncSession, staff_id: UUID) -> StaffView:
    """Raises StaffMemberNotFound."""
    row = (await session.execute(_STAFF.where(StaffMember.id == staff_id))).first()
    if row is None:
        raise StaffMemberNotFound(staff_id)
    return _view(row)


async def list_staff_members(session: AsyncSession, page: Page) -> list[StaffView]:
    """Up to one more than a page, oldest first."""
    query = _STAFF
    if page.after is not None:
        query = query.where(StaffMember.id > page.after[0])
    rows = await session.execute(query.order_by(StaffMember.id).limit(page.size + 1))
    return [_view(row) for row in rows]
