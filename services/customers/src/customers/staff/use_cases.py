"""Keeping the staff; there is always an active ADMIN."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import etag
from chassis.db import Sessions
from chassis.ids import new_id
from customers.people import store as people
from customers.people.hashing import HashPool
from customers.people.models import Password, Person
from customers.people.store import NewPerson
from customers.sessions import store as sessions
from customers.staff import events
from customers.staff.errors import LastAdmin, StaffMemberNotFound
from customers.staff.models import StaffMember

ADMIN = "ADMIN"
PERSON_FIELDS = ("first_name", "last_name", "email", "language_code")
_LOCK = 0x7374616666


@dataclass(frozen=True, slots=True)
class NewStaffMember:
    person: NewPerson
    roles: Sequence[str]


@dataclass(frozen=True, slots=True)
class StaffChange:
    staff_id: UUID
    etag: str
    values: Mapping[str, Any]


async def create_staff_member(session: AsyncSession, new: NewStaffMember) -> UUID:
    """Active from the start; mails an activation link. Raises EmailTaken."""
    staff_id, person_id = await _add(session, new)
    await people.invite(session, person_id)
    return staff_id


async def _add(session: AsyncSession, new: NewStaffMember) -> tuple[UUID, UUID]:
    person_id = await people.add_person(session, new.person)
    staff_id = new_id()
    row = {"id": staff_id, "person_id": person_id, "roles": sorted(set(new.roles))}
    await session.execute(sa.insert(StaffMember).values(row))
    events.staff_member_created(session, staff_id)
    return staff_id, person_id


async def update_staff_member(session: AsyncSession, change: StaffChange) -> None:
    """Deactivating, or another set of roles, ends the sessions: their tokens carry the old roles.

    Raises StaffMemberNotFound, EtagMismatch, EmailTaken, LastAdmin."""
    await session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    query = sa.select(StaffMember).where(StaffMember.id == change.staff_id)
    member = await session.scalar(query.with_for_update(key_share=True))
    if member is None:
        raise StaffMemberNotFound(change.staff_id)
    etag.check(f"Staff member {member.id}", change.etag, member.version)
    person = {name: change.values[name] for name in PERSON_FIELDS if name in change.values}
    changed = await people.change_person(session, member.person_id, person)
    own = {
        name: change.values[name]
        for name in ("roles", "active")
        if name in change.values and change.values[name] != getattr(member, name)
    }
    changed += sorted(own)
    if not changed:
        return
    version = member.version + 1
    statement = sa.update(StaffMember).where(StaffMember.id == member.id)
    await session.execute(
        statement.values(**own, version=version, update_time=sa.func.now()).execution_options(
            synchronize_session=False
        )
    )
    if own:
        await _require_admin(session)
        await sessions.end_all_of_person(session, member.person_id, "STAFF_CHANGED")
    events.staff_member_updated(session, change.staff_id, version, changed)


async def _require_admin(session: AsyncSession) -> None:
    """After the change, under the lock: of two admins demoting each other one is refused."""
    admins = sa.select(1).where(StaffMember.active, StaffMember.roles.contains([ADMIN]))
    if await session.scalar(admins.limit(1)) is None:
        raise LastAdmin


async def bootstrap_admin(
    sessions_: Sessions, hashes: HashPool, person: NewPerson, password: str | None
) -> bool:
    """Make the first administrator, with this password or by a mailed link. False, and nothing changes, when
    somebody signs in with this e-mail already: the command may be run at every start."""
    digest = await hashes.hash(password) if password is not None else None
    async with sessions_.begin() as session:
        if await session.scalar(sa.select(1).where(Person.email == person.email)) is not None:
            return False
        _, person_id = await _add(session, NewStaffMember(person, [ADMIN]))
        if digest is None:
            await people.invite(session, person_id)
        else:
            await session.execute(sa.insert(Password).values(person_id=person_id, hash=digest))
    return True
