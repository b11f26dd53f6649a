"""Asking for a business profile: a visitor for a new account, an administrator for the own one.

Until staff approve it the profile is PENDING and the account a consumer's, with nothing of a business in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.context import Principal
from chassis.ids import new_id
from customers import callers
from customers.accounts import events as account_events
from customers.accounts import search
from customers.accounts import store as accounts
from customers.accounts import use_cases as account_use_cases
from customers.accounts.errors import AccountNotFound, ChangeNotAllowed
from customers.accounts.models import Account, BusinessProfile
from customers.business import events, store
from customers.business.errors import BusinessProfileExists
from customers.people import credentials
from customers.people import store as people
from customers.people.store import NewPerson

# Also one that is suspended or closed: registering anew is no way around that.
_HAS_ACCOUNT = sa.text(
    "SELECT EXISTS (SELECT FROM memberships WHERE person_id = :person_id)"
    " OR EXISTS (SELECT FROM representatives WHERE person_id = :person_id)"
    " OR EXISTS (SELECT FROM staff_members WHERE person_id = :person_id)"
)


@dataclass(frozen=True, slots=True)
class ProfileRequest:
    """Checked. `texts` are the columns of the profile, `message` goes to the vendor and may be empty."""

    texts: Mapping[str, Any]
    message: str


async def register(session: AsyncSession, person: NewPerson, asked: ProfileRequest) -> None:
    """A visitor's request. Somebody who has an account already is told by mail instead; the same work is done
    then and undone, so that neither the answer nor its time tells which it was."""
    known = await people.find(session, person.email)
    if known is None:
        # Found after all: the same request was sent twice at the same moment.
        known = await people.find_or_add(session, person)
    await credentials.lock_person(session, known)
    has_account = await session.scalar(_HAS_ACCOUNT, {"person_id": known})
    rehearsal = await session.begin_nested()
    if not has_account:
        await _open_account(session, known, asked)
        await rehearsal.commit()
        return
    nobody = replace(person, email=f"{new_id().hex}@nobody.invalid")
    await _open_account(session, await people.add_person(session, nobody), asked)
    await rehearsal.rollback()
    events.known_person_registered(session, known)


async def _open_account(session: AsyncSession, person_id: UUID, asked: ProfileRequest) -> None:
    account_id = await account_use_cases.open_account(session, person_id)
    await _ask(session, account_id, asked, ("PERSON", str(person_id)))
    await search.index(session, [account_id])
    account_events.account_created(session, account_id)
    await people.invite(session, person_id, account_id)


async def _ask(
    session: AsyncSession, account_id: UUID, asked: ProfileRequest, author: tuple[str, str]
) -> UUID:
    await store.set_pending_profile(session, account_id, asked.texts)
    request_id = await store.add_request(session, account_id, asked.texts)
    if asked.message:
        await store.add_message(session, request_id, author, asked.message)
    events.business_profile_requested(session, account_id, request_id)
    return request_id


async def request_for_account(
    session: AsyncSession, who: Principal, account_id: UUID, asked: ProfileRequest
) -> UUID:
    """After a refusal it may be asked for again.

    Raises AccountNotFound, ChangeNotAllowed (not an administrator), BusinessProfileExists."""
    query = sa.select(Account.id).where(Account.id == account_id, callers.visible(who))
    if await session.scalar(query.with_for_update(key_share=True)) is None:
        raise AccountNotFound(account_id)
    if not await callers.is_administrator(session, who, account_id):
        raise ChangeNotAllowed("business_profile")
    state = sa.select(BusinessProfile.state).where(BusinessProfile.account_id == account_id)
    found = await session.scalar(state)
    if found is not None and found != "REJECTED":
        raise BusinessProfileExists(account_id, found)
    request_id = await _ask(session, account_id, asked, who.effective_actor)
    version = await accounts.touch(session, account_id)
    await search.index(session, [account_id])
    account_events.account_updated(session, account_id, version, ["business_profile"])
    return request_id
