"""What library needs from others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


class Customers(Protocol):
    async def may_order_for(self, account_id: UUID) -> bool:
        """Whether the account exists and the caller of the current request may see and order for it."""
        ...


@dataclass(frozen=True, slots=True)
class Placement:
    """`state` as orders names it: UNKNOWN, NOT_PLACED, IN_PROGRESS, PLACED, CANCELLED."""

    state: str
    attempt_id: UUID | None = None


class Orders(Protocol):
    async def get_placements(self, order_ids: Sequence[UUID]) -> Mapping[UUID, Placement]:
        """Raises ServiceError while orders cannot answer."""
        ...
