"""Budgets and their ledger as they are read."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.paging import Page
from library.budgets.domain import BudgetNotFound, Figures
from library.tables import budget_entries, budgets


@dataclass(frozen=True, slots=True)
class BudgetView:
    id: UUID
    account_id: UUID
    code: str
    display_name: str
    currency: str
    period_start_date: datetime.date
    period_end_date: datetime.date
    figures: Figures
    standard_discount_percent: Decimal
    fixed_price_discount_percent: Decimal
    fixed_price_months: int
    overspending: str
    entry_count: int
    version: int
    create_time: datetime.datetime
    update_time: datetime.datetime


@dataclass(frozen=True, slots=True)
class EntryView:
    id: UUID
    budget_id: UUID
    sequence: int
    kind: str
    amount: int
    order_id: UUID | None
    reason: str
    actor_id: str
    create_time: datetime.datetime


_ATTRIBUTES = [name for name in BudgetView.__slots__ if name != "figures"]


def _view(row: Any) -> BudgetView:
    figures = Figures(row.total, row.held, row.committed, row.credited, row.adjusted)
    return BudgetView(figures=figures, **{name: getattr(row, name) for name in _ATTRIBUTES})


def not_found(budget_id: UUID) -> BudgetNotFound:
    return BudgetNotFound(f"There is no budget {budget_id}.", budget_id=budget_id)


async def get_budget(session: AsyncSession, budget_id: UUID) -> BudgetView:
    """Raises BudgetNotFound."""
    row = (await session.execute(sa.select(budgets).where(budgets.c.id == budget_id))).one_or_none()
    if row is None:
        raise not_found(budget_id)
    return _view(row)


async def list_budgets(
    session: AsyncSession, page: Page, account_id: UUID | None, as_of_date: datetime.date | None
) -> Sequence[BudgetView]:
    """Oldest first; one more than the page asks for when there are more."""
    query = sa.select(budgets).order_by(budgets.c.id).limit(page.size + 1)
    if account_id is not None:
        query = query.where(budgets.c.account_id == account_id)
    if as_of_date is not None:
        query = query.where(budgets.c.period_start_date <= as_of_date, budgets.c.period_end_date > as_of_date)
    if page.after is not None:
        query = query.where(budgets.c.id > page.after[0])
    return [_view(row) for row in await session.execute(query)]


async def list_entries(
    session: AsyncSession, page: Page, budget_id: UUID, order_id: UUID | None
) -> Sequence[EntryView]:
    """Newest first; one more than the page asks for when there are more."""
    entries = budget_entries.c
    query = sa.select(budget_entries).where(entries.budget_id == budget_id)
    query = query.order_by(entries.sequence.desc()).limit(page.size + 1)
    if order_id is not None:
        query = query.where(entries.order_id == order_id)
    if page.after is not None:
        query = query.where(entries.sequence < page.after[0])
    return [
        EntryView(**{name: getattr(row, name) for name in EntryView.__slots__})
        for row in await session.execute(query)
    ]
