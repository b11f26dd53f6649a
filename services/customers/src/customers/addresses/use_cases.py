"""Adding, replacing and deleting addresses of an account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import etag
from chassis.context import Principal
from chassis.ids import new_id
from customers import callers
from customers.accounts import events, search, store
from customers.accounts.errors import AccountErased, AccountNotFound, ChangeNotAllowed
from customers.accounts.models import Account
from customers.addresses.errors import MAX_ADDRESSES, AddressNotFound, TooManyAddresses
from customers.addresses.models import Address
from customers.addresses.postal import Postal
from customers.addresses.queries import COLUMNS, AddressView, view


@dataclass(frozen=True, slots=True)
class AddressInput:
    """A checked address, ready to be stored."""

    label: str
    recipient: str
    company: str
    postal: Postal
    phone: str
    default_billing: bool
    default_delivery: bool


async def create_address(
    session: AsyncSession, who: Principal, account_id: UUID, new: AddressInput
) -> AddressView:
    """The first address of an account becomes both defaults; a new default replaces the old one.

    Raises AccountNotFound, ChangeNotAllowed, TooManyAddresses."""
    await _lock_account(session, who, account_id)
    count = await session.scalar(sa.select(sa.func.count()).where(Address.account_id == account_id))
    if (count or 0) >= MAX_ADDRESSES:
        raise TooManyAddresses
    created = await add(session, account_id, new, first=not count)
    await _changed(session, account_id)
    return created


async def add(session: AsyncSession, account_id: UUID, new: AddressInput, *, first: bool) -> AddressView:
    """The account is locked or new. Without event: its caller reports what it did as a whole."""
    values = _values(new)
    if first:
        values |= {"default_billing": True, "default_delivery": True}
    await _release_defaults(session, account_id, values)
    row = {"id": new_id(), "account_id": account_id, **values}
    return view((await session.execute(sa.insert(Address).values(row).returning(*COLUMNS))).one())


async def put(
    session: AsyncSession, account_id: UUID, address_id: UUID | None, new: AddressInput
) -> tuple[UUID, bool]:
    """Bring one address of a locked account up to date, or add it when it is gone; its id, and whether anything
    changed. Its label and what it is the default for stay. Without event, like `add`."""
    query = sa.select(*COLUMNS).where(Address.id == address_id, Address.account_id == account_id)
    row = (await session.execute(query)).first()
    if row is None:
        others = await session.scalar(sa.select(sa.func.count()).where(Address.account_id == account_id))
        return (await add(session, account_id, new, first=not others)).id, True
    kept = ("label", "default_billing", "default_delivery")
    values = {name: value for name, value in _values(new).items() if name not in kept}
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    if changed:
        statement = sa.update(Address).where(Address.id == row.id)
        await session.execute(
            statement.values(**changed, version=Address.version + 1, update_time=sa.func.now())
        )
    return row.id, bool(changed)


async def replace_address(
    session: AsyncSession,
    who: Principal,
    account_id: UUID,
    address_id: UUID,
    sent_etag: str,
    new: AddressInput,
) -> AddressView:
    """Raises AccountNotFound, ChangeNotAllowed, AddressNotFound, EtagMismatch."""
    await _lock_account(session, who, account_id)
    await _check(session, account_id, address_id, sent_etag)
    values = _values(new)
    await _release_defaults(session, account_id, values, but=address_id)
    statement = (
        sa.update(Address)
        .where(Address.id == address_id)
        .values(**values, version=Address.version + 1, update_time=sa.func.now())
        .returning(*COLUMNS)
    )
    replaced = view((await session.execute(statement)).one())
    await _changed(session, account_id)
    return replaced


async def delete_address(
    session: AsyncSession, who: Principal, account_id: UUID, address_id: UUID, sent_etag: str
) -> None:
    """Orders keep their own copy. No other address becomes a default in its place: that would be a guess.

    Raises AccountNotFound, ChangeNotAllowed, AddressNotFound, EtagMismatch."""
    await _lock_account(session, who, account_id)
    await _check(session, account_id, address_id, sent_etag)
    await session.execute(sa.delete(Address).where(Address.id == address_id))
    await _changed(session, account_id)


def _values(new: AddressInput) -> dict[str, Any]:
    return {
        "label": new.label,
        "recipient": new.recipient,
        "company": new.company,
        "street_lines": list(new.postal.street_lines),
        "postal_code": new.postal.postal_code,
        "city": new.postal.city,
        "administrative_area": new.postal.administrative_area,
        "region_code": new.postal.region_code,
        "phone": new.phone,
        "default_billing": new.default_billing,
        "default_delivery": new.default_delivery,
    }


async def _lock_account(session: AsyncSession, who: Principal, account_id: UUID) -> None:
    """One change of an account's addresses at a time. Staff, the account's administrators and a rep in an
    ordering session may change them; a rep outside of one, and a mere user, only read them."""
    query = sa.select(Account.erase_time).where(Account.id == account_id, callers.visible(who))
    account = (await session.execute(query.with_for_update(key_share=True))).first()
    if account is None:
        raise AccountNotFound(account_id)
    if account.erase_time is not None:
        raise AccountErased(account_id)
    if not await callers.may_change_addresses(session, who, account_id):
        raise ChangeNotAllowed("addresses")


async def _check(session: AsyncSession, account_id: UUID, address_id: UUID, sent_etag: str) -> None:
    query = sa.select(Address.version).where(Address.id == address_id, Address.account_id == account_id)
    version = await session.scalar(query)
    if version is None:
        raise AddressNotFound(address_id)
    etag.check(f"Address {address_id}", sent_etag, version)


async def _release_defaults(
    session: AsyncSession, account_id: UUID, values: dict[str, Any], but: UUID | None = None
) -> None:
    """Take a default away from the address that has it, before another one gets it."""
    for name in ("default_billing", "default_delivery"):
        if values[name]:
            column = getattr(Address, name)
            others = [Address.account_id == account_id, column]
            if but is not None:
                others.append(Address.id != but)
            await session.execute(
                sa.update(Address).where(*others).values({name: False, "version": Address.version + 1})
            )


async def _changed(session: AsyncSession, account_id: UUID) -> None:
    await search.index(session, [account_id])
    version = await store.touch(session, account_id)
    events.account_updated(session, account_id, version, ["addresses"])
