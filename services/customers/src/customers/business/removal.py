"""Removing the business layer of an account: what is left is the personal account of one person.

Open sessions and open carts are the consumer's from the same moment, because every quote and every order asks for
the account's facts anew. Orders that waited for an approval are sent back by orders, which hears of the removal.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import etag, idempotency
from chassis.context import Principal
from customers import callers
from customers.accounts import search
from customers.accounts import store as accounts
from customers.accounts.errors import AccountNotFound, ChangeNotAllowed
from customers.accounts.models import Account, BusinessProfile, Membership
from customers.addresses.models import Address
from customers.business import events, receipts
from customers.business.errors import BusinessProfileNotFound
from customers.business.models import BusinessRequest, BusinessRequestMessage
from customers.business.receipts import KEPT_ELSEWHERE, OWN, Item, Receipt
from customers.members import events as member_events
from customers.sessions import store as sessions


@dataclass(frozen=True, slots=True)
class Removal:
    account_id: UUID
    etag: str


async def remove_business_profile(session: AsyncSession, who: Principal, command: Removal) -> Receipt:
    """Once: later calls answer the receipt of the first.

    The account stays with its holder, whose personal account it is, or, when the holder is no administrator any
    more, with the administrator who removes the profile.

    Raises AccountNotFound, ChangeNotAllowed, BusinessProfileNotFound, EtagMismatch."""
    account = await _lock(session, who, command.account_id)
    profile = await session.get(BusinessProfile, account.id)
    if profile is None:
        earlier = await receipts.find_last(session, account.id)
        if earlier is None:
            raise BusinessProfileNotFound(account.id)
        return earlier
    etag.check(f"Account {account.id}", command.etag, account.version)
    keeper = await _keeper(session, who, account)
    erased = await _erase(session, account, profile)
    erased.append(Item("memberships of others", await _end_memberships(session, account.id, keeper)))
    version = await accounts.touch(
        session,
        account.id,
        holder_id=keeper,
        kind="CONSUMER",
        buyer_class="CONSUMER",
        groups=[],
        spending_control=False,
    )
    await search.index(session, [account.id])
    kept = [Item("personal account and its sign-in", 1, OWN), *KEPT_ELSEWHERE]
    done = [item for item in erased if item.count]
    receipt = await receipts.add(session, account.id, keeper, done, kept)
    events.profile_removed(session, account.id, receipt.id, version)
    return receipt


async def _lock(session: AsyncSession, who: Principal, account_id: UUID) -> Account:
    query = sa.select(Account).where(Account.id == account_id, callers.visible(who))
    account = await session.scalar(query.with_for_update(key_share=True))
    if account is None:
        raise AccountNotFound(account_id)
    if who.kind != "STAFF" and not await callers.is_administrator(session, who, account_id):
        raise ChangeNotAllowed("business_profile")
    return account


async def _keeper(session: AsyncSession, who: Principal, account: Account) -> UUID:
    own = callers.person_of(who)
    if own is None:
        return account.holder_id
    query = sa.select(Membership.role).where(
        Membership.account_id == account.id, Membership.person_id == account.holder_id
    )
    return account.holder_id if await session.scalar(query) == callers.ADMINISTRATOR else own


async def _erase(session: AsyncSession, account: Account, profile: BusinessProfile) -> list[Item]:
    """Everything that only a business has; also from the stored answers to commands, which are found by the ids of the
    account and of its addresses. Not by the VAT number: other accounts of the same business have it, too."""
    asked = BusinessRequest.account_id == account.id
    addresses = await session.scalars(sa.select(Address.id).where(Address.account_id == account.id))
    await idempotency.forget(session, [str(account.id), *map(str, addresses)])
    mine = sa.select(BusinessRequest.id).where(asked)
    messages = sa.delete(BusinessRequestMessage).where(BusinessRequestMessage.request_id.in_(mine))
    items = [
        Item("business profile", 1),
        Item("pay later", int(profile.pay_later_allowed)),
        Item("customer groups", len(account.groups)),
        Item("spending control", int(account.spending_control)),
        Item("messages about business requests", await _count(session, messages)),
        Item("business requests", await _count(session, sa.delete(BusinessRequest).where(asked))),
        Item("company names in addresses", await _anonymise_addresses(session, account.id)),
    ]
    await _count(session, sa.delete(BusinessProfile).where(BusinessProfile.account_id == account.id))
    return items


async def _anonymise_addresses(session: AsyncSession, account_id: UUID) -> int:
    """The places stay the person's; an address that then names nobody is the contact's."""
    statement = sa.update(Address).where(Address.account_id == account_id, Address.company != "")
    values = {"company": "", "version": Address.version + 1, "update_time": sa.func.now()}
    return await _count(session, statement.values(values))


async def _end_memberships(session: AsyncSession, account_id: UUID, keeper: UUID) -> int:
    others = sa.delete(Membership).where(Membership.account_id == account_id, Membership.person_id != keeper)
    gone = (await session.scalars(others.returning(Membership.person_id))).all()
    own = sa.update(Membership).where(Membership.account_id == account_id)
    freed = {
        "role": callers.ADMINISTRATOR,
        "spending_limit_minor": None,
        "spending_limit_currency": None,
        "version": Membership.version + 1,
    }
    await _count(session, own.values(freed))
    if gone:
        await sessions.end_membership(session, account_id, gone, "BUSINESS_PROFILE_REMOVED")
    for person_id in gone:
        member_events.member_removed(session, account_id, person_id)
    return len(gone)


async def _count(session: AsyncSession, statement: sa.Update | sa.Delete) -> int:
    done = await session.execute(statement.execution_options(synchronize_session=False))
    return int(done.rowcount)  # type: ignore[attr-defined]  # a statement that changes rows counts them
