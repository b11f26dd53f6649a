"""What an amendment of a placed order asks for: of stock, of budgets; and what stands against it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from chassis.errors import FieldViolation
from orders.domain.model import Line, Order
from orders.placing import holds
from orders.placing.domain import budget_needs, line_findings, payer_findings, shipping_findings
from orders.ports import Authorization, BudgetNeed, QuotedLine, WantedLine
from orders.shared.projecting import keeps_shipping
from orders.shipping.domain import ShippingMethod


def lines_kept(order: Order, wanted: Order) -> set[UUID]:
    """Lines of which the order goes on having as many, at the price that they were placed with."""
    placed = {line.id: (line.quote, line.quantity, line.negotiated) for line in order.lines}
    return {
        line.id
        for line in wanted.lines
        if placed.get(line.id) == (line.quote, line.quantity, line.negotiated)
    }


def lines_asked(order: Order, kept: set[UUID]) -> list[WantedLine]:
    """What is changed, and what else the order has of the same variants, which is asked for at the price that it was
    placed with. Nothing else has to be there, or to be sold still, once more."""
    variants = {line.quote.variant_id for line in order.lines if line.id not in kept}
    lines = [replace(line, negotiated=True) if line.id in kept else line for line in order.lines]
    return holds.wanted(replace(order, lines=[line for line in lines if line.quote.variant_id in variants]))


def budgets_asked(order: Order, wanted: Order) -> list[BudgetNeed]:
    """Of the budgets that changed lines name; others have ended perhaps, and what is held of them stays."""
    placed = {line.id: line for line in order.lines}
    changed = {line.budget_code for line in wanted.lines if _charged(line) != _charged(placed.get(line.id))}
    return [need for need in budget_needs(wanted) if need.budget_code in changed]


def _charged(line: Line | None) -> tuple[str, int] | None:
    return None if line is None else (line.budget_code, line.total)


def grows(order: Order, wanted: Order) -> bool:
    return wanted.totals.total > order.totals.total


def findings(
    order: Order,
    wanted: Order,
    method: ShippingMethod | None,
    authorized: Authorization | None,
    quoted: Sequence[QuotedLine],
) -> list[FieldViolation]:
    """What stands against placing it anew, of what differs: a price that is kept is asked of nobody. `authorized`: by
    customers, where it is to cost more."""
    found = _line_findings(wanted, quoted, lines_kept(order, wanted))
    if not keeps_shipping(order, wanted):
        found += shipping_findings(wanted, method)
    if authorized is not None:
        found += authorized.findings
        found += payer_findings(wanted.header.payment_method, authorized.context)
    return found


def _line_findings(order: Order, quoted: Sequence[QuotedLine], kept: set[UUID]) -> list[FieldViolation]:
    """Another price is none of a line that is not changed."""
    answers = {each.line_id: each for each in quoted}
    every = [answers.get(str(line.id)) or QuotedLine(str(line.id), line.quote) for line in order.lines]
    at_price = {f"lines[{index}].price" for index, line in enumerate(order.lines) if line.id in kept}
    return [each for each in line_findings(order, every) if each.field not in at_price]
