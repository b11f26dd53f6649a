"""Change what a placed order has of its budgets: hold what goes beyond, give it back, and take over what was agreed.

What an attempt to amend holds has a row of its own: its key is the attempt, and it names the order. The order keeps
what it has until the fact says that it was amended. Locks: the order, then attempts to amend it, then budgets by id.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from uuid import UUID

from commis.common.v1.common_pb2 import Attribution
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import crash
from chassis.db import Sessions
from chassis.logs import log
from library import attribution
from library.budgets.domain import Budget
from library.budgets.store import BudgetStore
from library.holds.domain import OrderHold, Overspent, State
from library.holds.refusals import HoldReleased
from library.holds.store import HoldStore
from library.holds.use_cases import HoldBudgets, ReleaseBudgets, settle, wanted_of, write

Codes = Mapping[tuple[str, str], int]  # minor units by budget code and currency


async def hold_beyond(
    sessions: Sessions, cmd: HoldBudgets, *, seconds: float = 30.0
) -> tuple[Sequence[Overspent], datetime.datetime]:
    """Hold what the amended order needs of each budget beyond what it has; `cmd` names all it would need.

    Raises BudgetNotFound, BudgetExceeded (each with every finding), HoldReleased.
    """
    who = attribution.current(cmd.account_id, cmd.order_id)
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    async with sessions.begin() as session:
        store = HoldStore(session)
        order = await store.find(cmd.order_id)
        mine = await store.open(cmd.attempt_id, cmd.account_id, amends=cmd.order_id)
        others = await store.amending(cmd.order_id, besides=cmd.attempt_id)
        if order is not None and order.attempt_id == cmd.attempt_id:
            return [], until
        _refuse(cmd, order, mine, others)
        lines = [hold.lines for hold in (mine, *others, *([order] if order else []))]
        budgets = await BudgetStore(session).lock_by_code(
            {key for found in lines for key in found},
            account_id=cmd.account_id,
            as_of_date=cmd.as_of_date,
            codes=[(amount.code, amount.money.currency) for amount in cmd.amounts],
        )
        for other in others:  # a later attempt replaces earlier ones
            await write(session, other, other.release(other.attempt_id or other.order_id), who)
        if others:  # with what they gave back
            budgets = await BudgetStore(session).lock(budgets)
        movements, overspent = mine.hold(
            cmd.attempt_id, wanted_of(cmd, budgets, mine, until, _has(order)), until
        )
        await write(session, mine, movements, who)
        crash.point("library.hold_beyond.before_commit")
    return overspent, until


def _refuse(cmd: HoldBudgets, order: OrderHold | None, mine: OrderHold, others: Sequence[OrderHold]) -> None:
    mine.refuse_stale(cmd.attempt_id)
    attempts = [hold.attempt_id for hold in (*others, *([order] if order else [])) if hold.attempt_id]
    cancelled = order is not None and order.state is State.CANCELLED
    if cancelled or any(attempt > cmd.attempt_id for attempt in attempts):
        raise HoldReleased(cmd.order_id, cmd.attempt_id)


def _has(order: OrderHold | None) -> dict[UUID, int]:
    if order is None or order.state not in (State.HELD, State.FIRM):
        return {}
    return {key: line.held + line.committed for key, line in order.lines.items()}


async def release_beyond(sessions: Sessions, cmd: ReleaseBudgets, attempt_id: UUID) -> None:
    """Give back what this attempt holds beyond what the order has. Remembered when nothing is held yet."""
    who = attribution.current(order_id=cmd.order_id)
    async with sessions.begin() as session:
        store = HoldStore(session)
        await store.find(cmd.order_id)
        mine = await store.open(attempt_id, amends=cmd.order_id)
        await BudgetStore(session).lock(mine.lines)
        await write(session, mine, mine.release(attempt_id), who, reason=cmd.reason)


async def amend(
    session: AsyncSession, order_id: UUID, attempt_id: UUID, amounts: Codes, event: Attribution
) -> None:
    """The order was amended: it has what its lines are now, and nothing more; its rows are locked already."""
    store = HoldStore(session)
    order = await store.find(order_id)
    extra = await store.find(attempt_id)
    if order is None and extra is None:
        return  # it names no budget, and never did
    order = order or await store.open(order_id, extra.account_id if extra else None)
    budgets = await BudgetStore(session).lock({*order.lines, *(extra.lines if extra else ())})
    if extra is not None:
        await settle(session, extra, extra.release(attempt_id), event, "amended")
    if order.state is State.CANCELLED or (order.attempt_id is not None and order.attempt_id >= attempt_id):
        return
    targets = _targets(order_id, budgets, amounts)
    if extra is None:  # nothing was held for more
        targets = {key: min(amount, _has(order).get(key, 0)) for key, amount in targets.items()}
    await settle(session, order, order.amend(attempt_id, targets), event, "amended")


def _targets(order_id: UUID, budgets: Mapping[UUID, Budget], amounts: Codes) -> dict[UUID, int]:
    known = {(budget.code, budget.currency): budget.id for budget in budgets.values()}
    for unknown in amounts.keys() - known.keys():
        log.error(
            "amended order names a budget of which nothing is held", order_id=str(order_id), code=unknown[0]
        )
    return {budget_id: amounts.get(key, 0) for key, budget_id in known.items()}
