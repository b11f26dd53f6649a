"""What payments need of a payment provider. No call is made inside of a transaction."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from chassis.money import Money
from orders.payments.domain import Payment, RefundState


class ProviderAway(Exception):
    """No usable answer: the call may or may not have taken effect, and can be repeated."""


class ProviderRefused(Exception):
    """It will never be accepted as it is. `field` as the provider names it; nothing of its text is passed on."""

    def __init__(self, status: int, field: str = "") -> None:
        super().__init__(f"refused with {status} ({field or 'no field'})")
        self.status = status
        self.field = field


@dataclass(frozen=True, slots=True)
class WantedPayment:
    """`id` makes repeats harmless. `description` is what the customer's statement shows; no personal data."""

    id: UUID
    amount: Money
    description: str
    return_address: str
    locale: str


@dataclass(frozen=True, slots=True)
class RefundFact:
    """`refund_id` is ours, when we asked for it; a refund that was made at the provider itself has none."""

    provider_id: str
    state: RefundState
    amount: Money
    refund_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class PaymentFact:
    """A payment as the provider sees it now."""

    provider_id: str
    state: Payment
    amount: Money
    checkout_address: str = ""
    expire_time: datetime.datetime | None = None
    cancellable: bool = False
    refunds: tuple[RefundFact, ...] = ()


class PaymentProvider(Protocol):
    """Every call may raise ProviderAway and ProviderRefused."""

    @property
    def name(self) -> str: ...

    async def create(self, wanted: WantedPayment) -> PaymentFact:
        """The same payment however often it is asked for with the same id."""
        ...

    async def get(self, provider_id: str) -> PaymentFact:
        """With its refunds."""
        ...

    async def cancel(self, provider_id: str) -> None:
        """Does nothing to a payment that cannot be cancelled any more."""
        ...

    async def refund(self, provider_id: str, refund_id: UUID, amount: Money, description: str) -> RefundFact:
        """The same refund however often it is asked for with the same id."""
        ...
