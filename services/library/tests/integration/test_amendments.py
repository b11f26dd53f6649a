"""A placed order changes: what goes beyond is held, what it has stays, and the fact makes it what its lines are."""

from __future__ import annotations

import datetime
from uuid import UUID

import pytest
import sqlalchemy as sa
from commis.orders.v1 import events_pb2

from chassis import money
from chassis.db import Sessions
from chassis.ids import new_id
from chassis.money import Money
from library.holds import amending, use_cases
from library.holds.refusals import BudgetExceeded, HoldReleased
from library.holds.sweeper import sweep
from library.holds.use_cases import ReleaseBudgets
from library.ports import Placement
from services.library.tests.factories import FakeOrders, a_hold, create, figures
from services.library.tests.integration.test_consumers import cancelled, placed, tell

pytestmark = pytest.mark.spec("N-09", "L-02")


def amended(order: UUID, attempt: UUID, **amounts: int) -> events_pb2.OrderAmended:
    lines = [
        events_pb2.PlacedLine(
            line_id=str(new_id()), budget_code=code, total=money.to_proto(Money(minor, "EUR"))
        )
        for code, minor in amounts.items()
    ]
    lines.append(events_pb2.PlacedLine(line_id=str(new_id()), total=money.to_proto(Money(7, "EUR"))))
    return events_pb2.OrderAmended(order_id=str(order), attempt_id=str(attempt), lines=lines)


async def an_order(sessions: Sessions, account: UUID, **amounts: int) -> tuple[UUID, UUID]:
    order, attempt = new_id(), new_id()
    await use_cases.hold_budgets(sessions, a_hold(account, amounts, order_id=order, attempt_id=attempt))
    await tell(sessions, placed(order, attempt))
    return order, attempt


async def beyond(
    sessions: Sessions, account: UUID, order: UUID, attempt: UUID | None = None, **amounts: int
) -> UUID:
    attempt = attempt or new_id()
    await amending.hold_beyond(sessions, a_hold(account, amounts, order_id=order, attempt_id=attempt))
    return attempt


async def held(sessions: Sessions, *budgets: UUID) -> list[int]:
    return [(await figures(sessions, budget))["held"] for budget in budgets]


async def test_only_what_goes_beyond_is_held_until_the_order_is_amended(sessions: Sessions) -> None:
    account = new_id()
    fiction = (await create(sessions, account_id=account)).id
    youth = (await create(sessions, account_id=account, code="YOUTH")).id
    order, _ = await an_order(sessions, account, FICTION=100)
    attempt = await beyond(sessions, account, order, FICTION=130, YOUTH=20)
    await beyond(sessions, account, order, attempt, FICTION=130, YOUTH=20)
    assert await held(sessions, fiction, youth) == [130, 20]
    done = amended(order, attempt, FICTION=130, YOUTH=20)
    await tell(sessions, done, done)
    await tell(sessions, done)
    assert await held(sessions, fiction, youth) == [130, 20]
    await amending.release_beyond(sessions, ReleaseBudgets(order, attempt, "late"), attempt)
    await beyond(sessions, account, order, attempt, FICTION=130)  # the answer that was lost
    assert await held(sessions, fiction, youth) == [130, 20]
    async with sessions() as session:
        told = await session.scalars(
            sa.text("SELECT DISTINCT order_id FROM budget_entries WHERE order_id IS NOT NULL")
        )
        assert list(told) == [order]  # the ledger knows orders
    await tell(sessions, cancelled(order))
    assert await held(sessions, fiction, youth) == [0, 0]


