"""Holding, replacing, releasing, spending and crediting, on a real database."""

from __future__ import annotations

import datetime
from uuid import UUID

import pytest
import sqlalchemy as sa

from chassis.db import Sessions
from chassis.ids import new_id
from library.budgets.domain import BudgetNotFound, Overspending
from library.holds import use_cases
from library.holds.refusals import (
    AmountExceedsCommitted,
    AmountExceedsHold,
    BudgetExceeded,
    HoldNotFound,
    HoldReleased,
    ReferenceReused,
)
from library.holds.use_cases import HoldBudgets, ReleaseBudgets
from services.library.tests.factories import TODAY, YEAR_END, a_hold, a_spending, amounts, create, figures

ATTEMPTS = [UUID(int=n) for n in range(1, 5)]


async def release(sessions: Sessions, order_id: UUID, attempt_id: UUID | None) -> None:
    await use_cases.release_budgets(sessions, ReleaseBudgets(order_id, attempt_id, "test"))


async def movements(sessions: Sessions) -> list[tuple[str, int]]:
    async with sessions() as session:
        query = "SELECT kind, amount FROM budget_entries WHERE order_id IS NOT NULL ORDER BY id"
        return [(row.kind, row.amount) for row in await session.execute(sa.text(query))]


async def events(sessions: Sessions) -> int:
    async with sessions() as session:
        return (await session.execute(sa.text("SELECT count(*) FROM outbox"))).scalar_one()


@pytest.mark.spec("L-02", "L-06")
async def test_all_budgets_of_an_order_move_together(sessions: Sessions) -> None:
    account = new_id()
    fiction = await create(sessions, account_id=account, total=10_000)
    youth = await create(sessions, account_id=account, code="YOUTH", total=500)
    cmd = a_hold(account, {"FICTION": 4_000, "YOUTH": 500})
    overspent, until = await use_cases.hold_budgets(sessions, cmd)
    assert not overspent
    assert until > datetime.datetime.now(datetime.UTC)
    assert (await figures(sessions, fiction.id))["remaining"] == 6_000
    assert (await figures(sessions, youth.id))["remaining"] == 0

    with pytest.raises(BudgetExceeded) as refused:
        await use_cases.hold_budgets(sessions, a_hold(account, {"FICTION": 6_000, "YOUTH": 1}))
    assert refused.value.metadata["budget_codes"] == "YOUTH"
    assert (await figures(sessions, fiction.id))["remaining"] == 6_000


@pytest.mark.spec("L-05")
async def test_a_refusal_names_every_budget_with_its_figures(sessions: Sessions) -> None:
    account = new_id()
    await create(sessions, account_id=account, total=1_000)
    await create(sessions, account_id=account, code="YOUTH", total=250)
    with pytest.raises(BudgetExceeded) as refused:
        await use_cases.hold_budgets(sessions, a_hold(account, {"FICTION": 1_500, "YOUTH": 300}))
    assert {v.field: v.description for v in refused.value.violations} == {
        "amounts[0]": "Budget FICTION: remaining 10.00 EUR, needed 15.00 EUR, missing 5.00 EUR.",
        "amounts[1]": "Budget YOUTH: remaining 2.50 EUR, needed 3.00 EUR, missing 0.50 EUR.",
    }
    assert refused.value.metadata["missing_1"] == "0.50"

    with pytest.raises(BudgetNotFound) as unknown:
        await use_cases.hold_budgets(sessions, a_hold(account, {"COMICS": 1, "YOUTH": 300}))
    assert [(v.field, v.reason) for v in unknown.value.violations] == [
        ("amounts[0]", "BUDGET_NOT_FOUND"),
        ("amounts[1]", "BUDGET_EXCEEDED"),
    ]


@pytest.mark.spec("L-05")
async def test_a_budget_that_warns_lets_the_order_pass(sessions: Sessions) -> None:
    account = new_id()
    budget = await create(sessions, account_id=account, total=100, overspending=Overspending.WARN)
    overspent, _ = await use_cases.hold_budgets(sessions, a_hold(account, {"FICTION": 150}))
    assert [(item.budget.code, item.remaining) for item in overspent] == [("FICTION", -50)]
    assert (await figures(sessions, budget.id))["remaining"] == -50


async def test_currency_date_and_account_choose_the_budget(sessions: Sessions) -> None:
    account, other = new_id(), new_id()
    await create(sessions, account_id=account, total=100, currency="GBP")
    await create(sessions, account_id=account, total=100, start=YEAR_END, end=YEAR_END.replace(year=2028))
    await create(sessions, account_id=other, total=100)
    for refused in (a_hold(account, {"FICTION": 1}), a_hold(new_id(), {"FICTION": 1})):
        with pytest.raises(BudgetNotFound):
            await use_cases.hold_budgets(sessions, refused)
    next_year = HoldBudgets(new_id(), account, YEAR_END, new_id(), amounts({"FICTION": 100}))
    await use_cases.hold_budgets(sessions, next_year)


async def test_a_repeat_changes_nothing_but_the_expiry(sessions: Sessions) -> None:
    account = new_id()
    budget = await create(sessions, account_id=account)
    cmd = a_hold(account, {"FICTION": 700})
    _, first = await use_cases.hold_budgets(sessions, cmd)
    before = await events(sessions)
    _, second = await use_cases.hold_budgets(sessions, cmd)
    assert second > first
    assert await movements(sessions) == [("HOLD", 700)]
    assert await events(sessions) == before
    assert (await figures(sessions, budget.id))["held"] == 700


