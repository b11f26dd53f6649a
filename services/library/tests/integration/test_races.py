"""Many at once: nobody spends the same euro twice, nobody waits in a circle."""

from __future__ import annotations

import asyncio
import random

import pytest

from chassis.context import Principal, Request, bind
from chassis.db import Sessions
from chassis.ids import new_id
from library.budgets import use_cases as budget_cases
from library.budgets.domain import BudgetWouldBeNegative
from library.budgets.use_cases import MoveBudget
from library.holds import use_cases
from library.holds.refusals import BudgetExceeded, HoldReleased
from library.holds.use_cases import ReleaseBudgets
from services.library.tests.factories import a_hold, create, figures

PRICE = 1_995


@pytest.mark.spec("L-05")
async def test_two_hundred_librarians_for_fifty_books(sessions: Sessions) -> None:
    account = new_id()
    budget = await create(sessions, account_id=account, total=50 * PRICE)
    slots = asyncio.Semaphore(35)

    async def one() -> bool:
        async with slots:
            try:
                await use_cases.hold_budgets(sessions, a_hold(account, {"FICTION": PRICE}))
            except BudgetExceeded:
                return False
            return True

    outcomes = await asyncio.gather(*(one() for _ in range(200)))
    assert sum(outcomes) == 50
    after = await figures(sessions, budget.id)
    assert (after["held"], after["remaining"]) == (50 * PRICE, 0)


@pytest.mark.spec("L-02", "L-06")
async def test_orders_over_many_budgets_in_any_order_never_deadlock(sessions: Sessions) -> None:
    account = new_id()
    codes = [f"B{n}" for n in range(6)]
    budgets = [await create(sessions, account_id=account, code=code, total=10**6) for code in codes]
    dice = random.Random(7)
    slots = asyncio.Semaphore(30)

    async def one(number: int) -> None:
        wanted = dict.fromkeys(dice.sample(codes, 4), 10 + number)
        order, attempt = new_id(), new_id()
        async with slots:
            await use_cases.hold_budgets(
                sessions, a_hold(account, wanted, order_id=order, attempt_id=attempt)
            )
            if number % 3 == 0:
                await use_cases.release_budgets(sessions, ReleaseBudgets(order, attempt, "race"))

    await asyncio.gather(*(one(number) for number in range(120)))
    held = [(await figures(sessions, budget.id))["held"] for budget in budgets]
    assert sum(held) == sum(4 * (10 + number) for number in range(120) if number % 3)


async def test_hold_and_release_of_one_attempt_at_once_leave_nothing(sessions: Sessions) -> None:
    account = new_id()
    budget = await create(sessions, account_id=account, total=10**6)

    async def hold(order: object, attempt: object) -> None:
        try:
            await use_cases.hold_budgets(
                sessions,
                a_hold(account, {"FICTION": 10}, order_id=order, attempt_id=attempt),  # type: ignore[arg-type]
            )
        except HoldReleased:
            return

    pairs = [(new_id(), new_id()) for _ in range(40)]
    work = [hold(order, attempt) for order, attempt in pairs]
    work += [
        use_cases.release_budgets(sessions, ReleaseBudgets(order, attempt, "")) for order, attempt in pairs
    ]
    random.Random(3).shuffle(work)
    slots = asyncio.Semaphore(30)

    async def limited(task: object) -> None:
        async with slots:
            await task  # type: ignore[misc]

    await asyncio.gather(*map(limited, work))
    assert (await figures(sessions, budget.id))["held"] == 0


async def test_staff_take_money_away_while_librarians_order(sessions: Sessions) -> None:
    account = new_id()
    budget = await create(sessions, account_id=account, total=20 * PRICE)
    slots = asyncio.Semaphore(30)

    async def order() -> int:
        async with slots:
            try:
                await use_cases.hold_budgets(sessions, a_hold(account, {"FICTION": PRICE}))
            except BudgetExceeded:
                return 0
            return PRICE

    async def lower() -> int:
        async with slots:
            cmd = MoveBudget(budget.id, -PRICE, "EUR", "moved elsewhere")
            with bind(Request("test", Principal(new_id(), "STAFF"))):
                try:
                    async with sessions.begin() as session:
                        await budget_cases.allocate_budget(session, cmd)
                except BudgetWouldBeNegative:
                    return 0
            return PRICE

    taken = await asyncio.gather(*(order() if n % 2 else lower() for n in range(60)))
    assert sum(taken) == 20 * PRICE
    assert (await figures(sessions, budget.id))["remaining"] == 0
