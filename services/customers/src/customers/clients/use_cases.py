"""What staff agree for a client, and closing clients."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.accounts import events as account_events
from customers.accounts import store as account_store
from customers.accounts.errors import AccountNotFound
from customers.accounts.models import Account
from customers.clients import events, store
from customers.clients.errors import ClientNotFound
from customers.clients.models import ClientLink
from customers.sessions import store as sessions


async def agree(session: AsyncSession, account_id: UUID, payment_methods: Sequence[str]) -> None:
    """These payment methods instead of the community's; none: the community's again. Raises AccountNotFound,
    also for an account that is not an open client's."""
    link = await store.lock(session, account_id)
    if link is None or link.close_time is not None:
        raise AccountNotFound(account_id)
    if list(payment_methods) == link.payment_methods:
        return
    link.payment_methods = list(payment_methods)
    version = await account_store.touch(session, account_id)
    account_events.account_updated(session, account_id, version, ["client_link.payment_methods"])


async def close(session: AsyncSession, platform_id: UUID, external_id: str) -> None:
    """The client left: its account is closed, and open assisted sessions for it end. Twice is once.

    Raises ClientNotFound when the platform never handed this client over."""
    account_id = await session.scalar(store.newest(platform_id, external_id))
    link = await store.lock(session, account_id) if account_id is not None else None
    if link is None:
        raise ClientNotFound(external_id)
    if link.close_time is not None:
        return
    await session.execute(
        sa.update(ClientLink)
        .where(ClientLink.account_id == link.account_id)
        .values(close_time=sa.func.now())
        .execution_options(synchronize_session=False)
    )
    version = await account_store.touch(session, link.account_id, state="CLOSED")
    holder = await session.scalar(sa.select(Account.holder_id).where(Account.id == link.account_id))
    assert holder is not None
    await sessions.end_all_of_person(session, holder, "CLIENT_CLOSED")
    account_events.account_updated(session, link.account_id, version, ["state"])
    events.client_closed(session, link)
