"""Creating and changing accounts, and sending activation mails again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import etag
from chassis.context import Principal
from chassis.errors import Violations
from chassis.ids import new_id
from customers import callers
from customers.accounts import events, search, store
from customers.accounts.errors import AccountErased, AccountNotFound, ChangeNotAllowed
from customers.accounts.models import Account, BusinessProfile, Membership
from customers.addresses import use_cases as addresses
from customers.addresses.use_cases import AddressInput
from customers.business import store as business
from customers.clients import queries as clients
from customers.members.errors import NotABusiness
from customers.people import store as people
from customers.people.errors import PersonAlreadyActive, PersonNotFound
from customers.people.store import NewPerson
from customers.sessions import store as sessions

PERSON_FIELDS = ("first_name", "last_name", "email", "language_code", "phone")
PROFILE = "business_profile."
# What an account's administrator may change; staff change everything.
OWN_FIELDS = frozenset(
    ("first_name", "last_name", "language_code", "spending_control", PROFILE + "department")
)
# Who may suspend, close and reopen an account.
STATE_KEEPERS = ("ADMIN", "ORDER_DESK")
_ACCOUNT_FIELDS = ("groups", "buyer_class", "spending_control", "state")


@dataclass(frozen=True, slots=True)
class NewAccount:
    """Checked. `profile` holds the columns of a business profile, None for a consumer."""

    person: NewPerson
    profile: Mapping[str, Any] | None
    groups: Sequence[str]
    buyer_class: str
    addresses: Sequence[AddressInput]


@dataclass(frozen=True, slots=True)
class AccountChange:
    """Checked. `values` by path, e.g. "last_name" or "business_profile.b2b_active"."""

    account_id: UUID
    etag: str
    values: Mapping[str, Any]


async def create_account(session: AsyncSession, new: NewAccount) -> UUID:
    """The account with its holder as first administrator, who gets an activation mail. Raises EmailTaken."""
    person_id = await people.add_person(session, new.person)
    business = new.profile is not None
    account_id = await open_account(
        session, person_id, business=business, groups=new.groups, buyer_class=new.buyer_class
    )
    if new.profile is not None:
        await _insert_profile(session, account_id, new.profile)
    for index, address in enumerate(new.addresses):
        await addresses.add(session, account_id, address, first=index == 0)
    await search.index(session, [account_id])
    events.account_created(session, account_id)
    await people.invite(session, person_id, account_id)
    return account_id


async def open_account(
    session: AsyncSession,
    holder_id: UUID,
    *,
    business: bool = False,
    groups: Sequence[str] = (),
    buyer_class: str = "",
) -> UUID:
    """An account with its holder as first administrator; neither searchable nor reported yet."""
    account_id = new_id()
    account = {
        "id": account_id,
        "holder_id": holder_id,
        "kind": "BUSINESS" if business else "CONSUMER",
        "groups": list(groups),
        "buyer_class": buyer_class or ("BUSINESS" if business else "CONSUMER"),
    }
    await session.execute(sa.insert(Account).values(account))
    member = {"account_id": account_id, "person_id": holder_id, "role": callers.ADMINISTRATOR}
    await session.execute(sa.insert(Membership).values(member))
    return account_id


async def _insert_profile(session: AsyncSession, account_id: UUID, profile: Mapping[str, Any]) -> None:
    """What staff enter is approved; only a profile that a customer asks for waits for approval."""
    row = {"account_id": account_id, "state": "APPROVED", **profile}
    await session.execute(sa.insert(BusinessProfile).values(row))


async def update_account(session: AsyncSession, who: Principal, change: AccountChange) -> None:
    """Apply what differs; without any difference nothing happens and nothing is reported. Suspending or closing
    an account ends every session for it.

    Raises AccountNotFound, AccountErased, ChangeNotAllowed, EtagMismatch, EmailTaken, NotABusiness (spending control),
    InvalidFields (a new business profile without company name or VAT number)."""
    query = sa.select(Account).where(Account.id == change.account_id, callers.visible(who))
    account = await session.scalar(query.with_for_update(key_share=True))
    if account is None:
        raise AccountNotFound(change.account_id)
    if account.erase_time is not None:
        raise AccountErased(account.id)
    await _check_allowed(session, who, account, change)
    etag.check(f"Account {account.id}", change.etag, account.version)
    person = {name: change.values[name] for name in PERSON_FIELDS if name in change.values}
    changed = await people.change_person(session, account.holder_id, person, account.id)
    changed += await _change_profile(session, account, change.values)
    converted = "business_profile" in changed
    own = _own_changes(account, change.values, converted=converted)
    changed += sorted(own)
    if not changed:
        return
    if own.get("spending_control") and account.kind != "BUSINESS" and not converted:
        raise NotABusiness(account.id)
    if converted:
        own["kind"] = "BUSINESS"
    version = await store.touch(session, account.id, **own)
    if person:
        await search.index_person(session, account.holder_id)
    await search.index(session, [account.id])
    if own.get("state", "ACTIVE") != "ACTIVE":
        await sessions.end_all_of_account(session, account.id, str(own["state"]))
    events.account_updated(session, account.id, version, changed)


async def _check_allowed(
    session: AsyncSession, who: Principal, account: Account, change: AccountChange
) -> None:
    kept = await clients.kept_fields(session, account.id) & change.values.keys()
    if kept:
        raise ChangeNotAllowed(*kept)
    if who.kind == "STAFF":
        if "state" in change.values and who.roles.isdisjoint(STATE_KEEPERS):
            raise ChangeNotAllowed("state")
        return
    refused = set(change.values) - OWN_FIELDS
    if callers.person_of(who) != account.holder_id:
        # They are the holder's own, also in the holder's other accounts.
        refused |= set(change.values) & set(PERSON_FIELDS)
    if refused or not await callers.is_administrator(session, who, change.account_id):
        raise ChangeNotAllowed(*(refused or change.values))


def _own_changes(account: Account, values: Mapping[str, Any], *, converted: bool) -> dict[str, Any]:
    own = {name: values[name] for name in _ACCOUNT_FIELDS if name in values}
    if converted and "buyer_class" not in own and account.buyer_class == "CONSUMER":
        own["buyer_class"] = "BUSINESS"
    return {name: value for name, value in own.items() if getattr(account, name) != value}


async def _change_profile(session: AsyncSession, account: Account, values: Mapping[str, Any]) -> list[str]:
    """The paths that changed; "business_profile" alone when it was added, or put in force although it had been
    refused (A-03)."""
    wanted = {path.removeprefix(PROFILE): value for path, value in values.items() if path.startswith(PROFILE)}
    if not wanted:
        return []
    profile = await session.get(BusinessProfile, account.id)
    if profile is None:
        _require_complete(wanted)
        await _insert_profile(session, account.id, wanted)
        return ["business_profile"]
    changed = {name: value for name, value in wanted.items() if getattr(profile, name) != value}
    if not changed:
        return []
    if profile.state == "REJECTED" and wanted.get("b2b_active"):
        await business.set_profile(session, account.id, **changed, state="APPROVED")
        return ["business_profile"]
    await business.set_profile(session, account.id, **changed)
    await business.mirror(session, account.id)
    return sorted(PROFILE + name for name in changed)


def _require_complete(profile: Mapping[str, Any]) -> None:
    found = Violations()
    for name in ("company_name", "vat_number"):
        if not profile.get(name):
            found.add(f"account.{PROFILE}{name}", "is required for a business profile", "REQUIRED")
    found.raise_if_any()


async def send_activation(session: AsyncSession, who: Principal, account_id: UUID, person_id: UUID) -> None:
    """Mail a new link; earlier ones end.

    Raises AccountNotFound, ChangeNotAllowed, PersonNotFound, PersonAlreadyActive."""
    query = sa.select(Account.id).where(Account.id == account_id, callers.visible(who))
    if await session.scalar(query) is None:
        raise AccountNotFound(account_id)
    if who.kind != "STAFF" and not await callers.is_administrator(session, who, account_id):
        raise ChangeNotAllowed("members")
    if await session.get(Membership, (account_id, person_id)) is None:
        raise PersonNotFound(person_id)
    if await people.is_active(session, person_id):
        raise PersonAlreadyActive(person_id)
    await people.invite(session, person_id, account_id)
