"""Keeping the file of representatives, and assigning accounts to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import db, etag
from chassis.ids import new_id
from customers import folding
from customers.accounts.errors import AccountNotFound
from customers.accounts.models import Account, AccountSearch
from customers.people import store as people
from customers.people.models import Person
from customers.people.store import NewPerson
from customers.reps import events
from customers.reps.errors import RepCodeTaken, RepresentativeNotFound
from customers.reps.models import Assignment, Representative
from customers.sessions import store as sessions

PERSON_FIELDS = ("first_name", "last_name", "email", "language_code")


@dataclass(frozen=True, slots=True)
class NewRepresentative:
    rep_code: str
    person: NewPerson


@dataclass(frozen=True, slots=True)
class RepresentativeChange:
    rep_id: UUID
    etag: str
    values: Mapping[str, Any]


def _words(rep_code: str, first_name: str, last_name: str) -> sa.ColumnElement[Any]:
    words = folding.index_words([rep_code, first_name, last_name])
    return sa.cast(sa.func.array_to_tsvector(sa.cast(words, sa.ARRAY(sa.Text))), TSVECTOR)


async def create_representative(session: AsyncSession, new: NewRepresentative) -> UUID:
    """Active from the start; mails an activation link. Raises EmailTaken, RepCodeTaken."""
    person_id = await people.add_person(session, new.person)
    rep_id = new_id()
    row = {
        "id": rep_id,
        "person_id": person_id,
        "rep_code": new.rep_code,
        "words": _words(new.rep_code, new.person.first_name, new.person.last_name),
    }
    statement = insert(Representative).values(row).on_conflict_do_nothing(index_elements=["rep_code"])
    if await session.scalar(statement.returning(Representative.id)) is None:
        raise RepCodeTaken(new.rep_code)
    events.representative_created(session, rep_id)
    await people.invite(session, person_id)
    return rep_id


async def update_representative(session: AsyncSession, change: RepresentativeChange) -> None:
    """Deactivating ends every session of the rep at once, the ordering sessions too.

    Raises RepresentativeNotFound, EtagMismatch, EmailTaken, RepCodeTaken."""
    query = sa.select(Representative).where(Representative.id == change.rep_id)
    rep = await session.scalar(query.with_for_update(key_share=True))
    if rep is None:
        raise RepresentativeNotFound(change.rep_id)
    etag.check(f"Representative {rep.id}", change.etag, rep.version)
    person = {name: change.values[name] for name in PERSON_FIELDS if name in change.values}
    changed = await people.change_person(session, rep.person_id, person)
    own = {
        name: change.values[name]
        for name in ("rep_code", "active")
        if name in change.values and change.values[name] != getattr(rep, name)
    }
    changed += sorted(own)
    if not changed:
        return
    await _write(session, rep, own)
    if own.get("active") is False:
        await sessions.end_all_of_person(session, rep.person_id, "REP_DEACTIVATED")
    active = bool(own.get("active", rep.active))
    events.representative_updated(session, rep.id, rep.version + 1, changed, active=active)


async def _write(session: AsyncSession, rep: Representative, own: Mapping[str, Any]) -> None:
    names = sa.select(Person.first_name, Person.last_name).where(Person.id == rep.person_id)
    person = (await session.execute(names)).one()
    rep_code = str(own.get("rep_code", rep.rep_code))
    statement = (
        sa.update(Representative)
        .where(Representative.id == rep.id)
        .values(
            **own,
            words=_words(rep_code, person.first_name, person.last_name),
            version=rep.version + 1,
            update_time=sa.func.now(),
        )
        .execution_options(synchronize_session=False)
    )
    try:
        await session.execute(statement)
    except IntegrityError as error:
        if db.constraint_name(error) == "uq_representatives_rep_code":
            raise RepCodeTaken(rep_code) from None
        raise


async def assign_account(session: AsyncSession, rep_id: UUID, account_id: UUID) -> None:
    """Assigning twice is one assignment and one fact. Raises RepresentativeNotFound, AccountNotFound."""
    await _require(session, rep_id, account_id)
    # Against a change of the name at the same time, which writes it to the assignments it can see.
    await session.execute(sa.select(Account.id).where(Account.id == account_id).with_for_update(read=True))
    named = sa.select(sa.literal(rep_id, sa.Uuid), AccountSearch.account_id, AccountSearch.sort_name).where(
        AccountSearch.account_id == account_id
    )
    columns = ["rep_id", "account_id", "sort_name"]
    statement = (
        insert(Assignment).from_select(columns, named).on_conflict_do_nothing().returning(Assignment.rep_id)
    )
    if await session.scalar(statement) is not None:
        events.account_assigned(session, rep_id, account_id)


async def unassign_account(session: AsyncSession, rep_id: UUID, account_id: UUID) -> None:
    """Also ends the rep's open ordering sessions for the account. Raises RepresentativeNotFound,
    AccountNotFound."""
    await _require(session, rep_id, account_id)
    mine = sa.and_(Assignment.rep_id == rep_id, Assignment.account_id == account_id)
    statement = sa.delete(Assignment).where(mine).returning(Assignment.rep_id)
    if await session.scalar(statement) is not None:
        await sessions.end_ordering(session, rep_id, account_id, "UNASSIGNED")
        events.account_unassigned(session, rep_id, account_id)


async def _require(session: AsyncSession, rep_id: UUID, account_id: UUID) -> None:
    if await session.scalar(sa.select(Representative.id).where(Representative.id == rep_id)) is None:
        raise RepresentativeNotFound(rep_id)
    if await session.scalar(sa.select(Account.id).where(Account.id == account_id)) is None:
        raise AccountNotFound(account_id)
