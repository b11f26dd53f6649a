"""Asking for a reset link, and setting the password with a mailed link."""

from __future__ import annotations

import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.db import Sessions
from chassis.errors import Violations
from customers.people import credentials, emails, events, passwords
from customers.people.credentials import Purpose
from customers.people.hashing import HashPool
from customers.people.models import Password, Person
from customers.sessions import identities, store
from customers.sessions.throttle import Throttle
from customers.vault import Vault


async def request_password_reset(sessions: Sessions, throttle: Throttle, email: str) -> None:
    """Mail a link when somebody who may sign in has this address; otherwise nothing, and the same answer.

    An address gets at most three mails an hour: more requests are dropped silently, which also keeps the
    difference in work between known and unknown from being measured. Raises SignInThrottled, by network."""
    normalised = emails.normalise(email)
    if not await throttle.may_mail_reset(normalised or email.strip().lower()) or normalised is None:
        return
    async with sessions.begin() as session:
        person_id = await session.scalar(sa.select(Person.id).where(Person.email == normalised))
        if person_id is None or not await identities.of_person(session, person_id):
            return
        request = await credentials.request_link(session, person_id, Purpose.PASSWORD_RESET)
        events.link_requested(session, request)


async def set_password(
    sessions: Sessions, vault: Vault, hashes: HashPool, throttle: Throttle, token: str, password: str
) -> None:
    """Use the link, set the password and end every session of the person.

    Raises LinkNotValid, InvalidFields (the password), PasswordsBusy."""
    request_id = credentials.read_token(vault, token)
    async with sessions() as session:
        await credentials.owner_of(session, request_id)  # refuse a dead link before any hashing
    found = Violations()
    prepared = passwords.check(found, "password", password)
    found.raise_if_any()
    async with hashes.turn():
        digest = await hashes.hash(prepared)
    async with sessions.begin() as session:
        person_id = await credentials.owner_of(session, request_id)
        await credentials.lock_person(session, person_id)
        await credentials.use(session, request_id)
        await _store(session, person_id, digest)
        await credentials.replace_open(session, person_id)
        await store.end_all_of_person(session, person_id, "PASSWORD_SET")
        email = await session.scalar(sa.select(Person.email).where(Person.id == person_id))
        await throttle.trust_current(session, str(email))
        events.password_set(session, person_id)


async def _store(session: AsyncSession, person_id: UUID, digest: str) -> None:
    row = {"person_id": person_id, "hash": digest, "set_time": datetime.datetime.now(datetime.UTC)}
    statement = insert(Password).values(row)
    replaced = {"hash": statement.excluded.hash, "set_time": statement.excluded.set_time}
    await session.execute(statement.on_conflict_do_update(index_elements=["person_id"], set_=replaced))
