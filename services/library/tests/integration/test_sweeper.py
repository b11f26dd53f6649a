"""Holds that ran out: what orders says decides, and nothing happens while orders is silent."""

from __future__ import annotations

import datetime
from uuid import UUID

import pytest
import sqlalchemy as sa

from chassis.db import Sessions
from chassis.errors import DependencyFailed
from chassis.ids import new_id
from library.holds import use_cases
from library.holds.sweeper import TOMBSTONE_DAYS, sweep
from library.holds.use_cases import ReleaseBudgets
from library.ports import Placement
from services.library.tests.factories import FakeOrders, a_hold, create, figures

NOW = datetime.datetime.now(datetime.UTC)
LATER = NOW + datetime.timedelta(seconds=90)


async def rows(sessions: Sessions) -> dict[UUID, str]:
    async with sessions() as session:
        found = await session.execute(sa.text("SELECT order_id, state FROM order_holds"))
        return {row.order_id: row.state for row in found}


@pytest.mark.parametrize(
    ("answer", "state", "held"),
    [
        ("PLACED", "FIRM", 10),
        ("NOT_PLACED", "RELEASED", 0),
        ("UNKNOWN", "RELEASED", 0),
        ("CANCELLED", "CANCELLED", 0),
        ("IN_PROGRESS", "HELD", 10),
    ],
)
@pytest.mark.spec("L-02")
async def test_the_answer_of_orders_decides(sessions: Sessions, answer: str, state: str, held: int) -> None:
    account = new_id()
    budget = await create(sessions, account_id=account)
    cmd = a_hold(account, {"FICTION": 10})
    await use_cases.hold_budgets(sessions, cmd)
    orders = FakeOrders({cmd.order_id: Placement(answer, cmd.attempt_id)})
    assert await sweep(sessions, orders, NOW) == 0, "it has not run out yet"
    await sweep(sessions, orders, LATER)
    assert await rows(sessions) == {cmd.order_id: state}
    assert (await figures(sessions, budget.id))["held"] == held
    assert await sweep(sessions, orders, LATER) == 0, "it is decided, or asked again only later"


async def test_everything_is_kept_while_orders_cannot_answer(sessions: Sessions) -> None:
    account = new_id()
    budget = await create(sessions, account_id=account)
    await use_cases.hold_budgets(sessions, a_hold(account, {"FICTION": 10}))
    orders = FakeOrders()
    orders.error = DependencyFailed("orders")
    with pytest.raises(DependencyFailed):
        await sweep(sessions, orders, LATER)
    assert (await figures(sessions, budget.id))["held"] == 10


async def test_a_new_attempt_while_orders_is_asked_is_not_released(sessions: Sessions) -> None:
    account, order = new_id(), new_id()
    budget = await create(sessions, account_id=account)
    first, second = UUID(int=1), UUID(int=2)
    hold = a_hold(account, {"FICTION": 10}, order_id=order, attempt_id=first)
    await use_cases.hold_budgets(sessions, hold)

    class Slow(FakeOrders):
        async def get_placements(self, order_ids):  # type: ignore[no-untyped-def]
            again = a_hold(account, {"FICTION": 12}, order_id=order, attempt_id=second)
            await use_cases.hold_budgets(sessions, again)
            return {order: Placement("NOT_PLACED")}

    await sweep(sessions, Slow(), LATER)
    assert (await figures(sessions, budget.id))["held"] == 12


async def test_old_tombstones_go_and_spent_orders_stay(sessions: Sessions) -> None:
    account, spent, released = new_id(), new_id(), new_id()
    await create(sessions, account_id=account)
    await use_cases.hold_budgets(sessions, a_hold(account, {"FICTION": 10}, order_id=spent))
    from services.library.tests.factories import a_spending

    await use_cases.commit_budgets(sessions, a_spending(spent, {"FICTION": 4}))
    for order in (spent, released):
        await use_cases.release_budgets(sessions, ReleaseBudgets(order, None, ""))
    await sweep(sessions, FakeOrders(), LATER)
    assert set(await rows(sessions)) == {spent, released}
    await sweep(sessions, FakeOrders(), LATER + datetime.timedelta(days=TOMBSTONE_DAYS))
    assert set(await rows(sessions)) == {spent}
