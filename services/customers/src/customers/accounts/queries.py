"""Reading accounts with everything that belongs to them."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.context import Principal
from customers import callers
from customers.accounts.errors import AccountNotFound
from customers.accounts.models import Account, BusinessProfile, Membership
from customers.accounts.search import display_name
from customers.addresses import queries as address_queries
from customers.addresses.queries import AddressView
from customers.clients.models import ClientLink
from customers.database import AnyRow
from customers.members import queries as members
from customers.members.queries import MemberView
from customers.people.models import Person


@dataclass(frozen=True, slots=True)
class ProfileView:
    state: str
    company_name: str
    vat_number: str
    chamber_of_commerce_number: str
    department: str
    b2b_active: bool
    pay_later_allowed: bool


@dataclass(frozen=True, slots=True)
class ClientView:
    """Where a client's account comes from."""

    platform_id: UUID
    community_id: UUID
    external_id: str
    closed: bool
    payment_methods: list[str]


@dataclass(frozen=True, slots=True)
class AccountView:
    id: UUID
    number: str
    kind: str
    state: str
    first_name: str
    last_name: str
    email: str
    language_code: str
    phone: str
    groups: list[str]
    buyer_class: str
    spending_control: bool
    version: int
    create_time: datetime.datetime
    update_time: datetime.datetime
    erase_time: datetime.datetime | None
    profile: ProfileView | None
    client: ClientView | None = None
    addresses: list[AddressView] = field(default_factory=list)
    persons: list[MemberView] = field(default_factory=list)

    @property
    def display_name(self) -> str:
        company = self.profile.company_name if self.profile is not None else ""
        return display_name(self.kind, company, f"{self.first_name} {self.last_name}".strip())


_ACCOUNT = (
    sa.select(
        Account.id,
        Account.number,
        Account.kind,
        Account.state,
        Account.groups,
        Account.buyer_class,
        Account.spending_control,
        Account.version,
        Account.create_time,
        Account.update_time,
        Account.erase_time,
        Person.first_name,
        Person.last_name,
        sa.func.coalesce(Person.email, Person.contact_email).label("email"),
        Person.language_code,
        Person.phone,
        BusinessProfile.state.label("profile_state"),
        BusinessProfile.company_name,
        BusinessProfile.vat_number,
        BusinessProfile.chamber_of_commerce_number,
        BusinessProfile.department,
        BusinessProfile.b2b_active,
        BusinessProfile.pay_later_allowed,
        ClientLink.platform_id,
        ClientLink.community_id,
        ClientLink.external_id,
        ClientLink.close_time.is_not(None).label("closed"),
        ClientLink.payment_methods,
    )
    .join(Person, Person.id == Account.holder_id)
    .outerjoin(BusinessProfile, BusinessProfile.account_id == Account.id)
    .outerjoin(ClientLink, ClientLink.account_id == Account.id)
)
# `= ANY`, not `IN`: one statement, prepared once, whatever the number of ids.
_IDS = sa.bindparam("ids", type_=ARRAY(sa.Uuid))
_ACCOUNTS = _ACCOUNT.where(Account.id == sa.any_(_IDS))
_BESIDES = ("profile", "client", "addresses", "persons")
_OWN = tuple(name for name in AccountView.__slots__ if name not in _BESIDES)
_PROFILE = tuple(name for name in ProfileView.__slots__ if name != "state")


async def get_account(session: AsyncSession, who: Principal, account_id: UUID) -> AccountView:
    """Raises AccountNotFound, also for what the caller may not see."""
    row = (await session.execute(_ACCOUNT.where(Account.id == account_id, callers.visible(who)))).first()
    if row is None:
        raise AccountNotFound(account_id)
    return (await _complete(session, [row]))[0]


async def load_accounts(session: AsyncSession, account_ids: Sequence[UUID]) -> list[AccountView]:
    """In the order of the ids. The caller has made sure that they may be seen."""
    if not account_ids:
        return []
    rows = {row.id: row for row in await session.execute(_ACCOUNTS, {"ids": list(account_ids)})}
    return await _complete(session, [rows[account_id] for account_id in account_ids if account_id in rows])


async def require_visible(session: AsyncSession, who: Principal, account_id: UUID) -> None:
    """Raises AccountNotFound."""
    query = sa.select(Account.id).where(Account.id == account_id, callers.visible(who))
    if await session.scalar(query) is None:
        raise AccountNotFound(account_id)


async def _complete(session: AsyncSession, rows: Sequence[AnyRow]) -> list[AccountView]:
    ids = [row.id for row in rows]
    addresses = await address_queries.of_accounts(session, ids)
    persons = await _persons(session, ids)
    return [
        AccountView(
            **{name: getattr(row, name) for name in _OWN},
            profile=_profile(row),
            client=_client(row),
            addresses=addresses[row.id],
            persons=persons[row.id],
        )
        for row in rows
    ]


def _profile(row: AnyRow) -> ProfileView | None:
    if row.profile_state is None:
        return None
    return ProfileView(state=row.profile_state, **{name: getattr(row, name) for name in _PROFILE})


def _client(row: AnyRow) -> ClientView | None:
    if row.platform_id is None:
        return None
    return ClientView(**{name: getattr(row, name) for name in ClientView.__slots__})


_PERSONS = members.MEMBERS.where(Membership.account_id == sa.any_(_IDS))


async def _persons(session: AsyncSession, account_ids: Sequence[UUID]) -> defaultdict[UUID, list[MemberView]]:
    found: defaultdict[UUID, list[MemberView]] = defaultdict(list)
    for row in await session.execute(_PERSONS, {"ids": account_ids}):
        found[row.account_id].append(members.view(row))
    return found
