"""What one order holds, has spent and got back of its budgets.

An order may be placed in several attempts (UUIDv7, so a later one is greater). A later attempt replaces what
an earlier one holds; a release that comes before its hold is remembered and the hold refused.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from library.budgets.domain import Budget, Kind, Movement, Overspending, check_size
from library.holds.refusals import (
    AmountExceedsCommitted,
    AmountExceedsHold,
    BudgetExceeded,
    HoldNotFound,
    HoldReleased,
    Shortage,
    Wanted,
)


class State(StrEnum):
    """RELEASED also says: nothing was ever held. CANCELLED is for ever; an order is not placed twice."""

    RELEASED = "RELEASED"
    HELD = "HELD"
    FIRM = "FIRM"
    CANCELLED = "CANCELLED"


@dataclass(slots=True)
class Line:
    """Per budget: `held` now, `committed` and `credited` so far."""

    held: int = 0
    committed: int = 0
    credited: int = 0


@dataclass(frozen=True, slots=True)
class Overspent:
    """The budget is overspent by this hold, and may be."""

    budget: Budget
    remaining: int


@dataclass(slots=True)
class OrderHold:
    order_id: UUID
    account_id: UUID | None = None
    state: State = State.RELEASED
    attempt_id: UUID | None = None
    released_attempt_id: UUID | None = None
    expire_time: datetime.datetime | None = None
    lines: dict[UUID, Line] = field(default_factory=dict)
    amends: UUID | None = None  # the order, when this is what an attempt to amend it holds beyond

    def refuse_stale(self, attempt_id: UUID) -> None:
        """Raises HoldReleased for an attempt that was released, replaced, or comes after the end."""
        late = self.released_attempt_id is not None and attempt_id <= self.released_attempt_id
        replaced = self.attempt_id is not None and attempt_id < self.attempt_id
        placed = self.state is State.FIRM and attempt_id != self.attempt_id
        if late or replaced or placed or self.state is State.CANCELLED:
            raise HoldReleased(self.order_id, attempt_id)

    def hold(
        self, attempt_id: UUID, wanted: Sequence[Wanted], until: datetime.datetime
    ) -> tuple[list[Movement], list[Overspent]]:
        """Hold exactly `wanted` for this attempt, all or nothing; a repeat only moves the expiry.

        Raises HoldReleased, BudgetExceeded with every budget that does not suffice.
        """
        self.refuse_stale(attempt_id)
        if self.state is State.FIRM:
            return [], []
        movements: list[Movement] = []
        warnings: list[Overspent] = []
        shortages: list[Shortage] = []
        needed = {item.budget.id: item for item in wanted}
        for budget_id in sorted(self.lines.keys() | needed.keys()):
            own = self.lines[budget_id].held if budget_id in self.lines else 0
            item = needed.get(budget_id)
            step = (item.amount if item else 0) - own
            if item is not None:
                left = item.budget.figures.remaining - step
                if step > 0 and left < 0 and item.budget.overspending is Overspending.REFUSE:
                    shortages.append(Shortage(item, item.budget.figures.remaining + own))
                elif left < 0:
                    warnings.append(Overspent(item.budget, left))
                check_size(item.fields[0], item.budget.figures.after(Kind.HOLD, step))
            if step:
                movements.append(Movement(budget_id, Kind.HOLD if step > 0 else Kind.RELEASE, step))
        if shortages:
            raise BudgetExceeded(shortages)
        self._apply(movements)
        self.state, self.attempt_id, self.expire_time = State.HELD, attempt_id, until
        return movements, warnings

    def confirm(self, attempt_id: UUID) -> list[Movement]:
        """The order was placed by this attempt: its hold is firm now. An attempt that placed without holding
        anything leaves an earlier attempt's hold behind, which goes back."""
        if self.state is not State.HELD or self.attempt_id is None:
            return []
        if self.attempt_id < attempt_id:
            return self.release(self.attempt_id)
        self.state, self.expire_time = State.FIRM, None
        return []

    def release(self, attempt_id: UUID) -> list[Movement]:
        """Undo this attempt (and earlier ones) unless it is firm, and remember that it was undone."""
        if self.released_attempt_id is None or attempt_id > self.released_attempt_id:
            self.released_attempt_id = attempt_id
        if self.state is not State.HELD or self.attempt_id is None or self.attempt_id > attempt_id:
            return []
        self.state, self.expire_time = State.RELEASED, None
        return self._give_back()

    def amend(self, attempt_id: UUID, targets: Mapping[UUID, int]) -> list[Movement]:
        """The order was amended by this attempt: it holds these amounts from now on, less what is spent."""
        self.state, self.attempt_id, self.expire_time = State.FIRM, attempt_id, None
        movements = []
        for key in sorted(self.lines.keys() | targets.keys()):
            line = self._line(key)
            step = max(0, targets.get(key, 0) - line.committed) - line.held
            if step:
                movements.append(Movement(key, Kind.HOLD if step > 0 else Kind.RELEASE, step))
        self._apply(movements)
        return movements

    def cancel(self) -> list[Movement]:
        """The order is cancelled: everything that is held and not spent goes back, once."""
        self.state, self.expire_time = State.CANCELLED, None
        return self._give_back()

    def commit(self, amounts: Mapping[UUID, int]) -> list[Movement]:
        """An invoice spends part of the hold. Raises HoldNotFound, AmountExceedsHold."""
        if self.state not in (State.HELD, State.FIRM):
            raise HoldNotFound(self.order_id)
        over = [key for key, amount in amounts.items() if amount > self._line(key).held]
        if over:
            raise AmountExceedsHold(self.order_id, [(key, self._line(key).held) for key in over])
        self.state, self.expire_time = State.FIRM, None
        return self._moved(Kind.COMMIT, amounts)

    def credit(self, amounts: Mapping[UUID, int]) -> list[Movement]:
        """A credit note gives spent money back. Raises AmountExceedsCommitted."""
        spent = {key: self._line(key).committed - self._line(key).credited for key in amounts}
        over = [key for key, amount in amounts.items() if amount > spent[key]]
        if over:
            raise AmountExceedsCommitted(self.order_id, [(key, spent[key]) for key in over])
        return self._moved(Kind.CREDIT, amounts)

    def _line(self, budget_id: UUID) -> Line:
        return self.lines.get(budget_id) or Line()

    def _give_back(self) -> list[Movement]:
        back = {key: -line.held for key, line in sorted(self.lines.items())}
        return self._moved(Kind.RELEASE, back)

    def _moved(self, kind: Kind, amounts: Mapping[UUID, int]) -> list[Movement]:
        movements = [Movement(key, kind, amount) for key, amount in sorted(amounts.items()) if amount]
        self._apply(movements)
        return movements

    def _apply(self, movements: Iterable[Movement]) -> None:
        for movement in movements:
            line = self.lines.setdefault(movement.budget_id, Line())
            match movement.kind:
                case Kind.HOLD | Kind.RELEASE:
                    line.held += movement.amount
                case Kind.COMMIT:
                    line.held -= movement.amount
                    line.committed += movement.amount
                case Kind.CREDIT:
                    line.credited += movement.amount
                case Kind.ALLOCATE | Kind.ADJUST:
                    raise AssertionError("an order neither allocates nor adjusts")
