"""What a feed asks of others about its reader; all with the reader's own token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ReaderFacts:
    """`role` is that of the membership now, empty for others; `community_id` vouches for a care worker."""

    role: str
    community_id: UUID | None


class Access(Protocol):
    async def find_facts(self, account_id: UUID) -> ReaderFacts | None:
        """None when the reader may not see the account any more. Raises ServiceError."""
        ...

    async def may_see_order(self, order_id: UUID) -> bool:
        """Raises ServiceError."""
        ...
