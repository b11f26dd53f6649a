"""The kinds of edits of a sheet; `editing` is the frame they run in."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from orders.domain.model import Header, Order, Quote
from orders.ports import WantedLine
from orders.sheets.domain import HeaderChange, LineFields, add_lines, change_header, line_of
from orders.sheets.editing import Changed


def wanted_lines(lines: Sequence[LineFields]) -> list[tuple[str, WantedLine]]:
    named = []
    for index, line in enumerate(lines):
        name = f"lines[{index}]"
        named.append((name, WantedLine(name, line.quantity, line.variant_id, line.sku)))
    return named


@dataclass(frozen=True, slots=True)
class AddLines:
    lines: tuple[LineFields, ...]

    def header(self, header: Header, actor_kind: str) -> Header:
        return header

    def wanted(self, order: Order) -> list[tuple[str, WantedLine]]:
        return wanted_lines(self.lines)

    def apply(self, order: Order, quotes: Sequence[Quote]) -> Changed:
        added = add_lines(order, self.lines, quotes)
        return Changed(
            "lines_added", ", ".join(_count(line.quantity, line.quote.sku) for line in added[:10]), added
        )


def _count(quantity: int, sku: str) -> str:
    return f"{quantity} x {sku}"


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """`quantity` None leaves it; `references` are other fields of Line by name."""

    line_id: UUID
    quantity: int | None = None
    references: dict[str, str | datetime.date | None] = field(default_factory=dict)

    def header(self, header: Header, actor_kind: str) -> Header:
        return header

    def wanted(self, order: Order) -> list[tuple[str, WantedLine]]:
        line = line_of(order, self.line_id)
        if self.quantity is None:
            return []
        return [("line", WantedLine(str(line.id), self.quantity, line.quote.variant_id))]

    def apply(self, order: Order, quotes: Sequence[Quote]) -> Changed:
        line = line_of(order, self.line_id)
        before = line.quantity
        changed = replace(line, **self.references)  # type: ignore[arg-type]  # names are checked by the caller
        detail = f"{line.quote.sku}: {', '.join(sorted(self.references))}"
        if self.quantity is not None:
            changed.quantity, changed.quote = self.quantity, quotes[0]
            detail = f"{_count(before, line.quote.sku)} -> {_count(self.quantity, line.quote.sku)}"
        order.lines[order.lines.index(line)] = changed
        return Changed("line_changed", detail, [changed])


@dataclass(frozen=True, slots=True)
class RemoveLine:
    line_id: UUID

    def header(self, header: Header, actor_kind: str) -> Header:
        return header

    def wanted(self, order: Order) -> list[tuple[str, WantedLine]]:
        line_of(order, self.line_id)
        return []

    def apply(self, order: Order, quotes: Sequence[Quote]) -> Changed:
        line = line_of(order, self.line_id)
        order.lines.remove(line)
        return Changed("line_removed", _count(line.quantity, line.quote.sku), removed=[line.id])


@dataclass(frozen=True, slots=True)
class ChangeHeader:
    change: HeaderChange

    def header(self, header: Header, actor_kind: str) -> Header:
        return change_header(header, self.change, actor_kind)

    def wanted(self, order: Order) -> list[tuple[str, WantedLine]]:
        return []

    def apply(self, order: Order, quotes: Sequence[Quote]) -> Changed:
        return Changed("changed", ", ".join(sorted(self.change.values)))
