"""What orders needs of other services. Every call may raise chassis.errors.Unavailable or DeadlineExceeded."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from chassis.errors import FieldViolation
from chassis.money import Money
from orders.domain.model import Address, Contact, PricingCustomer, Quote
from orders.domain.parties import Assistance, Party


@dataclass(frozen=True, slots=True)
class SpendingControl:
    """`limit`: up to which total, tax included, a user is free to place; None: every order waits."""

    limit: Money | None = None


@dataclass(frozen=True, slots=True)
class OrderingContext:
    """What customers knows about an account that the caller may order for. `role`: of a person, in this account, now.

    In an assisted session: `residence` is billed monthly, `payment_methods` are all that may be used.
    """

    account_id: UUID
    display_name: str
    language: str
    region_code: str
    groups: tuple[str, ...]
    buyer_class: str
    business: bool
    vat_number: str
    pay_later_allowed: bool
    billing: Address
    delivery: Address
    contact: Contact
    actor: Party
    rep_code: str = ""
    role: str = ""
    assistance: Assistance | None = None
    community_name: str = ""
    residence: Party | None = None
    residence_email: str = ""
    payment_methods: tuple[str, ...] = ()
    spending_control: SpendingControl | None = None


@dataclass(frozen=True, slots=True)
class Authorization:
    """`context` is None when customers refused; then `findings` say why."""

    context: OrderingContext | None
    payment_methods: tuple[str, ...] = ()
    findings: tuple[FieldViolation, ...] = ()


@dataclass(frozen=True, slots=True)
class PlatformAccess:
    """What a care platform may read statistics of."""

    communities: frozenset[UUID]
    product_detail: bool


class Customers(Protocol):
    async def ordering_context(self, account_id: UUID) -> OrderingContext:
        """Raises AccountNotFound when the caller may not order for the account (any more)."""
        ...

    async def authorize(self, order_id: UUID, account_id: UUID, payment_method: str) -> Authorization:
        """The last word before placing. Raises AccountNotFound."""
        ...

    async def visible_accounts(self) -> list[UUID] | None:
        """The accounts the caller may see; None for all."""
        ...

    async def platform_access(self) -> PlatformAccess:
        """Of the calling care platform; nothing when it is no longer trusted."""
        ...

    async def is_representative(self, representative_id: UUID) -> bool:
        """One that the caller may read about: a rep itself, staff anybody."""
        ...


@dataclass(frozen=True, slots=True)
class WantedLine:
    """`line_id` names the line in answers; either variant_id or sku.

    `negotiated`: agreed per unit after discount, up to four decimals, in `currency`, with or without tax as he
    is quoted; catalog applies no list or grid to it, and refuses one below the legal floor.
    """

    line_id: str
    quantity: int
    variant_id: UUID | None = None
    sku: str = ""
    negotiated: Decimal | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class CodeMatch:
    """A variant that a code may mean."""

    variant_id: UUID
    sku: str
    description: str
    discontinued: bool = False


@dataclass(frozen=True, slots=True)
class ResolvedCode:
    """More than one match: the code is ambiguous. `read_as`: what it was taken for, when that is not what was given."""

    matches: tuple[CodeMatch, ...] = ()
    read_as: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    reason: str
    description: str


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """A price, a refusal, or both (a shortage has a price)."""

    line_id: str
    quote: Quote | None
    refusal: Refusal | None = None


class Catalog(Protocol):
    async def resolve(self, codes: Sequence[str], language: str) -> list[ResolvedCode]:
        """What each code may mean, in their order; 1 to 100 characters each."""
        ...

    async def quote(
        self, customer: PricingCustomer, lines: Sequence[WantedLine], language: str
    ) -> list[QuotedLine]:
        """Prices as of now, in the order of `lines`."""
        ...

    async def reserve(
        self,
        order_id: UUID,
        attempt_id: UUID,
        customer: PricingCustomer,
        lines: Sequence[WantedLine],
        language: str,
        *,
        amends: bool = False,
    ) -> tuple[list[QuotedLine], bool]:
        """Prices as of now, and whether all lines are held. `amends`: of a placed order, what goes beyond what it
        has."""
        ...

    async def release(self, order_id: UUID, attempt_id: UUID, *, amends: bool = False) -> None: ...


@dataclass(frozen=True, slots=True)
class BudgetNeed:
    """What one line takes of a budget; `line` is its index in the order."""

    line: int
    line_id: UUID
    budget_code: str
    amount: Money


class Library(Protocol):
    async def hold(
        self,
        order_id: UUID,
        attempt_id: UUID,
        account_id: UUID,
        as_of: datetime.date,
        needs: Sequence[BudgetNeed],
        *,
        amends: bool = False,
    ) -> tuple[FieldViolation, ...]:
        """All or nothing; the findings, named by line, when nothing is held. `amends` as for stock."""
        ...

    async def check(
        self, account_id: UUID, as_of: datetime.date, needs: Sequence[BudgetNeed]
    ) -> tuple[FieldViolation, ...]:
        """The same findings without holding anything."""
        ...

    async def release(self, order_id: UUID, attempt_id: UUID, *, amends: bool = False) -> None: ...


@dataclass(frozen=True, slots=True)
class Ports:
    customers: Customers
    catalog: Catalog
    library: Library
