"""A budget's figures and the six movements of its ledger. Amounts are minor units of the budget's currency.

remaining = total - held - committed + credited + adjusted
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from chassis.errors import AlreadyExists, FailedPrecondition, FieldViolation, InvalidFields, NotFound
from chassis.money import Money

# Far above any real budget, far below int64, so that no sum of figures can overflow.
MAX_AMOUNT = 10**15
MAX_FIGURE = 10**17


class Kind(StrEnum):
    """What a ledger entry did; its signed amount went to the column named here."""

    ALLOCATE = "ALLOCATE"  # total
    HOLD = "HOLD"  # held
    RELEASE = "RELEASE"  # held, negative
    COMMIT = "COMMIT"  # committed; the same amount leaves held
    CREDIT = "CREDIT"  # credited
    ADJUST = "ADJUST"  # adjusted


class Overspending(StrEnum):
    REFUSE = "REFUSE"
    WARN = "WARN"


@dataclass(frozen=True, slots=True)
class Figures:
    total: int = 0
    held: int = 0
    committed: int = 0
    credited: int = 0
    adjusted: int = 0

    @property
    def remaining(self) -> int:
        return self.total - self.held - self.committed + self.credited + self.adjusted

    def after(self, kind: Kind, amount: int) -> Figures:
        match kind:
            case Kind.ALLOCATE:
                return replace(self, total=self.total + amount)
            case Kind.HOLD | Kind.RELEASE:
                return replace(self, held=self.held + amount)
            case Kind.COMMIT:
                return replace(self, held=self.held - amount, committed=self.committed + amount)
            case Kind.CREDIT:
                return replace(self, credited=self.credited + amount)
            case Kind.ADJUST:
                return replace(self, adjusted=self.adjusted + amount)
            case _:
                assert_never(kind)


@dataclass(frozen=True, slots=True)
class Movement:
    """One ledger entry to write. `amount` is signed and never zero."""

    budget_id: UUID
    kind: Kind
    amount: int


@dataclass(frozen=True, slots=True)
class Budget:
    id: UUID
    account_id: UUID
    code: str
    currency: str
    overspending: Overspending
    period_start_date: datetime.date
    period_end_date: datetime.date
    figures: Figures = Figures()

    def covers(self, day: datetime.date) -> bool:
        return self.period_start_date <= day < self.period_end_date

    def money(self, minor: int) -> Money:
        return Money(minor, self.currency)

    def allocate(self, amount: int) -> Movement:
        """Raise or lower the total. Raises BudgetWouldBeNegative, InvalidFields."""
        return self._move(Kind.ALLOCATE, amount)

    def adjust(self, amount: int) -> Movement:
        """Correct what remains. Raises BudgetWouldBeNegative, InvalidFields."""
        return self._move(Kind.ADJUST, amount)

    def check_overspending(self, wanted: Overspending) -> None:
        """A budget that is overspent cannot refuse overspending: first give it money."""
        if wanted is Overspending.REFUSE and self.figures.remaining < 0:
            raise BudgetWouldBeNegative(self, self.figures.remaining)

    def _move(self, kind: Kind, amount: int) -> Movement:
        if amount == 0:
            raise InvalidFields([FieldViolation("amount", "must not be zero", "OUT_OF_RANGE")])
        after = self.figures.after(kind, amount)
        check_size("amount", after)
        if after.total < 0 or (self.overspending is Overspending.REFUSE and after.remaining < 0):
            raise BudgetWouldBeNegative(self, after.remaining)
        return Movement(self.id, kind, amount)


def check_size(field: str, figures: Figures) -> None:
    """Raises InvalidFields when a figure leaves the range that is sure not to overflow."""
    values = (figures.total, figures.held, figures.committed, figures.credited, figures.adjusted)
    if any(abs(value) > MAX_FIGURE for value in values):
        raise InvalidFields([FieldViolation(field, "makes the budget too large", "OUT_OF_RANGE")])


def amount_text(money: Money) -> str:
    return f"{money.decimal} {money.currency}"


class BudgetNotFound(NotFound):
    """Also for a budget that the caller may not see."""

    reason = "BUDGET_NOT_FOUND"


class AccountNotFound(NotFound):
    """Also for an account that the caller may not see."""

    reason = "ACCOUNT_NOT_FOUND"

    def __init__(self, account_id: UUID) -> None:
        super().__init__(f"There is no account {account_id}.", account_id=account_id)


class BudgetCodeTaken(AlreadyExists):
    reason = "BUDGET_CODE_TAKEN"

    def __init__(self, code: str) -> None:
        message = f"The account has another budget {code} in this currency for a part of this period."
        super().__init__(message, budget_code=code)


class BudgetWouldBeNegative(FailedPrecondition):
    reason = "BUDGET_WOULD_BE_NEGATIVE"

    def __init__(self, budget: Budget, remaining: int) -> None:
        before, after = (
            amount_text(budget.money(budget.figures.remaining)),
            amount_text(budget.money(remaining)),
        )
        super().__init__(
            f"Budget {budget.code} has {before} left; {after} would remain.",
            budget_id=budget.id,
            budget_code=budget.code,
            remaining=budget.money(budget.figures.remaining).decimal,
            would_remain=budget.money(remaining).decimal,
            currency_code=budget.currency,
        )
