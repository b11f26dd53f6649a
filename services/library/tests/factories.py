"""Plain functions with defaults for what the tests need."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from chassis.context import Principal, Request, bind
from chassis.db import Sessions
from chassis.ids import new_id
from chassis.money import Money
from library.budgets import use_cases as budget_cases
from library.budgets.domain import Budget, Figures, Overspending
from library.budgets.queries import BudgetView
from library.budgets.use_cases import CreateBudget
from library.holds.use_cases import Amount, HoldBudgets, SpendBudgets
from library.ports import Placement

YEAR_START, YEAR_END, TODAY = (
    datetime.date(2026, 1, 1),
    datetime.date(2027, 1, 1),
    datetime.date(2026, 11, 21),
)
NO_DISCOUNT = {"standard_discount_percent": 0, "fixed_price_discount_percent": 0, "fixed_price_months": 6}


def a_budget(
    *, total: int = 0, overspending: Overspending = Overspending.REFUSE, code: str = "FICTION", **figures: int
) -> Budget:
    return Budget(
        new_id(), new_id(), code, "EUR", overspending, YEAR_START, YEAR_END, Figures(total=total, **figures)
    )


async def create(
    sessions: Sessions,
    *,
    account_id: UUID,
    code: str = "FICTION",
    total: int = 10_000,
    currency: str = "EUR",
    overspending: Overspending = Overspending.REFUSE,
    start: datetime.date = YEAR_START,
    end: datetime.date = YEAR_END,
) -> BudgetView:
    """A budget with its first allocation, made by staff."""
    cmd = CreateBudget(account_id, code, code, currency, start, end, total, overspending, NO_DISCOUNT)
    with bind(Request("test", Principal(new_id(), "STAFF", channel="BACK_OFFICE"))):
        async with sessions.begin() as session:
            return await budget_cases.create_budget(session, cmd)


def amounts(wanted: Mapping[str, int], currency: str = "EUR") -> list[Amount]:
    return [
        Amount(code, Money(minor, currency), (f"amounts[{index}]",))
        for index, (code, minor) in enumerate(wanted.items())
    ]


def a_hold(
    account_id: UUID,
    wanted: Mapping[str, int],
    *,
    order_id: UUID | None = None,
    attempt_id: UUID | None = None,
) -> HoldBudgets:
    return HoldBudgets(order_id or new_id(), account_id, TODAY, attempt_id or new_id(), amounts(wanted))


def a_spending(
    order_id: UUID, wanted: Mapping[str, int], *, reference_id: UUID | None = None
) -> SpendBudgets:
    return SpendBudgets(order_id, reference_id or new_id(), amounts(wanted))


async def figures(sessions: Sessions, budget_id: UUID) -> dict[str, int]:
    """The figures of the budget after proving that they are the sums of its ledger, gapless."""
    async with sessions() as session:
        row = (
            await session.execute(sa.text("SELECT * FROM budgets WHERE id = :id"), {"id": budget_id})
        ).one()
        entries = (
            await session.execute(
                sa.text("SELECT * FROM budget_entries WHERE budget_id = :id ORDER BY sequence"),
                {"id": budget_id},
            )
        ).all()
        lines = (
            await session.execute(
                sa.text("SELECT * FROM order_hold_lines WHERE budget_id = :id"), {"id": budget_id}
            )
        ).all()
    found = {name: getattr(row, name) for name in Figures.__slots__}
    assert found == sums(entries)
    assert [entry.sequence for entry in entries] == list(range(1, row.entry_count + 1))
    for name in ("held", "committed", "credited"):
        assert found[name] == sum(getattr(line, name) for line in lines), name
    return {**found, "remaining": Figures(**found).remaining}


def sums(entries: Sequence[Any]) -> dict[str, int]:
    def of(*kinds: str) -> int:
        return sum(entry.amount for entry in entries if entry.kind in kinds)

    return {
        "total": of("ALLOCATE"),
        "held": of("HOLD", "RELEASE") - of("COMMIT"),
        "committed": of("COMMIT"),
        "credited": of("CREDIT"),
        "adjusted": of("ADJUST"),
    }


class FakeCustomers:
    """Knows accounts, and which of them a caller who is not staff may act for."""

    def __init__(self, *visible: UUID) -> None:
        self.visible = set(visible)

    async def may_order_for(self, account_id: UUID) -> bool:
        return account_id in self.visible


class FakeOrders:
    def __init__(self, placements: Mapping[UUID, Placement] | None = None) -> None:
        self.placements = dict(placements or {})
        self.error: Exception | None = None

    async def get_placements(self, order_ids: Sequence[UUID]) -> Mapping[UUID, Placement]:
        if self.error is not None:
            raise self.error
        return {key: self.placements.get(key, Placement("UNKNOWN")) for key in order_ids}
