"""Why a hold, an invoice or a credit note cannot move the money of an order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chassis.errors import FailedPrecondition, FieldViolation
from library.budgets.domain import Budget, amount_text


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an order needs of one budget; `fields` are the request's paths that asked for it."""

    budget: Budget
    amount: int
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shortage:
    wanted: Wanted
    remaining: int

    @property
    def missing(self) -> int:
        return self.wanted.amount - self.remaining


class BudgetExceeded(FailedPrecondition):
    """One violation per budget and line that asked for it; metadata repeats the figures by index."""

    reason = "BUDGET_EXCEEDED"

    def __init__(self, shortages: Sequence[Shortage]) -> None:
        violations: list[FieldViolation] = []
        metadata: dict[str, Any] = {}
        for index, shortage in enumerate(shortages):
            budget = shortage.wanted.budget
            figures = {
                "remaining": budget.money(shortage.remaining),
                "needed": budget.money(shortage.wanted.amount),
                "missing": budget.money(shortage.missing),
            }
            text = ", ".join(f"{name} {amount_text(money)}" for name, money in figures.items())
            for path in shortage.wanted.fields:
                violations.append(FieldViolation(path, f"Budget {budget.code}: {text}.", self.reason))
            metadata[f"budget_code_{index}"] = budget.code
            metadata[f"currency_code_{index}"] = budget.currency
            metadata |= {f"{name}_{index}": money.decimal for name, money in figures.items()}
        codes = ", ".join(shortage.wanted.budget.code for shortage in shortages)
        super().__init__(
            f"Not enough is left on {codes}.", violations=violations, **metadata, budget_codes=codes
        )


class HoldReleased(FailedPrecondition):
    reason = "HOLD_RELEASED"

    def __init__(self, order_id: UUID, attempt_id: UUID) -> None:
        message = f"Attempt {attempt_id} of order {order_id} was released or replaced."
        super().__init__(message, order_id=order_id, attempt_id=attempt_id)


class HoldNotFound(FailedPrecondition):
    reason = "HOLD_NOT_FOUND"

    def __init__(self, order_id: UUID, violations: Iterable[FieldViolation] = ()) -> None:
        message = f"Order {order_id} holds nothing of this budget."
        super().__init__(message, violations=violations, order_id=order_id)


class AmountExceedsHold(FailedPrecondition):
    reason = "AMOUNT_EXCEEDS_HOLD"

    def __init__(self, order_id: UUID, held: Sequence[tuple[UUID, int]]) -> None:
        listed = ", ".join(f"{amount} of budget {key}" for key, amount in held)
        message = f"Order {order_id} holds only {listed} (minor units)."
        super().__init__(message, order_id=order_id, held=listed)


class AmountExceedsCommitted(FailedPrecondition):
    reason = "AMOUNT_EXCEEDS_COMMITTED"

    def __init__(self, order_id: UUID, spent: Sequence[tuple[UUID, int]]) -> None:
        listed = ", ".join(f"{amount} of budget {key}" for key, amount in spent)
        message = f"Order {order_id} has spent only {listed} (minor units)."
        super().__init__(message, order_id=order_id, spent=listed)


class ReferenceReused(FailedPrecondition):
    """The same invoice or credit note id came with other amounts."""

    reason = "REFERENCE_REUSED"

    def __init__(self, reference_id: UUID) -> None:
        super().__init__(f"{reference_id} was already used for other amounts.", reference_id=reference_id)
