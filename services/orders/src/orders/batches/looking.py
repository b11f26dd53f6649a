"""What no longer is as it was when the order was taken, named by the lines of the upload."""

from __future__ import annotations

import re
from collections.abc import Sequence
from uuid import UUID

from chassis.errors import FieldViolation
from orders.batches import wire
from orders.batches.domain import OfflineOrder, Pairing, Short, price_finding, shortages
from orders.domain.model import Order
from orders.infrastructure import Infrastructure
from orders.placing import holds
from orders.ports import WantedLine

_LINE = re.compile(r"lines\[([0-9]+)\](.*)")
_GONE = frozenset(("VARIANT_DISCONTINUED", "VARIANT_NOT_FOUND"))


def moved(given: OfflineOrder, pairing: Pairing) -> list[FieldViolation]:
    """Prices that are not those that were shown to the customer."""
    found = []
    for index, line in pairing.lines:
        shown = given.lines[index].shown
        now = wire.price_now(line.quote)
        if shown is not None and not shown.is_now(now, line.quote.currency):
            found.append(price_finding(index, line.quote.sku, shown, now, line.quote.currency))
    return found


async def missing(
    infra: Infrastructure, given: OfflineOrder, order: Order, pairing: Pairing
) -> list[FieldViolation]:
    """Lines that the order does not have, and why catalog refuses them now."""
    if not pairing.missing:
        return []
    lines = [given.lines[index].fields for index in pairing.missing]
    wanted = [
        WantedLine(str(index), line.quantity, line.variant_id, line.sku)
        for index, line in zip(pairing.missing, lines, strict=True)
    ]
    found = []
    quoted = await infra.ports.catalog.quote(order.pricing, wanted, order.header.language)
    for index, line, answer in zip(pairing.missing, lines, quoted, strict=True):
        why = answer.refusal
        reason, text = (
            (why.reason, why.description) if why is not None else ("NOT_ENTERED", "It can be had again.")
        )
        article = line.sku or str(line.variant_id)
        description = f"{line.quantity} x {article}: {text} The line is kept in the order's note."
        found.append(FieldViolation(f"lines[{index}].line", description, reason))
    return found


def translated(violations: Sequence[FieldViolation], pairing: Pairing) -> list[FieldViolation]:
    """Findings of placing. That a price is not the draft's says nothing: `moved` compares what the customer saw."""
    found = []
    for each in violations:
        if each.reason == "PRICE_CHANGED":
            continue
        match = _LINE.fullmatch(each.field)
        field = each.field if match is None else _uploaded(int(match[1]), match[2], pairing)
        found.append(FieldViolation(field, each.description, each.reason))
    return found


def _uploaded(index: int, part: str, pairing: Pairing) -> str:
    """Of the line at this index of the order."""
    return f"lines[{pairing.lines[index][0]}].line{part}"


async def offers(
    infra: Infrastructure, order: Order, pairing: Pairing
) -> tuple[dict[UUID, Short], list[FieldViolation]]:
    """What the vendor has to offer instead, by line id, and what that says of the lines as uploaded."""
    quoted = await infra.ports.catalog.quote(order.pricing, holds.wanted(order), order.header.language)
    refused = [
        (place, line, answer.refusal)
        for place, (line, answer) in enumerate(zip(order.lines, quoted, strict=True))
        if answer.refusal is not None
    ]
    available = [
        (line, wire.available(answer.quote) if answer.quote is not None else 0)
        for line, answer in zip(order.lines, quoted, strict=True)
    ]
    short = {line.id for _, line, refusal in refused if refusal.reason == "STOCK_SHORTAGE"}
    found = shortages(available, short)
    found |= {line.id: Short(0, gone=True) for _, line, refusal in refused if refusal.reason in _GONE}
    told = [
        FieldViolation(
            _uploaded(place, ".quantity" if refusal.reason == "STOCK_SHORTAGE" else "", pairing),
            f"{line.quantity} x {line.quote.sku}: {refusal.description}",
            refusal.reason,
        )
        for place, line, refusal in refused
    ]
    return found, told


def changed_since() -> FieldViolation:
    text = "The draft has other lines than the upload: somebody works on it. Place it by hand."
    return FieldViolation("lines", text, "ORDER_CHANGED")


def state_of(order: Order) -> FieldViolation:
    return FieldViolation("order_id", f"The order is {order.state}.", "ORDER_STATE")


def message(reasons: Sequence[FieldViolation]) -> str:
    """To the customer, with the proposal; at most 2 000 characters."""
    text = "\n".join(each.description for each in reasons)
    return text if len(text) <= 2000 else text[:1999] + "…"
