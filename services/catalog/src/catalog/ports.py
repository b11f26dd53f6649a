"""What catalog needs from other services."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from catalog.pricing.quote import Customer


@dataclass(frozen=True, slots=True)
class Placement:
    """`state`: UNKNOWN, NOT_PLACED, IN_PROGRESS, PLACED or CANCELLED."""

    order_id: UUID
    state: str
    attempt_id: UUID | None


class Customers(Protocol):
    async def ordering_context(self, account_id: UUID) -> Customer:
        """Facts about an account, for the caller of the current request. Raises ServiceError when the caller
        may not order for it."""
        ...


class Orders(Protocol):
    async def placements(self, order_ids: Sequence[UUID]) -> Sequence[Placement]:
        """Raises ServiceError when orders cannot answer."""
        ...
