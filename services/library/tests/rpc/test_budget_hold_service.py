"""BudgetHoldService over a real channel."""

from __future__ import annotations

from typing import Any

import pytest
from commis.library.v1 import budgets_pb2 as pb
from google.type import date_pb2, money_pb2

from chassis.ids import new_id
from chassis.testing import as_customer, as_service, as_staff
from services.library.tests.rpc.conftest import Running
from services.library.tests.rpc.test_budget_service import FINANCE, a_budget, created, euros, refused

ORDERS = as_service("library.hold", vouching=True)
TODAY = date_pb2.Date(year=2026, month=11, day=21)


def a_hold(running: Running, *amounts: tuple[str, money_pb2.Money], **changes: Any) -> pb.HoldBudgetsRequest:
    given: dict[str, Any] = {
        "order_id": str(new_id()),
        "account_id": str(running.account_id),
        "attempt_id": str(new_id()),
        "as_of_date": TODAY,
        "amounts": [pb.BudgetAmount(budget_code=code, amount=amount) for code, amount in amounts],
    }
    return pb.HoldBudgetsRequest(**(given | changes))


async def remaining(running: Running, budget: pb.Budget) -> money_pb2.Money:
    request = pb.GetBudgetRequest(budget_id=budget.id)
    return (await running.budgets.GetBudget(request, metadata=FINANCE)).budget.remaining


@pytest.mark.spec("L-02", "L-05", "L-06")
async def test_from_hold_to_credit(running: Running) -> None:
    budget = await created(running)
    librarian = as_customer(new_id(), running.account_id, "USER")
    hold = a_hold(running, ("fiction", euros(300)), ("FICTION", euros(100)))
    answer = await running.holds.HoldBudgets(hold, metadata=librarian + ORDERS)
    assert answer.expire_time.seconds
    assert await remaining(running, budget) == euros(600)
    part = pb.BudgetAmount(budget_code="FICTION", amount=euros(250))
    commit = pb.CommitBudgetsRequest(order_id=hold.order_id, commit_id=str(new_id()), amounts=[part])
    credit = pb.CreditBudgetsRequest(order_id=hold.order_id, credit_id=str(new_id()), amounts=[part])
    release = pb.ReleaseBudgetsRequest(order_id=hold.order_id, reason="cancelled")
    await running.holds.CommitBudgets(commit, metadata=ORDERS)
    await running.holds.CreditBudgets(credit, metadata=ORDERS)
    await running.holds.ReleaseBudgets(release, metadata=ORDERS)
    assert await remaining(running, budget) == euros(1_000)


@pytest.mark.spec("L-05")
async def test_the_refusal_reaches_the_caller_whole(running: Running) -> None:
    await created(running)
    hold = a_hold(running, ("FICTION", euros(900)), ("FICTION", euros(200)))
    error = await refused(running.holds.HoldBudgets(hold, metadata=ORDERS))
    assert (error.kind, error.reason) == ("FAILED_PRECONDITION", "BUDGET_EXCEEDED")
    text = "Budget FICTION: remaining 1000.00 EUR, needed 1100.00 EUR, missing 100.00 EUR."
    assert [(v.field, v.description) for v in error.violations] == [
        ("amounts[0]", text),
        ("amounts[1]", text),
    ]
    assert error.metadata["missing_0"] == "100.00"


@pytest.mark.spec("L-05")
async def test_a_warning_when_overspending_is_allowed(running: Running) -> None:
    await created(running, a_budget(running.account_id, overspending=pb.Budget.OVERSPENDING_WARN))
    answer = await running.holds.HoldBudgets(a_hold(running, ("FICTION", euros(1_001))), metadata=ORDERS)
    assert [(w.budget_code, w.remaining) for w in answer.warnings] == [("FICTION", euros(-1))]


async def test_every_violation_at_once(running: Running) -> None:
    bad = a_hold(
        running,
        ("", euros(1)),
        ("FICTION", euros(-1)),
        ("FICTION", money_pb2.Money(currency_code="EUR", units=2**60)),
        order_id="x",
        account_id="",
        attempt_id="\x00",
        as_of_date=date_pb2.Date(year=2026),
    )
    error = await refused(running.holds.HoldBudgets(bad, metadata=ORDERS))
    assert {violation.field for violation in error.violations} == {
        "order_id",
        "account_id",
        "attempt_id",
        "as_of_date",
        "amounts[0].budget_code",
        "amounts[1].amount",
        "amounts[2].amount",
    }
    empty = await refused(running.holds.CommitBudgets(pb.CommitBudgetsRequest(), metadata=ORDERS))
    assert {violation.field for violation in empty.violations} == {"order_id", "commit_id", "amounts"}
    many = a_hold(running, *[(f"B{n}", euros(1)) for n in range(201)])
    error = await refused(running.holds.HoldBudgets(many, metadata=ORDERS))
    assert [violation.field for violation in error.violations] == ["amounts"]


async def test_only_orders_may_call(running: Running) -> None:
    hold = a_hold(running, ("FICTION", euros(1)))
    for metadata in (
        as_staff("ADMIN"),
        as_customer(new_id(), running.account_id),
        as_service("orders.read"),
    ):
        assert (await refused(running.holds.HoldBudgets(hold, metadata=metadata))).kind == "PERMISSION_DENIED"
    assert (await refused(running.holds.HoldBudgets(hold))).kind == "UNAUTHENTICATED"


@pytest.mark.spec("A-22")
async def test_a_forwarded_user_never_reaches_another_account(running: Running) -> None:
    await created(running)
    hold = a_hold(running, ("FICTION", euros(1)))
    stranger = as_customer(new_id(), new_id())
    assert (
        await refused(running.holds.HoldBudgets(hold, metadata=stranger + ORDERS))
    ).reason == "ACCOUNT_NOT_FOUND"


async def test_warn_budgets_have_a_ceiling_far_from_overflow(running: Running) -> None:
    await created(running, a_budget(running.account_id, overspending=pb.Budget.OVERSPENDING_WARN))
    ten = [("FICTION", money_pb2.Money(currency_code="EUR", units=10**13)) for _ in range(101)]
    error = await refused(running.holds.HoldBudgets(a_hold(running, *ten), metadata=ORDERS))
    assert (error.reason, error.violations[0].reason) == ("INVALID_FIELDS", "OUT_OF_RANGE")
