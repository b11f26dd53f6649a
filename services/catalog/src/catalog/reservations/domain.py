"""Which warehouse gives what, and what may happen to a hold. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.errors import FailedPrecondition, Unavailable

# Pieces of a variant that a warehouse may owe: nobody means more, and the database counts to 2**31.
MAX_OWED = 10**9
LAST_ATTEMPT = UUID(int=2**128 - 1)  # a release of the whole order outranks every attempt


class ReservationReleased(FailedPrecondition):
    reason = "RESERVATION_RELEASED"

    def __init__(self, order_id: UUID, attempt_id: UUID) -> None:
        message = (
            f"Attempt {attempt_id} of order {order_id}, or a later one, was released or replaced before."
        )
        super().__init__(message, order_id=order_id, attempt_id=attempt_id)


class ReservationFirm(FailedPrecondition):
    reason = "RESERVATION_FIRM"

    def __init__(self, order_id: UUID) -> None:
        super().__init__(f"Order {order_id} was placed; what it holds no longer changes.", order_id=order_id)


class ExpectedAnotherLevel(Unavailable):
    """Stock changed between reading and taking it; tried again before anybody hears of it."""

    reason = "STOCK_BUSY"

    def __init__(self) -> None:
        super().__init__("The stock of these variants changes too fast; try again.", retry_after=0.1)


@dataclass(frozen=True, slots=True)
class Take:
    """`quantity` from one warehouse; `backordered` when it may go beyond what is there."""

    variant_id: UUID
    warehouse_id: UUID
    quantity: int
    backordered: bool = False


@dataclass(frozen=True, slots=True)
class Stock:
    """Available quantities of a variant, warehouses in the order of rank."""

    policy: str
    warehouses: Sequence[UUID]
    available: Sequence[int]


@dataclass(frozen=True, slots=True)
class Wanted:
    line_id: str
    variant_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one order line took, and where; nothing for what is not stock-managed."""

    line_id: str
    variant_id: UUID
    quantity: int
    takes: tuple[tuple[UUID, int], ...]


def choose(stock: Stock, variant_id: UUID, quantity: int) -> list[Take] | None:
    """The first warehouse by rank that has enough; else split by rank; else, for back-orders, the rest from the
    first warehouse, up to MAX_OWED. None when there is a shortage."""
    if stock.policy == "UNMANAGED":
        return []
    pairs = list(zip(stock.warehouses, stock.available, strict=True))
    for warehouse_id, available in pairs:
        if available >= quantity:
            return [Take(variant_id, warehouse_id, quantity)]
    takes: list[Take] = []
    left = quantity
    for warehouse_id, available in pairs:
        if available > 0 and left > 0:
            takes.append(Take(variant_id, warehouse_id, min(available, left)))
            left -= takes[-1].quantity
    if left == 0:
        return takes
    if stock.policy != "BACKORDER" or not pairs:
        return None
    first, available = pairs[0]
    mine = sum(take.quantity for take in takes if take.warehouse_id == first)
    if mine + left - available > MAX_OWED:
        return None
    others = [take for take in takes if take.warehouse_id != first]
    return [Take(variant_id, first, mine + left, backordered=True), *others]


def summed(wanted: Iterable[Wanted]) -> dict[UUID, int]:
    """The quantity of each variant over all lines: two lines of one variant are one taking."""
    total: dict[UUID, int] = {}
    for line in wanted:
        total[line.variant_id] = total.get(line.variant_id, 0) + line.quantity
    return total


def distribute(wanted: Sequence[Wanted], takes: Mapping[UUID, Sequence[Take]]) -> list[Reservation]:
    """Gives each line its part of what was taken for its variant, in the order of the lines."""
    left = {
        variant_id: [[take.warehouse_id, take.quantity] for take in taken]
        for variant_id, taken in takes.items()
    }
    reservations = []
    for line in wanted:
        parts: list[tuple[UUID, int]] = []
        needed = line.quantity
        for source in left[line.variant_id]:
            warehouse_id, quantity = source
            part = min(int(quantity), needed)  # type: ignore[call-overload]
            if part:
                parts.append((warehouse_id, part))  # type: ignore[arg-type]
                source[1] = int(quantity) - part  # type: ignore[call-overload]
                needed -= part
        reservations.append(Reservation(line.line_id, line.variant_id, line.quantity, tuple(parts)))
    return reservations
