"""BudgetService over a real channel: who may what, every violation at once, etags, repeats, pages."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any
from uuid import UUID

import grpc
import pytest
from commis.library.v1 import budgets_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask
from google.type import date_pb2, decimal_pb2, money_pb2

from chassis.errors import ServiceError
from chassis.ids import new_id
from chassis.status import from_rpc_error
from chassis.testing import as_customer, as_rep, as_rep_for, as_service, as_staff
from services.library.tests.rpc.conftest import Running

FINANCE = as_staff("FINANCE")


def euros(units: int, nanos: int = 0) -> money_pb2.Money:
    return money_pb2.Money(currency_code="EUR", units=units, nanos=nanos)


def a_budget(account_id: UUID, code: str = "FICTION", year: int = 2026, **changes: Any) -> pb.Budget:
    budget = pb.Budget(
        account_id=str(account_id),
        code=code,
        period_start_date=date_pb2.Date(year=year, month=1, day=1),
        period_end_date=date_pb2.Date(year=year + 1, month=1, day=1),
        total=euros(1_000),
    )
    budget.MergeFrom(pb.Budget(**changes))
    return budget


async def refused(call: Awaitable[Any]) -> ServiceError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return from_rpc_error(caught.value, "library")


async def created(running: Running, budget: pb.Budget | None = None, **more: Any) -> pb.Budget:
    request = pb.CreateBudgetRequest(budget=budget or a_budget(running.account_id), **more)
    return (await running.budgets.CreateBudget(request, metadata=FINANCE)).budget


@pytest.mark.spec("L-02")
async def test_a_budget_is_made_with_its_first_allocation(running: Running) -> None:
    budget = await created(
        running,
        a_budget(
            running.account_id,
            "non-fiction",
            standard_discount_percent=decimal_pb2.Decimal(value="12.5"),
            overspending=pb.Budget.OVERSPENDING_WARN,
        ),
    )
    assert (budget.code, budget.display_name) == ("NON-FICTION", "NON-FICTION")
    assert budget.remaining == budget.total == euros(1_000)
    assert budget.fixed_price_months == 6
    assert budget.standard_discount_percent.value == "12.5"
    assert budget.overspending == pb.Budget.OVERSPENDING_WARN
    request = pb.ListBudgetEntriesRequest(budget_id=budget.id)
    entries = (await running.budgets.ListBudgetEntries(request, metadata=FINANCE)).entries
    assert [(e.kind, e.amount) for e in entries] == [(pb.BudgetEntry.KIND_ALLOCATE, euros(1_000))]


async def test_every_violation_at_once(running: Running) -> None:
    bad = pb.Budget(
        account_id="nonsense",
        code="a b\x00",
        display_name="x" * 201,
        period_start_date=date_pb2.Date(year=2026, month=2, day=30),
        total=money_pb2.Money(currency_code="XXX1", units=1),
        standard_discount_percent=decimal_pb2.Decimal(value="100.01"),
        fixed_price_discount_percent=decimal_pb2.Decimal(value="1.234"),
        fixed_price_months=-1,
        overspending=77,  # type: ignore[arg-type]
    )
    error = await refused(running.budgets.CreateBudget(pb.CreateBudgetRequest(budget=bad), metadata=FINANCE))
    assert error.reason == "INVALID_FIELDS"
    assert {violation.field.removeprefix("budget.") for violation in error.violations} == {
        "account_id",
        "code",
        "display_name",
        "period_start_date",
        "period_end_date",
        "total",
        "standard_discount_percent",
        "fixed_price_discount_percent",
        "fixed_price_months",
        "overspending",
    }


@pytest.mark.parametrize(
    "amount",
    [
        euros(2**62),
        euros(10**14),
        euros(0, 1),
        euros(1, -10_000_000),
        euros(-5),
        money_pb2.Money(units=5),
        money_pb2.Money(currency_code="EU\x00", units=5),
    ],
)
async def test_amounts_that_are_none(running: Running, amount: money_pb2.Money) -> None:
    budget = a_budget(running.account_id)
    budget.total.CopyFrom(amount)
    error = await refused(
        running.budgets.CreateBudget(pb.CreateBudgetRequest(budget=budget), metadata=FINANCE)
    )
    assert [violation.field.split(".currency")[0] for violation in error.violations] == ["budget.total"]


async def test_an_unknown_account_has_no_budgets(running: Running) -> None:
    request = pb.CreateBudgetRequest(budget=a_budget(new_id()))
    assert (
        await refused(running.budgets.CreateBudget(request, metadata=FINANCE))
    ).reason == "ACCOUNT_NOT_FOUND"


async def test_one_code_has_one_budget_per_day(running: Running) -> None:
    first = await created(running)
    again = pb.CreateBudgetRequest(budget=a_budget(running.account_id, "fiction"))
    assert (
        await refused(running.budgets.CreateBudget(again, metadata=FINANCE))
    ).reason == "BUDGET_CODE_TAKEN"
    next_year = await created(running, a_budget(running.account_id, year=2027))
    next_year.period_start_date.CopyFrom(date_pb2.Date(year=2026, month=12, day=31))
    mask = FieldMask(paths=["period_start_date"])
    request = pb.UpdateBudgetRequest(budget=next_year, update_mask=mask)
    assert (
        await refused(running.budgets.UpdateBudget(request, metadata=FINANCE))
    ).reason == "BUDGET_CODE_TAKEN"
    assert first.id != next_year.id


async def test_a_repeated_request_answers_the_same_budget(running: Running) -> None:
    key = str(new_id())
    first, second = await created(running, request_id=key), await created(running, request_id=key)
    assert first == second
    other = pb.CreateBudgetRequest(budget=a_budget(running.account_id, "YOUTH"), request_id=key)
    assert (
        await refused(running.budgets.CreateBudget(other, metadata=FINANCE))
    ).reason == "REQUEST_ID_REUSED"


@pytest.mark.spec("L-02")
async def test_allocations_and_adjustments_move_the_remaining(running: Running) -> None:
    budget = await created(running)
    allocate = pb.AllocateBudgetRequest(budget_id=budget.id, amount=euros(-400), reason="moved")
    lowered = (await running.budgets.AllocateBudget(allocate, metadata=FINANCE)).budget
    assert (lowered.total, lowered.remaining) == (euros(600), euros(600))
    staff = new_id()
    adjust = pb.AdjustBudgetRequest(
        request_id=str(new_id()), budget_id=budget.id, amount=euros(-50), reason="paper invoice"
    )
    for _ in range(2):
        by_hand = as_staff("FINANCE", staff_id=staff)
        adjusted = (await running.budgets.AdjustBudget(adjust, metadata=by_hand)).budget
    assert (adjusted.adjusted, adjusted.remaining) == (euros(-50), euros(550))
    request = pb.ListBudgetEntriesRequest(budget_id=budget.id, page_size=1)
    newest = (await running.budgets.ListBudgetEntries(request, metadata=FINANCE)).entries[0]
    assert (newest.kind, newest.reason, newest.actor_id) == (
        pb.BudgetEntry.KIND_ADJUST,
        "paper invoice",
        str(staff),
    )
    too_much = pb.AdjustBudgetRequest(budget_id=budget.id, amount=euros(-551), reason="typo")
    error = await refused(running.budgets.AdjustBudget(too_much, metadata=FINANCE))
    assert error.reason == "BUDGET_WOULD_BE_NEGATIVE"
    assert error.metadata["would_remain"] == "-1.00"


async def test_movements_that_are_refused(running: Running) -> None:
    budget = await created(running)
    nothing = pb.AdjustBudgetRequest(budget_id=budget.id, amount=euros(0), reason="x")
    silent = pb.AdjustBudgetRequest(budget_id=budget.id, amount=euros(1))
    foreign = pb.AdjustBudgetRequest(
        budget_id=budget.id, amount=money_pb2.Money(currency_code="GBP", units=1), reason="x"
    )
    unknown = pb.AdjustBudgetRequest(budget_id=str(new_id()), amount=euros(1), reason="x")
    fields = []
    for request in (nothing, silent, foreign):
        error = await refused(running.budgets.AdjustBudget(request, metadata=FINANCE))
        fields += [violation.field for violation in error.violations]
    assert fields == ["amount", "reason", "amount.currency_code"]
    assert (
        await refused(running.budgets.AdjustBudget(unknown, metadata=FINANCE))
    ).reason == "BUDGET_NOT_FOUND"


async def test_updates_are_masked_and_guarded_by_the_etag(running: Running) -> None:
    budget = await created(running)
    change = pb.Budget(
        id=budget.id,
        display_name="Novels",
        fixed_price_discount_percent=decimal_pb2.Decimal(value="5"),
        fixed_price_months=12,
        etag=budget.etag,
    )
    mask = FieldMask(paths=["display_name", "fixed_price_discount_percent"])
    request = pb.UpdateBudgetRequest(budget=change, update_mask=mask)
    after = (await running.budgets.UpdateBudget(request, metadata=FINANCE)).budget
    assert (after.display_name, after.fixed_price_months) == ("Novels", 6)
    assert after.fixed_price_discount_percent.value == "5"
    assert (await refused(running.budgets.UpdateBudget(request, metadata=FINANCE))).reason == "ETAG_MISMATCH"
    unmasked = pb.UpdateBudgetRequest(budget=pb.Budget(id=budget.id, fixed_price_months=9))
    assert (await running.budgets.UpdateBudget(unmasked, metadata=FINANCE)).budget.fixed_price_months == 9


async def test_what_cannot_be_updated_is_said(running: Running) -> None:
    budget = await created(running)
    paths = ["code", "total", "nonsense", "display_name"]
    request = pb.UpdateBudgetRequest(budget=pb.Budget(id=budget.id), update_mask=FieldMask(paths=paths))
    error = await refused(running.budgets.UpdateBudget(request, metadata=FINANCE))
    assert {(v.field, v.reason) for v in error.violations} == {
        ("budget.code", "IMMUTABLE"),
        ("budget.total", "IMMUTABLE"),
        ("update_mask", "INVALID"),
        ("budget.display_name", "REQUIRED"),
    }
    backwards = pb.Budget(id=budget.id, period_end_date=date_pb2.Date(year=2025, month=1, day=1))
    error = await refused(
        running.budgets.UpdateBudget(pb.UpdateBudgetRequest(budget=backwards), metadata=FINANCE)
    )
    assert [v.field for v in error.violations] == ["budget.period_end_date"]


@pytest.mark.spec("L-05")
async def test_an_overspent_budget_cannot_start_to_refuse(running: Running) -> None:
    budget = await created(running, a_budget(running.account_id, overspending=pb.Budget.OVERSPENDING_WARN))
    adjust = pb.AdjustBudgetRequest(budget_id=budget.id, amount=euros(-1_001), reason="correction")
    await running.budgets.AdjustBudget(adjust, metadata=FINANCE)
    strict = pb.Budget(id=budget.id, overspending=pb.Budget.OVERSPENDING_REFUSE)
    error = await refused(
        running.budgets.UpdateBudget(pb.UpdateBudgetRequest(budget=strict), metadata=FINANCE)
    )
    assert error.reason == "BUDGET_WOULD_BE_NEGATIVE"


async def test_a_library_reads_its_budgets_and_changes_none(running: Running) -> None:
    budget = await created(running)
    librarian = as_customer(new_id(), running.account_id, "USER")
    stranger = as_customer(new_id(), new_id(), "ADMINISTRATOR")
    get, listing = pb.GetBudgetRequest(budget_id=budget.id), pb.ListBudgetsRequest()
    entries = pb.ListBudgetEntriesRequest(budget_id=budget.id)
    assert (await running.budgets.GetBudget(get, metadata=librarian)).budget == budget
    assert list((await running.budgets.ListBudgets(listing, metadata=librarian)).budgets) == [budget]
    assert len((await running.budgets.ListBudgetEntries(entries, metadata=librarian)).entries) == 1
    for request, call in (
        (pb.AdjustBudgetRequest(), running.budgets.AdjustBudget),
        (pb.AllocateBudgetRequest(), running.budgets.AllocateBudget),
        (pb.CreateBudgetRequest(), running.budgets.CreateBudget),
        (pb.UpdateBudgetRequest(), running.budgets.UpdateBudget),
    ):
        assert (await refused(call(request, metadata=librarian))).kind == "PERMISSION_DENIED"
        assert (await refused(call(request, metadata=as_staff("CATALOGUE")))).kind == "PERMISSION_DENIED"
    hidden = await refused(running.budgets.GetBudget(get, metadata=stranger))
    absent_id = str(new_id())
    absent = await refused(
        running.budgets.GetBudget(pb.GetBudgetRequest(budget_id=absent_id), metadata=stranger)
    )
    assert hidden.reason == absent.reason == "BUDGET_NOT_FOUND"
    assert str(hidden).replace(budget.id, absent_id) == str(absent)
    assert not (await running.budgets.ListBudgets(listing, metadata=stranger)).budgets
    theirs = pb.ListBudgetsRequest(account_id=str(running.account_id))
    assert (
        await refused(running.budgets.ListBudgets(theirs, metadata=stranger))
    ).reason == "ACCOUNT_NOT_FOUND"


@pytest.mark.spec("A-11", "A-12")
async def test_a_rep_reads_only_while_assigned(running: Running) -> None:
    budget = await created(running)
    get = pb.GetBudgetRequest(budget_id=budget.id)
    listing = pb.ListBudgetsRequest(account_id=str(running.account_id))
    rep = new_id()
    for metadata in (as_rep(rep), as_rep_for(rep, running.account_id)):
        running.customers.visible = {running.account_id}
        assert (await running.budgets.GetBudget(get, metadata=metadata)).budget.id == budget.id
        assert len((await running.budgets.ListBudgets(listing, metadata=metadata)).budgets) == 1
        running.customers.visible = set()
        error = await refused(running.budgets.GetBudget(get, metadata=metadata))
        assert error.reason == "BUDGET_NOT_FOUND"
        error = await refused(running.budgets.ListBudgets(listing, metadata=metadata))
        assert error.reason == "ACCOUNT_NOT_FOUND"
    everything = await refused(running.budgets.ListBudgets(pb.ListBudgetsRequest(), metadata=as_rep(rep)))
    assert [v.field for v in everything.violations] == ["account_id"]


async def test_strangers_are_refused(running: Running) -> None:
    get = pb.GetBudgetRequest(budget_id=str(new_id()))
    assert (await refused(running.budgets.GetBudget(get))).kind == "UNAUTHENTICATED"
    for metadata in (as_service("orders.read"), as_service("orders.read", vouching=True)):
        error = await refused(running.budgets.GetBudget(get, metadata=metadata))
        assert error.kind == "PERMISSION_DENIED"


async def test_orders_reads_the_budgets_of_the_account_it_names(running: Running) -> None:
    budget = await created(running)
    orders = as_service("library.hold", vouching=True)
    listing = pb.ListBudgetsRequest(account_id=str(running.account_id))
    for metadata in (orders, as_service("orders.write") + orders):
        assert list((await running.budgets.ListBudgets(listing, metadata=metadata)).budgets) == [budget]
        error = await refused(running.budgets.ListBudgets(pb.ListBudgetsRequest(), metadata=metadata))
        assert [violation.field for violation in error.violations] == ["account_id"]
    stranger = as_customer(new_id(), new_id())
    error = await refused(running.budgets.ListBudgets(listing, metadata=stranger + orders))
    assert error.reason == "ACCOUNT_NOT_FOUND"


async def test_pages(running: Running) -> None:
    codes = ["A", "B", "C", "D", "E"]
    for code in codes:
        await created(running, a_budget(running.account_id, code))
    await created(running, a_budget(running.account_id, "OLD", year=2024))
    listing = pb.ListBudgetsRequest(
        account_id=str(running.account_id),
        page_size=2,
        as_of_date=date_pb2.Date(year=2026, month=6, day=1),
    )
    seen: list[str] = []
    while True:
        answer = await running.budgets.ListBudgets(listing, metadata=FINANCE)
        seen += [budget.code for budget in answer.budgets]
        listing.page_token = answer.next_page_token
        if not answer.next_page_token:
            break
    assert seen == codes
    for wrong in ("garbage", "\x00", "AAAA"):
        listing.page_token = wrong
        error = await refused(running.budgets.ListBudgets(listing, metadata=FINANCE))
        assert [violation.field for violation in error.violations] == ["page_token"]
