"""What others learn about a budget."""

from __future__ import annotations

from collections.abc import Iterable

from commis.common.v1 import common_pb2
from commis.library.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import money, outbox
from library.budgets.domain import Budget, Movement

SUBJECT = "commis.library.v1.budget_changed"


def publish_changed(
    session: AsyncSession,
    attribution: common_pb2.Attribution,
    budget: Budget,
    movement: str,
    changes: int,
) -> None:
    """`movement` is a ledger kind or UPDATE; `changes` the number of changes the budget has seen."""
    own = common_pb2.Attribution()
    own.CopyFrom(attribution)
    own.account_id = str(budget.account_id)
    event = events_pb2.BudgetChanged(
        attribution=own,
        budget_id=str(budget.id),
        account_id=str(budget.account_id),
        budget_code=budget.code,
        movement=movement,
        remaining=money.to_proto(budget.money(budget.figures.remaining)),
    )
    outbox.add(session, event, subject=SUBJECT, aggregate_id=str(budget.id), aggregate_version=changes)


def publish_moved(
    session: AsyncSession,
    attribution: common_pb2.Attribution,
    moved: Iterable[tuple[Movement, Budget, int]],
) -> None:
    for movement, budget, changes in moved:
        publish_changed(session, attribution, budget, movement.kind.value, changes)
