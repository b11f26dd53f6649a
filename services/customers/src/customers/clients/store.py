"""Finding the link of a client and locking it."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.accounts.models import Account
from customers.clients.models import ClientLink


def newest(platform_id: UUID, external_id: str) -> sa.Select[UUID]:
    """The account of the open link of this id, else of the one closed last."""
    mine = sa.and_(ClientLink.platform_id == platform_id, ClientLink.external_id == external_id)
    query = sa.select(ClientLink.account_id).where(mine)
    return query.order_by(ClientLink.close_time.desc().nulls_first()).limit(1)


async def lock(session: AsyncSession, account_id: UUID) -> ClientLink | None:
    """The account, then its link: whoever changes or erases an account comes from there, too. None without link."""
    account = sa.select(Account.id).where(Account.id == account_id)
    await session.execute(account.with_for_update(key_share=True))
    query = sa.select(ClientLink).where(ClientLink.account_id == account_id)
    locked = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return await session.scalar(locked)
