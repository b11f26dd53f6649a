"""What orders tell: placed turns a hold firm, amended makes it what the lines are now, cancelled gives it back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from commis.orders.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import money
from chassis.consumer import Subscription
from chassis.envelope import Meta
from library.budgets.domain import Movement
from library.budgets.store import BudgetStore
from library.holds import amending
from library.holds.domain import OrderHold
from library.holds.store import HoldStore
from library.holds.use_cases import settle

Event = events_pb2.OrderPlaced | events_pb2.OrderAmended | events_pb2.OrderCancelled


async def apply_all(session: AsyncSession, batch: Sequence[tuple[Event, Meta, Any]]) -> None:
    """All orders of the batch are locked by id, then all their budgets by id, as everywhere else.

    A cancelled order that holds nothing leaves no trace: should an attempt still be on its way, its hold
    runs out and orders, asked then, says that it is cancelled.
    """
    told = [event for event, _meta, _ in batch]
    attempts = {UUID(event.attempt_id) for event in told if isinstance(event, events_pb2.OrderAmended)}
    store = HoldStore(session)
    holds = {hold.order_id: hold for hold in await store.lock({_order(e) for e in told})}
    extra = await store.lock(attempts) if attempts else []
    await BudgetStore(session).lock({key for hold in (*holds.values(), *extra) for key in hold.lines})
    for event in told:
        if isinstance(event, events_pb2.OrderAmended):
            await _amend(session, event)
            holds |= {hold.order_id: hold for hold in await store.lock([_order(event)])}
            continue
        hold = holds.get(_order(event))
        if hold is not None:
            movements = _tell(hold, event)
            reason = "cancelled" if isinstance(event, events_pb2.OrderCancelled) else "placed"
            await settle(session, hold, movements, event.attribution, reason)


async def _amend(session: AsyncSession, event: events_pb2.OrderAmended) -> None:
    amounts: dict[tuple[str, str], int] = {}
    for line in event.lines:
        if line.budget_code:
            total = money.from_proto(line.total)
            key = (line.budget_code, total.currency)
            amounts[key] = amounts.get(key, 0) + total.minor
    await amending.amend(session, _order(event), UUID(event.attempt_id), amounts, event.attribution)


def _concerns_us(event: Event) -> bool:
    """Most orders use no budget: their events cost nothing here."""
    if isinstance(event, events_pb2.OrderPlaced):
        return any(line.budget_code for line in event.lines)
    return True


def _order(event: Event) -> UUID:
    return UUID(event.order_id)


def _tell(hold: OrderHold, event: events_pb2.OrderPlaced | events_pb2.OrderCancelled) -> list[Movement]:
    if isinstance(event, events_pb2.OrderCancelled):
        return hold.cancel()
    return hold.confirm(UUID(event.attempt_id))


SUBSCRIPTION = Subscription(
    stream="COMMIS_ORDERS",
    durable="library-holds",
    subjects=tuple(f"commis.orders.v1.order_{fact}" for fact in ("placed", "amended", "cancelled")),
    concerns=_concerns_us,
    handle_many=apply_all,
    linger=0.25,  # a hold that turns firm a little later is held all the same
)
