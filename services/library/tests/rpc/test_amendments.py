"""Amendments over the wire: an attempt that says so is apart from those that place."""

from __future__ import annotations

import pytest
from commis.library.v1 import budgets_pb2 as pb

from chassis.ids import new_id
from services.library.tests.rpc.conftest import Running
from services.library.tests.rpc.test_budget_hold_service import ORDERS, a_hold, remaining
from services.library.tests.rpc.test_budget_service import created, euros, refused


@pytest.mark.spec("N-09", "L-02")
async def test_what_goes_beyond_is_held_and_given_back(running: Running) -> None:
    budget = await created(running)
    hold = a_hold(running, ("FICTION", euros(300)))
    await running.holds.HoldBudgets(hold, metadata=ORDERS)
    more = a_hold(running, ("FICTION", euros(450)), order_id=hold.order_id, amends=True)
    assert (await running.holds.HoldBudgets(more, metadata=ORDERS)).expire_time.seconds
    assert await remaining(running, budget) == euros(550)
    release = pb.ReleaseBudgetsRequest(order_id=hold.order_id, attempt_id=more.attempt_id, amends=True)
    await running.holds.ReleaseBudgets(release, metadata=ORDERS)
    assert await remaining(running, budget) == euros(700)
    late = await refused(running.holds.HoldBudgets(more, metadata=ORDERS))
    assert (late.kind, late.reason) == ("FAILED_PRECONDITION", "HOLD_RELEASED")
    too_much = a_hold(running, ("FICTION", euros(1001)), order_id=hold.order_id, amends=True)
    error = await refused(running.holds.HoldBudgets(too_much, metadata=ORDERS))
    assert [(v.field, v.reason) for v in error.violations] == [("amounts[0]", "BUDGET_EXCEEDED")]


async def test_a_release_of_an_amendment_names_its_attempt(running: Running) -> None:
    release = pb.ReleaseBudgetsRequest(order_id=str(new_id()), amends=True)
    error = await refused(running.holds.ReleaseBudgets(release, metadata=ORDERS))
    assert [v.field for v in error.violations] == ["attempt_id"]
