"""Events of orders: applied once, in any order, over a real broker and a real database."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
import sqlalchemy as sa
from commis.orders.v1 import events_pb2
from nats.aio.client import Client as NatsClient

from chassis import broker, outbox
from chassis.consumer import Consumer
from chassis.db import Sessions
from chassis.ids import new_id
from chassis.relay import Relay
from library.holds import consumers, use_cases
from library.holds.use_cases import ReleaseBudgets
from services.library.tests.factories import a_hold, create, figures


def placed(order_id: UUID, attempt_id: UUID, code: str = "FICTION") -> events_pb2.OrderPlaced:
    return events_pb2.OrderPlaced(
        order_id=str(order_id),
        attempt_id=str(attempt_id),
        lines=[events_pb2.PlacedLine(line_id=str(new_id()), budget_code=code)],
    )


def cancelled(order_id: UUID) -> events_pb2.OrderCancelled:
    return events_pb2.OrderCancelled(order_id=str(order_id), was_placed=True)


async def state(sessions: Sessions, order_id: UUID) -> str | None:
    async with sessions() as session:
        query = sa.text("SELECT state FROM order_holds WHERE order_id = :id")
        found = (await session.execute(query, {"id": order_id})).scalar_one_or_none()
        return None if found is None else str(found)


async def tell(sessions: Sessions, *events: object) -> None:
    async with sessions.begin() as session:
        await consumers.apply_all(session, [(event, None, None) for event in events])  # type: ignore[misc]


async def test_placed_makes_the_hold_firm_and_a_release_too_late(sessions: Sessions) -> None:
    account, order, attempt = new_id(), new_id(), new_id()
    budget = await create(sessions, account_id=account)
    hold = a_hold(account, {"FICTION": 10}, order_id=order, attempt_id=attempt)
    await use_cases.hold_budgets(sessions, hold)
    await tell(sessions, placed(order, attempt))
    await tell(sessions, placed(order, attempt))
    await use_cases.release_budgets(sessions, ReleaseBudgets(order, attempt, "late"))
    assert await state(sessions, order) == "FIRM"
    assert (await figures(sessions, budget.id))["held"] == 10
    await tell(sessions, cancelled(order), cancelled(order))
    assert await state(sessions, order) == "CANCELLED"
    assert (await figures(sessions, budget.id))["held"] == 0


async def test_placed_by_an_attempt_that_held_nothing_gives_the_old_hold_back(sessions: Sessions) -> None:
    account, order = new_id(), new_id()
    budget = await create(sessions, account_id=account)
    earlier, later = UUID(int=1), UUID(int=2)
    hold = a_hold(account, {"FICTION": 10}, order_id=order, attempt_id=earlier)
    await use_cases.hold_budgets(sessions, hold)
    await tell(sessions, placed(order, later))
    assert (await figures(sessions, budget.id))["held"] == 0


async def test_orders_without_budget_leave_no_trace(sessions: Sessions) -> None:
    order = new_id()
    await tell(sessions, placed(order, new_id(), code=""), cancelled(order))
    assert await state(sessions, order) is None


async def test_many_events_of_many_orders_beside_new_holds(sessions: Sessions) -> None:
    """A batch locks several orders and budgets: in the same order as everybody else."""
    account = new_id()
    codes = [f"B{n}" for n in range(4)]
    budgets = [await create(sessions, account_id=account, code=code, total=10**6) for code in codes]
    orders = [(new_id(), new_id()) for _ in range(40)]
    for order, attempt in orders:
        wanted = dict.fromkeys(codes, 5)
        await use_cases.hold_budgets(sessions, a_hold(account, wanted, order_id=order, attempt_id=attempt))
    slots = asyncio.Semaphore(20)

    async def hold() -> None:
        async with slots:
            await use_cases.hold_budgets(sessions, a_hold(account, dict.fromkeys(reversed(codes), 1)))

    batches = [orders[n : n + 10] for n in range(0, 40, 10)]
    told = [tell(sessions, *(cancelled(order) for order, _ in batch)) for batch in batches]
    await asyncio.gather(*told, *(hold() for _ in range(60)))
    assert [(await figures(sessions, budget.id))["held"] for budget in budgets] == [60] * 4


@pytest.mark.spec("M-05")
async def test_over_the_broker_once(sessions: Sessions, nats_client: NatsClient) -> None:
    account, order, attempt = new_id(), new_id(), new_id()
    await create(sessions, account_id=account)
    hold = a_hold(account, {"FICTION": 10}, order_id=order, attempt_id=attempt)
    await use_cases.hold_budgets(sessions, hold)
    await broker.ensure_stream(nats_client.jetstream(), "orders")
    async with sessions.begin() as session:
        outbox.add(
            session,
            placed(order, attempt),
            subject="commis.orders.v1.order_placed",
            aggregate_id=str(order),
        )
    engine = sessions.kw["bind"]
    tasks = [Relay(engine, nats_client, "library"), Consumer(sessions, nats_client, consumers.SUBSCRIPTION)]
    running = [asyncio.create_task(task.run()) for task in tasks]
    for _ in range(100):
        if await state(sessions, order) == "FIRM":
            break
        await asyncio.sleep(0.1)
    for task in tasks:
        await task.stop()
    await asyncio.gather(*running)
    assert await state(sessions, order) == "FIRM"
