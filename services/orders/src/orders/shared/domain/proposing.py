"""Proposing: changes of lines and of the header, new lines, and the customer's own references; all or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.errors import FieldViolation, Violations
from orders.domain.model import MAX_LINES, Contact
from orders.shared.domain.errors import FieldChanged
from orders.shared.domain.items import Item, LineItem, Touch
from orders.shared.domain.moving import basis_of, follow_destination, leave, line_text, move, priced
from orders.shared.domain.prices import Prices
from orders.shared.domain.sheet import Command, Sheet
from orders.shared.domain.terms import MARK, PRICE, REMOVED, VARIANT, LineTerms, Mark, PriceNeed, Side


@dataclass(frozen=True, slots=True)
class LineWish:
    """`path`: of the request, for refusals. `values`: quantity, delivery_date, mark, removed. `price`: negotiated;
    `list_price`: back to the lists. `id` of a new line is made by the caller, so that trying twice makes one line."""

    path: str
    id: UUID
    new: bool = False
    article: UUID | str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    price: Decimal | None = None
    list_price: bool = False
    references: Mapping[str, Any] = field(default_factory=dict)

    def names(self) -> list[str]:
        """The fields it names."""
        found = [*self.values, *self.references]
        if self.article is not None:
            found.append(VARIANT)
        return [*found, PRICE] if self.price is not None or self.list_price else found


@dataclass(frozen=True, slots=True)
class HeaderWish:
    values: Mapping[str, Any] = field(default_factory=dict)
    references: Mapping[str, Any] = field(default_factory=dict)


def propose(
    sheet: Sheet, command: Command, lines: Sequence[LineWish], header: HeaderWish, prices: Prices
) -> None:
    """Raises InvalidFields, FieldChanged, MissingPrices; then the sheet is half changed and must be dropped."""
    _check(sheet, command, lines)
    _check_untouched(sheet, command, lines, header)
    before = sheet.header.current
    if header.values:
        move(sheet, command, sheet.header, replace(sheet.header.current, **header.values), prices)
    _refer(sheet, command, sheet.header, header.references, "header_changed")
    for wish in lines:
        if wish.new:
            _add(sheet, command, wish, prices)
        else:
            _change(sheet, command, wish, sheet.lines[wish.id], prices)
    follow_destination(sheet, command, before, prices)
    prices.check()


def _check(sheet: Sheet, command: Command, lines: Sequence[LineWish]) -> None:
    found = Violations()
    if len(sheet.lines) + sum(wish.new for wish in lines) > MAX_LINES:
        found.add("lines", f"an order has at most {MAX_LINES} lines", "TOO_MANY")
    seen: set[UUID] = set()
    for wish in lines:
        if wish.id in seen:
            found.add(f"{wish.path}.line_id", "is named twice", "REPEATED")
        seen.add(wish.id)
        if not wish.new and wish.id not in sheet.lines:
            found.add(f"{wish.path}.line_id", "is not on the sheet", "ORDER_LINE_NOT_FOUND")
            continue
        if MARK in wish.values and command.side is not Side.VENDOR:
            found.add(f"{wish.path}.mark", "is for the vendor's side", "NOT_ALLOWED")
        if wish.values.get(MARK) is Mark.SUBSTITUTED and not _substituted(sheet, wish):
            found.add(f"{wish.path}.variant_id", "names the substitute", "REQUIRED")
    found.raise_if_any()


def _substituted(sheet: Sheet, wish: LineWish) -> bool:
    if wish.new or wish.article is not None:
        return True
    item = sheet.lines[wish.id]
    return item.current.quote.variant_id != item.base.quote.variant_id


def _check_untouched(sheet: Sheet, command: Command, lines: Sequence[LineWish], header: HeaderWish) -> None:
    """Two people who change different fields both succeed; of the same field the later one is told."""
    found: list[FieldViolation] = []
    asked: list[tuple[str, Item, list[str]]] = [
        (wish.path, sheet.lines[wish.id], wish.names()) for wish in lines if not wish.new
    ]
    asked.append(("header", sheet.header, [*header.values, *header.references]))
    for path, item, names in asked:
        moved = set(item.unseen(command.revision, command.actor.key))
        for name in names:
            if name in moved:
                text = f"is now {_value_text(item, name) or 'empty'}"
                found.append(FieldViolation(f"{path}.{name}", text, "FIELD_CHANGED"))
    if found:
        raise FieldChanged(sheet.order_id, found, sheet.revision)


def _value_text(item: Item, name: str) -> str:
    if name in item.references:
        return reference_text(item.references[name])
    return str(item.current.text(name))


def reference_text(value: Any) -> str:
    if isinstance(value, Contact):
        return ", ".join(part for part in (value.name, value.email, value.phone) if part)
    return str(value)


def _refer(sheet: Sheet, command: Command, item: Item, references: Mapping[str, Any], kind: str) -> None:
    for name, value in references.items():
        before = item.references.get(name, "")
        if value != before:
            item.references[name] = value
            sheet.record(command, kind, item, name, reference_text(before), reference_text(value))


def _add(sheet: Sheet, command: Command, wish: LineWish, prices: Prices) -> None:
    assert wish.article is not None, "a new line names its article"
    basis = basis_of(sheet.header.current, prices)
    quote = prices.find(PriceNeed(wish.article, wish.values["quantity"], wish.price, basis), wish.path)
    if quote is not None:
        add_line(sheet, command, LineTerms(quote, asked=wish.price, basis=basis, **wish.values), wish)


def add_line(sheet: Sheet, command: Command, terms: LineTerms, wish: LineWish) -> None:
    """The command's side offers it."""
    item = LineItem(
        key=str(wish.id),
        id=wish.id,
        position=sheet.next_position,
        offered_by=command.side,
        base=terms,
        current=terms,
        references=dict(wish.references),
    )
    sheet.next_position += 1
    sheet.lines[item.id] = item
    item.consents[command.side] = item.hash
    change = sheet.record(command, "line_added", item, after=line_text(terms))
    touch = Touch(change.sequence, command.actor.key)
    item.touched = dict.fromkeys(LineTerms.FIELDS, touch)


def _change(sheet: Sheet, command: Command, wish: LineWish, item: LineItem, prices: Prices) -> None:
    _refer(sheet, command, item, wish.references, "reference_changed")
    if wish.values.get(REMOVED) and not item.agreed:
        leave(sheet, command, item)
        return
    now = item.current
    article = None if wish.article in (None, now.quote.variant_id, now.quote.sku) else wish.article
    asked = now.asked
    if wish.price is not None or wish.list_price:
        asked = wish.price
    elif article is not None:  # a price was named for another article
        base = item.base
        asked = base.asked if article in (base.quote.variant_id, base.quote.sku) else None
    target = replace(now, asked=asked, **wish.values)
    move(sheet, command, item, priced(item, target, article, prices, wish.path), prices)
