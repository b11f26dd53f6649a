"""Random commands against the domain and against a slow second model, which knows nothing of movements.

The model keeps encumbrances, expenditures and credits as lists and computes what is available with the
formula of the finance module of FOLIO: total funding - (encumbered + expenditures - credits).
"""

from __future__ import annotations

import collections
import datetime
from dataclasses import dataclass, field, replace
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.errors import ServiceError
from library.budgets.domain import Figures, Movement, Overspending
from library.holds.domain import OrderHold
from library.holds.refusals import Wanted
from services.library.tests.factories import a_budget, sums

UNTIL = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
ORDERS = [UUID(int=n) for n in (1, 2)]
COUNT = 3


@dataclass
class Encumbrance:
    budget: int
    amount: int
    attempt: int
    status: str = "Pending"  # Unreleased once firm
    expended: int = 0
    credited: int = 0


@dataclass
class Model:
    """Everything by scanning lists; budgets by index."""

    overspending: list[Overspending]
    funding: list[list[int]] = field(default_factory=lambda: [[] for _ in range(COUNT)])
    orders: dict[UUID, list[Encumbrance]] = field(default_factory=lambda: collections.defaultdict(list))
    undone: dict[UUID, int] = field(default_factory=lambda: collections.defaultdict(int))
    latest: dict[UUID, int] = field(default_factory=lambda: collections.defaultdict(int))
    firm: dict[UUID, int] = field(default_factory=dict)
    active: dict[UUID, int] = field(default_factory=dict)
    cancelled: set[UUID] = field(default_factory=set)

    def available(self, budget: int, without: UUID | None = None) -> int:
        mine = [e for o, es in self.orders.items() for e in es if e.budget == budget and o != without]
        encumbered = sum(e.amount for e in mine)
        own = [e for e in self.orders.get(without, ()) if e.budget == budget] if without else []
        every = mine + own
        expenditures, credits = sum(e.expended for e in every), sum(e.credited for e in every)
        return sum(self.funding[budget]) - (encumbered + expenditures - credits)

    def fund(self, budget: int, amount: int, *, total: bool) -> bool:
        refuse = self.overspending[budget] is Overspending.REFUSE
        if amount == 0 or (refuse and self.available(budget) + amount < 0):
            return False
        if total and self.allocated[budget] + amount < 0:
            return False
        if total:
            self.allocated[budget] += amount
        self.funding[budget].append(amount)
        return True

    allocated: list[int] = field(default_factory=lambda: [0] * COUNT)

    def hold(self, order: UUID, attempt: int, wanted: dict[int, int]) -> bool:
        if order in self.cancelled or attempt <= self.undone[order] or attempt < self.latest[order]:
            return False
        if order in self.firm:
            return attempt == self.firm[order]
        for budget, amount in wanted.items():
            own = sum(e.amount for e in self.orders[order] if e.budget == budget)
            grows = amount > own
            short = self.available(budget, without=order) < amount
            if grows and short and self.overspending[budget] is Overspending.REFUSE:
                return False
        self.orders[order] = [Encumbrance(b, a, attempt) for b, a in wanted.items()]
        self.latest[order] = self.active[order] = attempt
        return True

    def confirm(self, order: UUID, attempt: int) -> None:
        if order in self.active and order not in self.firm:
            if self.active[order] < attempt:
                self.undo(order, self.active[order])
            else:
                self.firm[order] = self.active[order]

    def undo(self, order: UUID, attempt: int) -> None:
        self.undone[order] = max(self.undone[order], attempt)
        if order in self.active and order not in self.firm and self.active[order] <= attempt:
            self.give_back(order)

    def cancel(self, order: UUID) -> None:
        self.cancelled.add(order)
        self.firm.pop(order, None)
        self.give_back(order)

    def give_back(self, order: UUID) -> None:
        for encumbrance in self.orders[order]:
            encumbrance.amount = 0
        self.active.pop(order, None)

    def spend(self, order: UUID, wanted: dict[int, int]) -> bool:
        if order not in self.active:
            return False
        own = {e.budget: e for e in self.orders[order]}
        if any(amount > (own[b].amount if b in own else 0) for b, amount in wanted.items()):
            return False
        self.firm.setdefault(order, self.active[order])
        for budget, amount in wanted.items():
            if amount:
                own[budget].amount -= amount
                own[budget].expended += amount
        return True

    def credit(self, order: UUID, wanted: dict[int, int]) -> bool:
        own = {e.budget: e for e in self.orders[order]}
        for budget, amount in wanted.items():
            spent = own[budget].expended - own[budget].credited if budget in own else 0
            if amount > spent:
                return False
        for budget, amount in wanted.items():
            if amount:
                own[budget].credited += amount
        return True


