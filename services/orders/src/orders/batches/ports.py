"""What uploading needs of the shared order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

from orders.batches.domain import OfflineOrder, Short
from orders.domain.model import Order


class Proposals(Protocol):
    async def propose(
        self, given: OfflineOrder, order: Order, short: Mapping[UUID, Short], message: str
    ) -> None:
        """Make the draft a shared order that says what the vendor has to offer now, and send it to the customer: short
        lines (by id) with the quantity that is there, back-ordered when nothing is, to be removed when they are gone.
        May be repeated, also at the same time; once it was sent, nothing is done."""
        ...