async def test_a_later_attempt_replaces_the_hold_of_an_earlier_one(sessions: Sessions) -> None:
    account, order = new_id(), new_id()
    fiction = await create(sessions, account_id=account, total=1_000)
    youth = await create(sessions, account_id=account, code="YOUTH", total=1_000)
    first, second = ATTEMPTS[0], ATTEMPTS[1]
    await use_cases.hold_budgets(
        sessions, a_hold(account, {"FICTION": 800}, order_id=order, attempt_id=first)
    )
    await use_cases.hold_budgets(
        sessions, a_hold(account, {"FICTION": 900, "YOUTH": 10}, order_id=order, attempt_id=second)
    )
    assert (await figures(sessions, fiction.id))["held"] == 900
    await release(sessions, order, first)
    assert (await figures(sessions, fiction.id))["held"] == 900
    await use_cases.hold_budgets(
        sessions, a_hold(account, {"YOUTH": 5}, order_id=order, attempt_id=ATTEMPTS[2])
    )
    assert (await figures(sessions, fiction.id))["held"] == 0
    assert (await figures(sessions, youth.id))["held"] == 5
    with pytest.raises(HoldReleased):
        await use_cases.hold_budgets(
            sessions, a_hold(account, {"FICTION": 1}, order_id=order, attempt_id=second)
        )


async def test_a_release_that_comes_first_is_remembered(sessions: Sessions) -> None:
    account, order = new_id(), new_id()
    budget = await create(sessions, account_id=account)
    await release(sessions, order, ATTEMPTS[1])
    for attempt in ATTEMPTS[:2]:
        with pytest.raises(HoldReleased):
            await use_cases.hold_budgets(
                sessions, a_hold(account, {"FICTION": 1}, order_id=order, attempt_id=attempt)
            )
    later = a_hold(account, {"FICTION": 1}, order_id=order, attempt_id=ATTEMPTS[2])
    await use_cases.hold_budgets(sessions, later)
    await release(sessions, order, None)
    await release(sessions, order, None)
    assert (await figures(sessions, budget.id))["held"] == 0
    with pytest.raises(HoldReleased):
        await use_cases.hold_budgets(
            sessions, a_hold(account, {"FICTION": 1}, order_id=order, attempt_id=ATTEMPTS[3])
        )
    assert await movements(sessions) == [("HOLD", 1), ("RELEASE", -1)]


@pytest.mark.spec("L-02")
async def test_an_order_is_invoiced_in_parts_and_credited(sessions: Sessions) -> None:
    account, order = new_id(), new_id()
    budget = await create(sessions, account_id=account, total=1_000)
    await use_cases.hold_budgets(sessions, a_hold(account, {"FICTION": 600}, order_id=order))
    first, second = a_spending(order, {"FICTION": 250}), a_spending(order, {"FICTION": 300})
    for _ in range(2):
        await use_cases.commit_budgets(sessions, first)
    await use_cases.commit_budgets(sessions, second)
    with pytest.raises(AmountExceedsHold):
        await use_cases.commit_budgets(sessions, a_spending(order, {"FICTION": 51}))
    with pytest.raises(ReferenceReused):
        await use_cases.commit_budgets(
            sessions, a_spending(order, {"FICTION": 1}, reference_id=first.reference_id)
        )
    credit = a_spending(order, {"FICTION": 550})
    for _ in range(2):
        await use_cases.credit_budgets(sessions, credit)
    with pytest.raises(AmountExceedsCommitted):
        await use_cases.credit_budgets(sessions, a_spending(order, {"FICTION": 1}))
    await release(sessions, order, None)
    assert await figures(sessions, budget.id) == {
        "total": 1_000,
        "held": 0,
        "committed": 550,
        "credited": 550,
        "adjusted": 0,
        "remaining": 1_000,
    }


async def test_spending_needs_a_hold_of_that_budget(sessions: Sessions) -> None:
    account, order = new_id(), new_id()
    await create(sessions, account_id=account)
    await create(sessions, account_id=account, code="YOUTH")
    with pytest.raises(HoldNotFound):
        await use_cases.commit_budgets(sessions, a_spending(order, {"FICTION": 1}))
    await use_cases.hold_budgets(sessions, a_hold(account, {"FICTION": 600}, order_id=order))
    with pytest.raises(HoldNotFound) as refused:
        await use_cases.commit_budgets(sessions, a_spending(order, {"YOUTH": 1}))
    assert [v.field for v in refused.value.violations] == ["amounts[0]"]


async def test_every_movement_is_published(sessions: Sessions) -> None:
    account, order = new_id(), new_id()
    await create(sessions, account_id=account)
    await use_cases.hold_budgets(sessions, a_hold(account, {"FICTION": 600}, order_id=order))
    await use_cases.commit_budgets(sessions, a_spending(order, {"FICTION": 100}))
    await release(sessions, order, None)
    async with sessions() as session:
        rows = (await session.execute(sa.text("SELECT * FROM outbox ORDER BY position"))).all()
    from commis.library.v1.events_pb2 import BudgetChanged

    told = [BudgetChanged.FromString(row.payload) for row in rows]
    assert [(x.movement, x.remaining.units) for x in told] == [
        ("ALLOCATE", 100),
        ("HOLD", 94),
        ("COMMIT", 94),
        ("RELEASE", 99),
    ]
    assert {x.account_id for x in told} == {str(account)}
    assert told[1].attribution.order_id == str(order)
    versions = [int(row.headers["ce-aggregateversion"]) for row in rows]
    assert versions == sorted(set(versions))


async def test_the_hold_is_for_the_day_of_the_order(sessions: Sessions) -> None:
    """The last day of a period is not in it: ranges are half-open."""
    account = new_id()
    await create(sessions, account_id=account, start=TODAY - datetime.timedelta(days=1), end=TODAY)
    with pytest.raises(BudgetNotFound):
        await use_cases.hold_budgets(sessions, a_hold(account, {"FICTION": 1}))
