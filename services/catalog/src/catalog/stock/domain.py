"""Warehouses, levels and movements as values, and their errors. No I/O."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from uuid import UUID

from chassis.errors import AlreadyExists, FailedPrecondition, NotFound

MAX_QUANTITY = 100_000_000


class WarehouseNotFound(NotFound):
    reason = "WAREHOUSE_NOT_FOUND"

    def __init__(self, warehouse_id: UUID) -> None:
        super().__init__(f"There is no warehouse {warehouse_id}.", warehouse_id=warehouse_id)


class WarehouseCodeTaken(AlreadyExists):
    reason = "WAREHOUSE_CODE_TAKEN"

    def __init__(self, code: str) -> None:
        super().__init__(f"There is a warehouse {code} already.", code=code)


class StockWouldBeNegative(FailedPrecondition):
    reason = "STOCK_WOULD_BE_NEGATIVE"

    def __init__(self, sku: str, on_hand: int, reserved: int, change: int) -> None:
        message = f"{sku}: {on_hand} on hand, {reserved} reserved; a change of {change} would go below that."
        super().__init__(message, sku=sku, on_hand=on_hand, reserved=reserved, change=change)


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
    create_time: datetime.datetime


@dataclass(frozen=True, slots=True)
class MoveStock:
    """`expected_date` replaces the one of the level when given."""

    variant_id: UUID | None
    sku: str
    warehouse_id: UUID
    kind: str
    quantity: int
    reason: str
    expected_date: datetime.date | None
    actor_id: str
