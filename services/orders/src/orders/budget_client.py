"""Library's budgets over gRPC: translation and named findings only."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from uuid import UUID

from commis.library.v1 import budgets_pb2, budgets_pb2_grpc
from google.type import date_pb2
from grpc.aio import Channel

from chassis import client, money
from chassis.errors import FieldViolation, RemoteError
from chassis.money import Money
from chassis.tokens import ServiceTokens
from orders.clients import RELEASE_SECONDS
from orders.ports import BudgetNeed

_BUDGET_FINDINGS = frozenset(("BUDGET_EXCEEDED", "BUDGET_NOT_FOUND", "INVALID_FIELDS"))
_AMOUNT = re.compile(r"amounts\[(\d+)\]")


def _date(day: datetime.date) -> date_pb2.Date:
    return date_pb2.Date(year=day.year, month=day.month, day=day.day)


class LibraryClient:
    def __init__(self, channel: Channel, tokens: ServiceTokens) -> None:
        self._holds = budgets_pb2_grpc.BudgetHoldServiceStub(channel)
        self._budgets = budgets_pb2_grpc.BudgetServiceStub(channel)
        self._tokens = tokens

    async def hold(
        self,
        order_id: UUID,
        attempt_id: UUID,
        account_id: UUID,
        as_of: datetime.date,
        needs: Sequence[BudgetNeed],
        *,
        amends: bool = False,
    ) -> tuple[FieldViolation, ...]:
        request = budgets_pb2.HoldBudgetsRequest(
            amends=amends,
            order_id=str(order_id),
            attempt_id=str(attempt_id),
            account_id=str(account_id),
            as_of_date=_date(as_of),
            amounts=[
                budgets_pb2.BudgetAmount(
                    budget_code=code,
                    amount=money.to_proto(Money(_sum(own), own[0].amount.currency)),
                    line_ids=[str(need.line_id) for need in own],
                )
                for code, own in _by_code(needs).items()
            ],
        )
        try:
            await client.call(self._holds.HoldBudgets, request, service=self._tokens)
        except RemoteError as error:
            if error.reason not in _BUDGET_FINDINGS:
                raise
            return _findings(error, needs)
        return ()

    async def check(
        self, account_id: UUID, as_of: datetime.date, needs: Sequence[BudgetNeed]
    ) -> tuple[FieldViolation, ...]:
        request = budgets_pb2.ListBudgetsRequest(
            page_size=200, account_id=str(account_id), as_of_date=_date(as_of)
        )
        answer = await client.call(self._budgets.ListBudgets, request, service=self._tokens)
        budgets = {budget.code: budget for budget in answer.budgets}
        return _compare(budgets, needs)

    async def release(self, order_id: UUID, attempt_id: UUID, *, amends: bool = False) -> None:
        reason = "not amended" if amends else "not placed"
        request = budgets_pb2.ReleaseBudgetsRequest(
            order_id=str(order_id), attempt_id=str(attempt_id), reason=reason, amends=amends
        )
        await client.call(self._holds.ReleaseBudgets, request, service=self._tokens, timeout=RELEASE_SECONDS)


def _field(need: BudgetNeed) -> str:
    return f"lines[{need.line}].budget_code"


def _by_code(needs: Sequence[BudgetNeed]) -> dict[str, list[BudgetNeed]]:
    grouped: dict[str, list[BudgetNeed]] = {}
    for need in needs:
        grouped.setdefault(need.budget_code, []).append(need)
    return grouped


def _sum(needs: Sequence[BudgetNeed]) -> int:
    return sum(need.amount.minor for need in needs)


def _findings(error: RemoteError, needs: Sequence[BudgetNeed]) -> tuple[FieldViolation, ...]:
    """Library names the amounts of its request; the caller knows lines."""
    groups = list(_by_code(needs).values())
    found = []
    for violation in error.violations:
        match = _AMOUNT.match(violation.field)
        reason = error.reason if violation.reason == "INVALID" else violation.reason
        for need in groups[int(match[1])] if match else needs:
            found.append(FieldViolation(_field(need), violation.description, reason))
    if not found:
        found = [FieldViolation(_field(need), error.message, error.reason) for need in needs]
    return tuple(found)


def _compare(
    budgets: dict[str, budgets_pb2.Budget], needs: Sequence[BudgetNeed]
) -> tuple[FieldViolation, ...]:
    needed = {code: _sum(own) for code, own in _by_code(needs).items()}
    found = []
    for need in needs:
        budget = budgets.get(need.budget_code)
        if budget is None:
            text = f"There is no budget {need.budget_code} for this period."
            found.append(FieldViolation(_field(need), text, "BUDGET_NOT_FOUND"))
            continue
        remaining = money.from_proto(budget.remaining)
        total = Money(needed[need.budget_code], need.amount.currency)
        refuses = budget.overspending != budgets_pb2.Budget.OVERSPENDING_WARN
        if refuses and (remaining.currency != total.currency or remaining.minor < total.minor):
            text = (
                f"Budget {need.budget_code}: remaining {remaining.decimal} {remaining.currency},"
                f" needed {total.decimal} {total.currency}."
            )
            found.append(FieldViolation(_field(need), text, "BUDGET_EXCEEDED"))
    return tuple(found)
