"""Warehouses, levels and movements as values, and their errors. No I/O."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.errors import AlreadyExists, FailedPrecondition, FieldViolation, NotFound

MAX_QUANTITY = 100_000_000


class WarehouseNotFound(NotFound):
    reason = "WAREHOUSE_NOT_FOUND"

    def __init__(self, warehouse_id: UUID) -> None:
        super().__init__(f"There is no warehouse {warehouse_id}.", warehouse_id=warehouse_id)


class WarehouseCodeTaken(AlreadyExists):
    reason = "WAREHOUSE_CODE_TAKEN"

    def __init__(self, code: str) -> None:
        super().__init__(f"There is a warehouse {code} already.", code=code)


@dataclass(frozen=True, slots=True)
class Named:
    """A variant as a request names it: by id, else by SKU; `field` is where."""

    variant_id: UUID | None
    sku: str
    field: str

    @property
    def key(self) -> UUID | str:
        return self.variant_id or self.sku


@dataclass(frozen=True, slots=True)
class Short:
    """A change that would take what is reserved or not there; `field` says where it was asked for, if it matters."""

    field: str
    sku: str
    on_hand: int
    reserved: int
    change: int

    def __str__(self) -> str:
        left = f"{self.on_hand} on hand, {self.reserved} reserved"
        return f"{self.sku}: {left}; a change of {self.change} would go below that."


class StockWouldBeNegative(FailedPrecondition):
    reason = "STOCK_WOULD_BE_NEGATIVE"

    def __init__(self, short: Sequence[Short]) -> None:
        """Metadata is that of the first; every one with a field is a violation."""
        first = short[0]
        violations = [FieldViolation(one.field, str(one), self.reason) for one in short if one.field]
        super().__init__(
            str(first),
            violations=violations,
            sku=first.sku,
            on_hand=first.on_hand,
            reserved=first.reserved,
            change=first.change,
        )


class StockTooLarge(FailedPrecondition):
    reason = "STOCK_TOO_LARGE"

    def __init__(self, sku: str) -> None:
        super().__init__(f"{sku}: more than {MAX_QUANTITY} pieces cannot be counted.", sku=sku)


@dataclass(frozen=True, slots=True)
class Warehouse:
    id: UUID
    code: str
    display_name: str
    region_code: str


@dataclass(frozen=True, slots=True)
class Level:
    """`available` may be negative: that much is owed to back-orders."""

    variant_id: UUID
    sku: str
    warehouse_id: UUID
    on_hand: int
    reserved: int
    expected_date: datetime.date | None

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved


@dataclass(frozen=True, slots=True)
class Movement:
    id: UUID
    variant_id: UUID
    warehouse_id: UUID
    kind: str
    quantity: int
    reason: str
    order_id: UUID | None
    actor_id: str
    transfer_id: UUID | None
    create_time: datetime.datetime


@dataclass(frozen=True, slots=True)
class Change:
    """Of one level; `field` as in Short."""

    variant_id: UUID
    warehouse_id: UUID
    kind: str
    quantity: int
    reason: str
    transfer_id: UUID | None = None
    expected_date: datetime.date | None = None
    field: str = ""

    @property
    def place(self) -> tuple[UUID, UUID]:
        return self.variant_id, self.warehouse_id


@dataclass(frozen=True, slots=True)
class MoveStock:
    """`expected_date` replaces the one of the level when given."""

    variant: Named
    warehouse_id: UUID
    kind: str
    quantity: int
    reason: str
    expected_date: datetime.date | None
    actor_id: str


@dataclass(frozen=True, slots=True)
class TransferStock:
    variant: Named
    from_warehouse_id: UUID
    to_warehouse_id: UUID
    quantity: int
    reason: str
    actor_id: str


@dataclass(frozen=True, slots=True)
class Count:
    variant: Named
    quantity: int


@dataclass(frozen=True, slots=True)
class CountStock:
    """All variants of `counts` in one warehouse."""

    warehouse_id: UUID
    reason: str
    counts: Sequence[Count]
    actor_id: str


@dataclass(frozen=True, slots=True)
class Backorder:
    """What a placed order line still waits for in one warehouse."""

    order_id: UUID
    line_id: str
    variant_id: UUID
    sku: str
    warehouse_id: UUID
    missing: int
    expected_date: datetime.date | None
    place_time: datetime.datetime
