"""An order as it was taken: what still holds of it now, and what became of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from chassis import money
from chassis.errors import FieldViolation
from orders.domain.model import Line, Order
from orders.domain.states import State
from orders.placing.domain import Accepted
from orders.sheets.domain import KEEPS_OUT, HeaderChange, LineFields

MAX_ORDERS = 500
NOTE_LENGTH = 2000
# Where these stand against an order, price or availability moved since it was taken: both sides have to agree anew.
MOVED = KEEPS_OUT | {"PRICE_CHANGED", "STOCK_SHORTAGE"}
_NOT_ENTERED = {
    "en": "Could not be entered",
    "fr": "N'a pas pu être saisi",
    "it": "Non è stato possibile inserire",
    "nl": "Kon niet worden ingevoerd",
}


class Outcome(StrEnum):
    PLACED = "PLACED"
    ALREADY_PLACED = "ALREADY_PLACED"
    NEEDS_ATTENTION = "NEEDS_ATTENTION"
    REFUSED = "REFUSED"
    TRY_AGAIN = "TRY_AGAIN"


@dataclass(frozen=True, slots=True)
class ShownPrice:
    """Per unit after discount, with or without tax as the customer is quoted."""

    amount: Decimal
    currency: str

    def is_now(self, amount: Decimal, currency: str) -> bool:
        """Exactly, or as it is shown to people in the decimals of its currency."""
        places = money.exponent(currency)
        shown = Decimal(money.round_half_up(amount, places)).scaleb(-places)
        return currency == self.currency and self.amount in (amount, shown)


@dataclass(frozen=True, slots=True)
class OfflineLine:
    fields: LineFields
    shown: ShownPrice | None = None


@dataclass(frozen=True, slots=True)
class OfflineOrder:
    """`fingerprint`: SHA-256 of everything that was sent, to know a repeat by."""

    order_id: UUID
    account_id: UUID
    lines: tuple[OfflineLine, ...]
    header: HeaderChange
    accepted: Accepted
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """`order_id` as it was given. `shared`: it became a shared order proposal."""

    order_id: str
    outcome: Outcome
    number: str = ""
    state: State | None = None
    reasons: Sequence[FieldViolation] = ()
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Pairing:
    """`lines`: each line of the order with its index in the upload. `missing`: those that no order line could be made
    of. `changed`: the order has lines that were never uploaded: somebody worked on it since."""

    lines: tuple[tuple[int, Line], ...]
    missing: tuple[int, ...]
    changed: bool


def pair(given: Sequence[OfflineLine], order: Order) -> Pairing:
    """Lines are made in the order given."""
    waiting = list(order.lines)
    lines: list[tuple[int, Line]] = []
    missing: list[int] = []
    for index, each in enumerate(given):
        if waiting and _same(each.fields, waiting[0]):
            lines.append((index, waiting.pop(0)))
        else:
            missing.append(index)
    return Pairing(tuple(lines), tuple(missing), bool(waiting))


def _same(fields: LineFields, line: Line) -> bool:
    if fields.quantity != line.quantity:
        return False
    if fields.variant_id is not None:
        return fields.variant_id == line.quote.variant_id
    return fields.sku.casefold() == line.quote.sku.casefold()


def price_finding(index: int, sku: str, shown: ShownPrice, amount: Decimal, currency: str) -> FieldViolation:
    text = (
        f"{sku}: the price was {shown.amount.normalize():f} {shown.currency} when the order was taken and is"
        f" {amount.normalize():f} {currency} now."
    )
    return FieldViolation(f"lines[{index}].shown_unit_price", text, "PRICE_CHANGED")


@dataclass(frozen=True, slots=True)
class Short:
    """What of a line is there: 0, or less than it wants. `gone`: it is not sold any more."""

    available: int
    gone: bool = False


def shortages(lines: Sequence[tuple[Line, int]], refused: set[UUID]) -> dict[UUID, Short]:
    """By line id. Of each line what is available of its variant, which several lines share in their order; `refused`
    are the lines that catalog calls short."""
    left: dict[UUID, int] = {}
    found: dict[UUID, Short] = {}
    for line, available in lines:
        variant = line.quote.variant_id
        rest = left.setdefault(variant, max(0, available))
        left[variant] = max(0, rest - line.quantity)
        if line.id in refused and rest < line.quantity:
            found[line.id] = Short(rest)
    return found


@dataclass(slots=True)
class Note:
    """The note of the order with the lines that it could not have: nothing that was typed is lost."""

    text: str
    language: str
    entries: list[str] = field(default_factory=list)

    def add(self, fields: LineFields, why: str) -> None:
        details = {
            "ref": fields.line_reference,
            "cost centre": fields.cost_centre,
            "date": fields.requested_delivery_date.isoformat() if fields.requested_delivery_date else "",
            "budget": fields.budget_code,
            "note": fields.note,
        }
        told = "; ".join(f"{name}: {value}" for name, value in details.items() if value)
        heading = _NOT_ENTERED.get(self.language, _NOT_ENTERED["en"])
        article = fields.sku or str(fields.variant_id)
        self.entries.append(f"{heading}: {fields.quantity} x {article}{f' ({told})' if told else ''}. {why}")

    def whole(self) -> str | None:
        """None when it is longer than a note may be."""
        text = "\n".join([*([self.text] if self.text else ()), *self.entries])
        return text if len(text) <= NOTE_LENGTH else None


def indexed(violations: Sequence[FieldViolation]) -> Mapping[int, FieldViolation] | None:
    """By index of the line, when these keep single lines out and nothing else is wrong; else None."""
    found: dict[int, FieldViolation] = {}
    for each in violations:
        number = each.field.removeprefix("lines[").removesuffix("]")
        if not number.isdecimal() or each.reason not in MOVED:
            return None
        found[int(number)] = each
    return found or None
