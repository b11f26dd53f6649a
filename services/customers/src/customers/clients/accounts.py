"""The account of a client: made by the first hand-off, brought up to date by every later one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.ids import new_id
from customers import folding
from customers.accounts import events as account_events
from customers.accounts import search
from customers.accounts import store as account_store
from customers.accounts.models import Account
from customers.addresses import use_cases as addresses
from customers.clients import events, store
from customers.clients.errors import ClientIdentityChanged
from customers.clients.models import ClientLink
from customers.handoffs.errors import Denial, HandoffNotAllowed
from customers.handoffs.profile import Profile
from customers.people.models import Person
from customers.sessions import store as sessions
from customers.sessions.models import SessionFamily


@dataclass(frozen=True, slots=True)
class Handed:
    """A client as the platform hands it over. `community_language` serves until a language is said."""

    platform_id: UUID
    community_id: UUID
    community_language: str
    external_id: str
    profile: Profile


async def keep(session: AsyncSession, handed: Handed) -> UUID:
    """The client's account, made or brought up to date; what does not differ is not written and not reported.

    Found by platform and external id alone. Raises ClientIdentityChanged, HandoffNotAllowed (CLIENT_CLOSED)."""
    await _one_at_a_time(session, handed)
    account_id = await session.scalar(store.newest(handed.platform_id, handed.external_id))
    link = await store.lock(session, account_id) if account_id is not None else None
    if link is None or link.close_time is not None:
        return await _create(session, handed)
    await _update(session, link, handed)
    return link.account_id


async def _one_at_a_time(session: AsyncSession, handed: Handed) -> None:
    """Two first hand-offs of one client at once make one account: the second waits and then finds it."""
    name = handed.platform_id.bytes + handed.external_id.encode()
    key = int.from_bytes(hashlib.sha256(name).digest()[:8], signed=True)
    await session.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


async def _create(session: AsyncSession, handed: Handed) -> UUID:
    """A consumer account whose holder cannot sign in: no e-mail, no password, no membership."""
    profile, person_id, account_id = handed.profile, new_id(), new_id()
    person = {
        "id": person_id,
        "email": None,
        "contact_email": profile.email or "",
        "first_name": profile.first_name,
        "last_name": profile.last_name,
        "language_code": profile.language_code or handed.community_language,
        "phone": profile.phone,
    }
    await session.execute(sa.insert(Person).values(person))
    account = {"id": account_id, "holder_id": person_id, "kind": "CONSUMER", "buyer_class": "CONSUMER"}
    await session.execute(sa.insert(Account).values(account))
    address = await addresses.add(session, account_id, profile.address, first=True)
    link = {
        "account_id": account_id,
        "platform_id": handed.platform_id,
        "community_id": handed.community_id,
        "external_id": handed.external_id,
        "address_id": address.id,
    }
    await session.execute(sa.insert(ClientLink).values(link))
    await search.index(session, [account_id])
    account_events.account_created(session, account_id)
    events.client_linked(session, account_id, handed.platform_id, handed.community_id)
    return account_id


async def _update(session: AsyncSession, link: ClientLink, handed: Handed) -> None:
    mine = sa.select(Account.state, Account.holder_id).where(Account.id == link.account_id)
    account = (await session.execute(mine)).one()
    if account.state != "ACTIVE":
        raise HandoffNotAllowed(Denial.CLIENT_CLOSED)
    changed = await _update_person(session, account.holder_id, handed)
    values: dict[str, Any] = {}
    address_id, moved_house = await addresses.put(
        session, link.account_id, link.address_id, handed.profile.address
    )
    if moved_house:
        changed.append("addresses")
        values["address_id"] = address_id
    if link.community_id != handed.community_id:
        changed.append("client_link.community_id")
        values |= {"community_id": handed.community_id, "payment_methods": []}
        await _leave(session, link, account.holder_id, handed.community_id)
    if not changed:
        return
    if values:
        own = sa.update(ClientLink).where(ClientLink.account_id == link.account_id)
        await session.execute(own.values(**values).execution_options(synchronize_session=False))
    await search.index(session, [link.account_id])
    version = await account_store.touch(session, link.account_id)
    account_events.account_updated(session, link.account_id, version, changed)


async def _leave(session: AsyncSession, link: ClientLink, holder_id: UUID, to_community_id: UUID) -> None:
    """The client belongs to another community now: whoever helps in the old one loses access at once, and what
    was agreed there for this client ends."""
    there = sa.and_(SessionFamily.person_id == holder_id, SessionFamily.community_id == link.community_id)
    await sessions.end_families(session, there, "CLIENT_MOVED")
    events.client_moved(session, link, to_community_id)


async def _update_person(session: AsyncSession, person_id: UUID, handed: Handed) -> list[str]:
    """The names of the fields that changed. Raises ClientIdentityChanged."""
    query = sa.select(Person).where(Person.id == person_id)
    before = await session.scalar(query.with_for_update(key_share=True))
    assert before is not None
    profile = handed.profile
    if not is_same(before.first_name, before.last_name, profile.first_name, profile.last_name):
        raise ClientIdentityChanged(handed.external_id)
    sent = {
        "first_name": profile.first_name,
        "last_name": profile.last_name,
        "phone": profile.phone,
        "contact_email": profile.email,
        "language_code": profile.language_code,
    }
    changed = {
        name: value for name, value in sent.items() if value is not None and getattr(before, name) != value
    }
    if changed:
        statement = sa.update(Person).where(Person.id == person_id)
        await session.execute(
            statement.values(**changed, update_time=sa.func.now()).execution_options(
                synchronize_session=False
            )
        )
    return sorted("email" if name == "contact_email" else name for name in changed)


def is_same(first_name: str, last_name: str, new_first_name: str, new_last_name: str) -> bool:
    """Whether it may be the same person: people marry and spellings are mended, but somebody with another
    first and another last name is somebody else. Names in the other order are still the same."""
    before = (folding.fold(first_name), folding.fold(last_name))
    after = (folding.fold(new_first_name), folding.fold(new_last_name))
    return before[0] == after[0] or before[1] == after[1] or before == after[::-1]