class System:
    """The domain as the use cases drive it, with the ledger in a list."""

    def __init__(self, overspending: list[Overspending]) -> None:
        self.budgets = [a_budget(overspending=kind) for kind in overspending]
        self.budgets.sort(key=lambda budget: budget.id)
        self.holds = {order: OrderHold(order) for order in ORDERS}
        self.ledger: list[Movement] = []

    def write(self, movements: list[Movement]) -> None:
        assert [m.budget_id for m in movements] == sorted({m.budget_id for m in movements})
        assert all(movement.amount for movement in movements)
        for movement in movements:
            index = self.index(movement.budget_id)
            old = self.budgets[index]
            self.budgets[index] = replace(old, figures=old.figures.after(movement.kind, movement.amount))
        self.ledger += movements

    def index(self, budget_id: UUID) -> int:
        return next(i for i, budget in enumerate(self.budgets) if budget.id == budget_id)

    def wanted(self, amounts: dict[int, int]) -> list[Wanted]:
        return [Wanted(self.budgets[i], amount, (f"amounts[{i}]",)) for i, amount in amounts.items()]

    def by_id(self, amounts: dict[int, int]) -> dict[UUID, int]:
        return {self.budgets[i].id: amount for i, amount in amounts.items()}


SPLIT = st.dictionaries(st.integers(0, COUNT - 1), st.integers(0, 60), min_size=1)
# Small parts of what is held, so that several of them are accepted.
PART = st.dictionaries(st.integers(0, COUNT - 1), st.integers(0, 9), min_size=1, max_size=2)
ORDER, ATTEMPT = st.sampled_from(ORDERS), st.integers(1, 4)
COMMAND = st.one_of(
    st.tuples(st.just("allocate"), st.integers(0, COUNT - 1), st.integers(-80, 120)),
    st.tuples(st.just("adjust"), st.integers(0, COUNT - 1), st.integers(-80, 80)),
    st.tuples(st.just("hold"), ORDER, ATTEMPT, SPLIT),
    st.tuples(st.just("confirm"), ORDER, ATTEMPT),
    st.tuples(st.just("release"), ORDER, ATTEMPT),
    st.tuples(st.just("cancel"), ORDER),
    st.tuples(st.just("commit"), ORDER, PART),
    st.tuples(st.just("credit"), ORDER, PART),
)


def run(system: System, command: tuple) -> bool:  # type: ignore[type-arg]
    """Whether the domain accepted it."""
    match command:
        case ("allocate", index, amount):
            act = lambda: [system.budgets[index].allocate(amount)]  # noqa: E731
        case ("adjust", index, amount):
            act = lambda: [system.budgets[index].adjust(amount)]  # noqa: E731
        case ("hold", order, attempt, split):
            act = lambda: system.holds[order].hold(UUID(int=attempt), system.wanted(split), UNTIL)[0]  # noqa: E731
        case ("confirm", order, attempt):
            act = lambda: system.holds[order].confirm(UUID(int=attempt))  # noqa: E731
        case ("release", order, attempt):
            act = lambda: system.holds[order].release(UUID(int=attempt))  # noqa: E731
        case ("cancel", order):
            act = system.holds[order].cancel
        case ("commit", order, split):
            act = lambda: system.holds[order].commit(system.by_id(split))  # noqa: E731
        case ("credit", order, split):
            act = lambda: system.holds[order].credit(system.by_id(split))  # noqa: E731
    try:
        system.write(act())
    except ServiceError:
        return False
    return True


def expect(model: Model, command: tuple) -> bool:  # type: ignore[type-arg]
    match command:
        case ("allocate", index, amount):
            return model.fund(index, amount, total=True)
        case ("adjust", index, amount):
            return model.fund(index, amount, total=False)
        case ("hold", order, attempt, split):
            return model.hold(order, attempt, split)
        case ("confirm", order, attempt):
            model.confirm(order, attempt)
        case ("release", order, attempt):
            model.undo(order, attempt)
        case ("cancel", order):
            model.cancel(order)
        case ("commit", order, split):
            return model.spend(order, split)
        case ("credit", order, split):
            return model.credit(order, split)
    return True


def check(system: System, model: Model) -> None:
    for index, budget in enumerate(system.budgets):
        entries = [movement for movement in system.ledger if movement.budget_id == budget.id]
        assert budget.figures == Figures(**sums(entries))
        assert budget.figures.remaining == model.available(index)
        holds = [hold.lines[budget.id] for hold in system.holds.values() if budget.id in hold.lines]
        assert budget.figures.held == sum(line.held for line in holds)
        assert budget.figures.committed == sum(line.committed for line in holds)
        assert budget.figures.credited == sum(line.credited for line in holds)
        if budget.overspending is Overspending.REFUSE:
            assert budget.figures.remaining >= 0
        assert min(line for line in (budget.figures.held, budget.figures.committed)) >= 0


@pytest.mark.spec("L-02", "L-05")
@settings(max_examples=500, deadline=None)
@given(
    overspending=st.lists(st.sampled_from(Overspending), min_size=COUNT, max_size=COUNT),
    commands=st.lists(COMMAND, min_size=20, max_size=60),
)
def test_remaining_is_what_the_ledger_and_the_model_say(
    overspending: list[Overspending],
    commands: list[tuple],  # type: ignore[type-arg]
) -> None:
    system, model = System(overspending), Model(overspending)
    funding = [("allocate", index, 100) for index in range(COUNT)]
    for command in [*funding, *commands]:
        assert run(system, command) == expect(model, command), command
        check(system, model)
