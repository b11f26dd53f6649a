"""Writing accounts. No commit."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.accounts.models import Account


async def touch(session: AsyncSession, account_id: UUID, **values: Any) -> int:
    """Change these columns and count the change; the new version."""
    statement = (
        sa.update(Account)
        .where(Account.id == account_id)
        .values(**values, version=Account.version + 1, update_time=sa.func.now())
        .returning(Account.version)
    )
    return (await session.execute(statement)).scalar_one()
