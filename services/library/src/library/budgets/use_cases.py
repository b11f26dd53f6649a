"""What staff do with budgets. Each function is one transaction."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from commis.common.v1.common_pb2 import Attribution
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import db, etag
from chassis.errors import FieldViolation, InvalidFields
from chassis.ids import new_id
from library import attribution
from library.budgets import events, queries
from library.budgets.domain import (
    Budget,
    BudgetCodeTaken,
    Movement,
    Overspending,
)
from library.budgets.queries import BudgetView
from library.budgets.store import BudgetStore
from library.tables import budgets

_PERIOD = "ex_budgets_period"


@dataclass(frozen=True, slots=True)
class CreateBudget:
    account_id: UUID
    code: str
    display_name: str
    currency: str
    period_start_date: datetime.date
    period_end_date: datetime.date
    total: int
    overspending: Overspending
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UpdateBudget:
    """`changes` by column: display_name, period dates, discounts, months, overspending."""

    budget_id: UUID
    etag: str
    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MoveBudget:
    budget_id: UUID
    amount: int
    currency: str
    reason: str


async def create_budget(session: AsyncSession, cmd: CreateBudget) -> BudgetView:
    """A budget with its first allocation. Raises BudgetCodeTaken."""
    budget = Budget(
        new_id(),
        cmd.account_id,
        cmd.code,
        cmd.currency,
        cmd.overspending,
        cmd.period_start_date,
        cmd.period_end_date,
    )
    try:
        await BudgetStore(session).add(budget, {"display_name": cmd.display_name, **cmd.attributes})
    except IntegrityError as error:
        _raise_if_taken(error, cmd.code)
        raise
    who = attribution.current(cmd.account_id)
    if cmd.total:
        await _move(session, budget.allocate(cmd.total), who, "")
    else:
        events.publish_changed(session, who, budget, "UPDATE", 1)
    return await queries.get_budget(session, budget.id)


async def update_budget(session: AsyncSession, cmd: UpdateBudget) -> BudgetView:
    """Raises BudgetNotFound, EtagMismatch, BudgetCodeTaken, BudgetWouldBeNegative."""
    budget = await _locked(session, cmd.budget_id)
    before = await queries.get_budget(session, cmd.budget_id)
    etag.check("The budget", cmd.etag, before.version)
    if "overspending" in cmd.changes:
        budget.check_overspending(Overspending(cmd.changes["overspending"]))
    _check_period(budget, cmd.changes)
    changed = (
        sa.update(budgets)
        .where(budgets.c.id == cmd.budget_id)
        .values(**cmd.changes, version=budgets.c.version + 1, update_time=sa.func.now())
    )
    try:
        await session.execute(changed)
    except IntegrityError as error:
        _raise_if_taken(error, budget.code)
        raise
    after = await queries.get_budget(session, cmd.budget_id)
    who = attribution.current(budget.account_id)
    events.publish_changed(session, who, budget, "UPDATE", after.version + after.entry_count)
    return after


def _check_period(budget: Budget, changes: Mapping[str, Any]) -> None:
    start = changes.get("period_start_date", budget.period_start_date)
    if start >= changes.get("period_end_date", budget.period_end_date):
        path = "budget.period_end_date"
        raise InvalidFields([FieldViolation(path, "must be after the start", "OUT_OF_RANGE")])


async def allocate_budget(session: AsyncSession, cmd: MoveBudget) -> BudgetView:
    """Raises BudgetNotFound, BudgetWouldBeNegative."""
    budget = await _locked(session, cmd.budget_id, cmd.currency)
    who = attribution.current(budget.account_id)
    await _move(session, budget.allocate(cmd.amount), who, cmd.reason)
    return await queries.get_budget(session, cmd.budget_id)


async def adjust_budget(session: AsyncSession, cmd: MoveBudget) -> BudgetView:
    """Raises BudgetNotFound, BudgetWouldBeNegative."""
    budget = await _locked(session, cmd.budget_id, cmd.currency)
    who = attribution.current(budget.account_id)
    await _move(session, budget.adjust(cmd.amount), who, cmd.reason)
    return await queries.get_budget(session, cmd.budget_id)


async def _locked(session: AsyncSession, budget_id: UUID, currency: str | None = None) -> Budget:
    budget = (await BudgetStore(session).lock([budget_id])).get(budget_id)
    if budget is None:
        raise queries.not_found(budget_id)
    if currency is not None and currency != budget.currency:
        violation = FieldViolation("amount.currency_code", f"must be {budget.currency}", "CURRENCY_MISMATCH")
        raise InvalidFields([violation])
    return budget


async def _move(session: AsyncSession, movement: Movement, who: Attribution, reason: str) -> None:
    moved = await BudgetStore(session).move([movement], actor=attribution.actor(who), reason=reason)
    events.publish_moved(session, who, moved)


def _raise_if_taken(error: IntegrityError, code: str) -> None:
    if db.constraint_name(error) == _PERIOD:
        raise BudgetCodeTaken(code) from None
