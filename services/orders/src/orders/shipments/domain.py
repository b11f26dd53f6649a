"""What is still to come of an order, and what may leave with a shipment. No I/O."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.errors import FailedPrecondition, FieldViolation, InvalidFields, NotFound
from orders.domain.model import Line

# Of an order, so that all of them fit in one answer.
MAX_SHIPMENTS = 100
MAX_SHIPMENT_LINES = 10_000


class ShipmentNotFound(NotFound):
    reason = "SHIPMENT_NOT_FOUND"

    def __init__(self, shipment_id: object) -> None:
        super().__init__(f"The order has no shipment {shipment_id}.", shipment_id=shipment_id)


class ShipmentDelivered(FailedPrecondition):
    """It has arrived already."""

    reason = "SHIPMENT_STATE"

    def __init__(self, shipment_id: object) -> None:
        super().__init__(f"Shipment {shipment_id} has been delivered.", shipment_id=shipment_id)


class TooManyShipments(FailedPrecondition):
    reason = "TOO_MANY_SHIPMENTS"

    def __init__(self) -> None:
        message = (
            f"An order has at most {MAX_SHIPMENTS} shipments with {MAX_SHIPMENT_LINES} lines in all; ship the rest"
            " as a whole."
        )
        super().__init__(message, max_shipments=MAX_SHIPMENTS, max_lines=MAX_SHIPMENT_LINES)


@dataclass(frozen=True, slots=True)
class ShippedLine:
    line_id: UUID
    quantity: int
    sku: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Consignment:
    """How it travels. `weight_grams` 0: as the lines weigh."""

    carrier: str = ""
    tracking_number: str = ""
    tracking_address: str = ""
    weight_grams: int = 0


@dataclass(frozen=True, slots=True)
class Shipment:
    """`position` is 1-based within the order, `version` its own."""

    id: UUID
    order_id: UUID
    position: int
    version: int
    consignment: Consignment
    lines: tuple[ShippedLine, ...]
    ship_time: datetime.datetime
    deliver_time: datetime.datetime | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a line misses still, as catalog told."""

    missing: int
    expected_date: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A placed line and what of it has left."""

    line: Line
    shipped: int
    waiting: Waiting

    @property
    def open(self) -> int:
        return self.line.quantity - self.shipped

    @property
    def backorder(self) -> int:
        """Of what is open, without stock."""
        return min(self.open, self.waiting.missing)

    @property
    def ready(self) -> int:
        return self.open - self.backorder


@dataclass(frozen=True, slots=True)
class Leaving:
    """Pieces of a line."""

    line: Line
    quantity: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """As asked for: the line may not exist."""

    line_id: UUID
    quantity: int


_NOTHING = Waiting(0)


def open_lines(
    lines: Iterable[Line], shipped: Mapping[UUID, int], waiting: Mapping[UUID, Waiting]
) -> list[OpenLine]:
    return [OpenLine(line, shipped.get(line.id, 0), waiting.get(line.id, _NOTHING)) for line in lines]


def everything(lines: Iterable[OpenLine]) -> list[Leaving]:
    """All that is open, whether it was counted or not."""
    return [Leaving(each.line, each.open) for each in lines if each.open > 0]


def choose(lines: Iterable[OpenLine], wanted: Sequence[Wanted]) -> list[Leaving]:
    """What leaves: these quantities, or all that is open and has stock when none are named.

    Raises InvalidFields with everything that is wrong.
    """
    known = {each.line.id: each for each in lines}
    if not wanted:
        ready = [Leaving(each.line, each.ready) for each in known.values() if each.ready > 0]
        if not ready:
            text = "nothing of the order is open and has stock"
            raise InvalidFields([FieldViolation("lines", text, "NOTHING_TO_SHIP")])
        return ready
    found = [_finding(index, each, known.get(each.line_id)) for index, each in enumerate(wanted)]
    seen: set[UUID] = set()
    for index, each in enumerate(wanted):
        if each.line_id in seen:
            text = "the line is named twice"
            found.append(FieldViolation(f"lines[{index}].line_id", text, "DUPLICATE"))
        seen.add(each.line_id)
    wrong = [each for each in found if each is not None]
    if wrong:
        raise InvalidFields(wrong)
    return [Leaving(known[each.line_id].line, each.quantity) for each in wanted]


def _finding(index: int, wanted: Wanted, line: OpenLine | None) -> FieldViolation | None:
    if line is None:
        return FieldViolation(f"lines[{index}].line_id", "the order has no such line", "UNKNOWN_LINE")
    field = f"lines[{index}].quantity"
    if wanted.quantity > line.open:
        return FieldViolation(
            field, f"only {line.open} of {line.line.quantity} are open", "QUANTITY_NOT_OPEN"
        )
    if wanted.quantity > line.ready:
        text = f"only {line.ready} have stock; {line.backorder} are on back-order"
        return FieldViolation(field, text, "ON_BACKORDER")
    return None


def is_complete(lines: Iterable[OpenLine], leaving: Iterable[Leaving]) -> bool:
    """Nothing is open any more once these have left."""
    gone = {each.line.id: each.quantity for each in leaving}
    return all(each.open <= gone.get(each.line.id, 0) for each in lines)


def weight_of(leaving: Iterable[Leaving]) -> int:
    """Grams, as the lines weigh."""
    return sum(each.line.weight_grams * each.quantity for each in leaving)


def check_room(shipments: Sequence[Shipment], leaving: Sequence[Leaving]) -> None:
    """Raises TooManyShipments."""
    lines = sum(len(each.lines) for each in shipments) + len(leaving)
    if len(shipments) >= MAX_SHIPMENTS or lines > MAX_SHIPMENT_LINES:
        raise TooManyShipments
