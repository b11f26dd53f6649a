"""What may not be changed here because a care platform keeps it."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from customers.clients.models import ClientLink

_KEPT = frozenset(("first_name", "last_name", "email", "language_code", "phone"))
# Nobody signs in for a client, and a closed one does not come back: its id may be somebody else's now.
_CLOSED = frozenset(("email", "state"))


async def kept_fields(session: AsyncSession, account_id: UUID) -> frozenset[str]:
    """Fields of the account that are the platform's; none for an account that is no client's."""
    closed = sa.select(ClientLink.close_time.is_not(None)).where(ClientLink.account_id == account_id)
    found = await session.scalar(closed)
    if found is None:
        return frozenset()
    return _CLOSED if found else _KEPT
