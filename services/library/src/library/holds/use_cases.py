"""What orders do with budgets. Each function is one transaction; all budgets of an order move together."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from commis.common.v1.common_pb2 import Attribution
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import crash
from chassis.db import Sessions
from chassis.errors import FieldViolation
from chassis.money import Money
from library import attribution
from library.budgets import events
from library.budgets.domain import Budget, BudgetNotFound, Kind, Movement
from library.budgets.store import BudgetStore
from library.holds.domain import OrderHold, Overspent
from library.holds.refusals import BudgetExceeded, HoldNotFound, ReferenceReused, Wanted
from library.holds.store import HoldStore


@dataclass(frozen=True, slots=True)
class Amount:
    """What is asked of one budget code; `fields` are the request's paths that asked for it."""

    code: str
    money: Money
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HoldBudgets:
    order_id: UUID
    account_id: UUID
    as_of_date: datetime.date
    attempt_id: UUID
    amounts: Sequence[Amount]


@dataclass(frozen=True, slots=True)
class ReleaseBudgets:
    """Without attempt: the order is cancelled."""

    order_id: UUID
    attempt_id: UUID | None
    reason: str


@dataclass(frozen=True, slots=True)
class SpendBudgets:
    """`reference_id` is the invoice or credit note; the same one moves money once."""

    order_id: UUID
    reference_id: UUID
    amounts: Sequence[Amount]


async def hold_budgets(
    sessions: Sessions, cmd: HoldBudgets, *, seconds: float = 30.0
) -> tuple[Sequence[Overspent], datetime.datetime]:
    """Hold what the order needs, all or nothing; answers what is overspent by it and when the hold runs out.

    Raises BudgetNotFound, BudgetExceeded (each with every finding), HoldReleased.
    """
    who = attribution.current(cmd.account_id, cmd.order_id)
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    async with sessions.begin() as session:
        hold = await HoldStore(session).open(cmd.order_id, cmd.account_id)
        hold.refuse_stale(cmd.attempt_id)
        budgets = await BudgetStore(session).lock_by_code(
            hold.lines,
            account_id=cmd.account_id,
            as_of_date=cmd.as_of_date,
            codes=[(amount.code, amount.money.currency) for amount in cmd.amounts],
        )
        wanted = wanted_of(cmd, budgets, hold, until)
        hold.account_id = cmd.account_id
        movements, overspent = hold.hold(cmd.attempt_id, wanted, until)
        await write(session, hold, movements, who)
        crash.point("library.hold_budgets.before_commit")
    crash.point("library.hold_budgets.after_commit")
    return overspent, until


def wanted_of(
    cmd: HoldBudgets,
    budgets: Mapping[UUID, Budget],
    hold: OrderHold,
    until: datetime.datetime,
    has: Mapping[UUID, int] = MappingProxyType({}),
) -> list[Wanted]:
    """What is asked of the budgets beyond what the order `has` of each already."""
    by_code = {
        (budget.code, budget.currency): budget
        for budget in budgets.values()
        if budget.account_id == cmd.account_id and budget.covers(cmd.as_of_date)
    }
    wanted: list[Wanted] = []
    refused: list[FieldViolation] = []
    for amount in cmd.amounts:
        budget = by_code.get((amount.code, amount.money.currency))
        if budget is not None:
            more = max(0, amount.money.minor - has.get(budget.id, 0))
            wanted.append(Wanted(budget, more, amount.fields))
            continue
        text = f"There is no budget {amount.code} in {amount.money.currency} on {cmd.as_of_date}."
        refused.extend(FieldViolation(path, text, BudgetNotFound.reason) for path in amount.fields)
    if refused:
        try:  # what is short on the others belongs in the same answer
            hold.hold(cmd.attempt_id, wanted, until)
        except BudgetExceeded as exceeded:
            refused.extend(exceeded.violations)
        raise BudgetNotFound("A budget of this order does not exist.", violations=refused)
    return wanted


async def release_budgets(sessions: Sessions, cmd: ReleaseBudgets) -> None:
    """Give back what an attempt, or the whole order, holds. Remembered when nothing is held yet."""
    who = attribution.current(order_id=cmd.order_id)
    async with sessions.begin() as session:
        hold = await HoldStore(session).open(cmd.order_id)
        await BudgetStore(session).lock(hold.lines)
        movements = hold.cancel() if cmd.attempt_id is None else hold.release(cmd.attempt_id)
        await write(session, hold, movements, who, reason=cmd.reason)


async def commit_budgets(sessions: Sessions, cmd: SpendBudgets) -> None:
    """An invoice spends what is held. Raises HoldNotFound, AmountExceedsHold, ReferenceReused."""
    await _spend(sessions, cmd, Kind.COMMIT)


async def credit_budgets(sessions: Sessions, cmd: SpendBudgets) -> None:
    """A credit note gives spent money back. Raises HoldNotFound, AmountExceedsCommitted, ReferenceReused."""
    await _spend(sessions, cmd, Kind.CREDIT)


async def _spend(sessions: Sessions, cmd: SpendBudgets, kind: Kind) -> None:
    who = attribution.current(order_id=cmd.order_id)
    mark = _fingerprint(cmd)
    async with sessions.begin() as session:
        store = HoldStore(session)
        before = await store.refer(kind.value, cmd.reference_id, cmd.order_id, mark)
        if before is not None:
            if before != mark:
                raise ReferenceReused(cmd.reference_id)
            return
        hold = await store.find(cmd.order_id)
        if hold is None:
            raise HoldNotFound(cmd.order_id)
        amounts = _of_order(cmd, await BudgetStore(session).lock(hold.lines))
        movements = hold.commit(amounts) if kind is Kind.COMMIT else hold.credit(amounts)
        await write(session, hold, movements, who, reference_id=cmd.reference_id)


def _of_order(cmd: SpendBudgets, budgets: Mapping[UUID, Budget]) -> dict[UUID, int]:
    """The amounts by budget, among those the order holds: a renewed period does not change them."""
    by_code = {(budget.code, budget.currency): budget.id for budget in budgets.values()}
    unknown = [x for x in cmd.amounts if (x.code, x.money.currency) not in by_code]
    if unknown:
        text = "The order holds nothing of this budget."
        violations = [FieldViolation(path, text, HoldNotFound.reason) for x in unknown for path in x.fields]
        raise HoldNotFound(cmd.order_id, violations)
    return {by_code[(x.code, x.money.currency)]: x.money.minor for x in cmd.amounts}


def _fingerprint(cmd: SpendBudgets) -> bytes:
    listed = sorted((x.code, x.money.currency, x.money.minor) for x in cmd.amounts)
    return hashlib.sha256(repr((str(cmd.order_id), listed)).encode()).digest()


async def settle(
    session: AsyncSession, hold: OrderHold, movements: Sequence[Movement], event: Attribution, reason: str
) -> None:
    """Write what an event of orders did to a hold that is locked with all its budgets."""
    await write(session, hold, movements, attribution.caused_by(event), reason=reason)


async def write(
    session: AsyncSession,
    hold: OrderHold,
    movements: Sequence[Movement],
    who: Attribution,
    *,
    reference_id: UUID | None = None,
    reason: str = "",
) -> None:
    """Save the hold, and move the money with its ledger and events."""
    await HoldStore(session).save(hold)
    moved = await BudgetStore(session).move(
        movements,
        actor=attribution.actor(who),
        order_id=hold.amends or hold.order_id,
        reference_id=reference_id or hold.attempt_id,
        reason=reason,
    )
    events.publish_moved(session, who, moved)