async def test_less_is_given_back_when_the_order_was_amended_and_not_before(sessions: Sessions) -> None:
    account = new_id()
    fiction = (await create(sessions, account_id=account)).id
    youth = (await create(sessions, account_id=account, code="YOUTH")).id
    order, _ = await an_order(sessions, account, FICTION=100, YOUTH=40)
    attempt = await beyond(sessions, account, order, FICTION=60)
    assert await held(sessions, fiction, youth) == [100, 40]
    await tell(sessions, amended(order, attempt, FICTION=60))
    assert await held(sessions, fiction, youth) == [60, 0]
    await tell(sessions, amended(order, new_id()))  # nothing was asked for: it names no budget any more
    assert await held(sessions, fiction, youth) == [0, 0]


async def test_an_order_without_budgets_may_get_one(sessions: Sessions) -> None:
    account, order = new_id(), new_id()
    fiction = (await create(sessions, account_id=account)).id
    await tell(sessions, amended(order, new_id()))
    attempt = await beyond(sessions, account, order, FICTION=60)
    await tell(sessions, amended(order, attempt, FICTION=60))
    assert await held(sessions, fiction) == [60]
    last = await beyond(sessions, account, order, FICTION=70)
    assert await held(sessions, fiction) == [70]
    await tell(sessions, cancelled(order), amended(order, last, FICTION=70))
    assert await held(sessions, fiction) == [0]
    with pytest.raises(HoldReleased):
        await beyond(sessions, account, order, FICTION=80)


async def test_what_does_not_suffice_holds_nothing_and_the_order_keeps_what_it_has(
    sessions: Sessions,
) -> None:
    account = new_id()
    fiction = (await create(sessions, account_id=account, total=120)).id
    order, _ = await an_order(sessions, account, FICTION=100)
    with pytest.raises(BudgetExceeded):
        await beyond(sessions, account, order, FICTION=121)
    await beyond(sessions, account, order, FICTION=120)
    assert await held(sessions, fiction) == [120]


async def test_released_or_replaced_attempts_give_their_part_alone(sessions: Sessions) -> None:
    account = new_id()
    fiction = (await create(sessions, account_id=account, total=150)).id
    order, _ = await an_order(sessions, account, FICTION=100)
    first, early, second = await beyond(sessions, account, order, FICTION=150), new_id(), new_id()
    await amending.release_beyond(sessions, ReleaseBudgets(order, first, "no"), first)
    await amending.release_beyond(sessions, ReleaseBudgets(order, early, "no"), early)  # before its hold
    assert await held(sessions, fiction) == [100]
    for attempt in (first, early):
        with pytest.raises(HoldReleased):
            await beyond(sessions, account, order, attempt, FICTION=150)
    third = await beyond(sessions, account, order, FICTION=150)
    with pytest.raises(HoldReleased):  # a later one is there
        await beyond(sessions, account, order, second, FICTION=110)
    fourth = await beyond(sessions, account, order, FICTION=140)  # all that the third held is free again
    assert await held(sessions, fiction) == [140]
    await tell(sessions, amended(order, fourth, FICTION=140))
    with pytest.raises(HoldReleased):
        await beyond(sessions, account, order, third, FICTION=150)
    assert await held(sessions, fiction) == [140]


@pytest.mark.parametrize(("state", "by_it", "left"), [
    ("PLACED", False, 100), ("PLACED", True, 130), ("CANCELLED", False, 100), ("UNKNOWN", False, 100),
])  # fmt: skip
async def test_what_is_left_over_is_swept_and_the_firm_part_stays(
    sessions: Sessions, state: str, by_it: bool, left: int
) -> None:
    account = new_id()
    fiction = (await create(sessions, account_id=account)).id
    order, first = await an_order(sessions, account, FICTION=100)
    attempt = await beyond(sessions, account, order, FICTION=130)
    orders = FakeOrders({order: Placement(state, attempt if by_it else first)})
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=90)
    await sweep(sessions, orders, later)
    assert await held(sessions, fiction) == [left]
    if by_it:  # the event says more
        await tell(sessions, amended(order, attempt, FICTION=130))
        assert await held(sessions, fiction) == [130]
    assert await sweep(sessions, orders, later + datetime.timedelta(minutes=5)) == 0
