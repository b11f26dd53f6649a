"""Which orders of an account wait for approval."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

_WAITING = sa.text("""
    SELECT id FROM orders WHERE account_id = :account_id AND state = 'PENDING_APPROVAL'
        AND (CAST(:requester AS text) IS NULL OR approval #>> '{requested_by,1}' = CAST(:requester AS text))
    ORDER BY id""")


async def waiting(connection: AsyncConnection, account_id: UUID, requester: str | None = None) -> list[UUID]:
    """Of one who asked, or of all of them."""
    found = await connection.execute(_WAITING, {"account_id": account_id, "requester": requester})
    return list(found.scalars())
