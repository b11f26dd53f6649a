"""Adding and changing people; one e-mail address belongs to one person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import db
from chassis.ids import new_id
from customers.people import credentials, events
from customers.people.credentials import Purpose
from customers.people.errors import EmailTaken
from customers.people.models import Password, Person


@dataclass(frozen=True, slots=True)
class NewPerson:
    """`email` is normalised."""

    first_name: str
    last_name: str
    email: str
    language_code: str
    phone: str = ""


async def add_person(session: AsyncSession, new: NewPerson) -> UUID:
    """The id of the new person. Raises EmailTaken."""
    row = {
        "id": new_id(),
        "first_name": new.first_name,
        "last_name": new.last_name,
        "email": new.email,
        "language_code": new.language_code,
        "phone": new.phone,
    }
    statement = (
        insert(Person).values(row).on_conflict_do_nothing(index_elements=["email"]).returning(Person.id)
    )
    added: UUID | None = await session.scalar(statement)
    if added is None:
        raise EmailTaken
    return added


async def find(session: AsyncSession, email: str) -> UUID | None:
    """Who signs in with this normalised address."""
    found: UUID | None = await session.scalar(sa.select(Person.id).where(Person.email == email))
    return found


async def find_or_add(session: AsyncSession, new: NewPerson) -> UUID:
    """The person with this e-mail address, as known; else a new one."""
    try:
        return await add_person(session, new)
    except EmailTaken:
        known = await find(session, new.email)
        assert known is not None  # persons are never deleted
        return known


async def invite(session: AsyncSession, person_id: UUID, account_id: UUID | None = None) -> None:
    """Have an activation mail sent; earlier links end."""
    request = await credentials.request_link(session, person_id, Purpose.ACTIVATION)
    events.link_requested(session, request, account_id)


async def is_active(session: AsyncSession, person_id: UUID) -> bool:
    """Whether a password has been set."""
    found = await session.scalar(sa.select(1).where(Password.person_id == person_id))
    return found is not None


async def change_person(
    session: AsyncSession, person_id: UUID, wanted: Mapping[str, str], account_id: UUID | None = None
) -> list[str]:
    """The names of the fields that really changed. Raises EmailTaken.

    With a new e-mail address the open links end, because they were mailed to the old one; somebody who never
    activated gets a new link."""
    await credentials.lock_person(session, person_id)
    columns = [getattr(Person, name) for name in wanted]
    if not columns:
        return []
    before = (await session.execute(sa.select(*columns).where(Person.id == person_id))).one()
    changed = {name: value for name, value in wanted.items() if getattr(before, name) != value}
    if not changed:
        return []
    statement = sa.update(Person).where(Person.id == person_id).values(**changed, update_time=sa.func.now())
    try:
        await session.execute(statement)
    except IntegrityError as error:
        if db.constraint_name(error) == "uq_persons_email":
            raise EmailTaken from None
        raise
    if "email" in changed:
        await credentials.replace_open(session, person_id)
        if not await is_active(session, person_id):
            await invite(session, person_id, account_id)
    return sorted(changed)
