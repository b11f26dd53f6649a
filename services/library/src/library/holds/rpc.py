"""BudgetHoldService: what orders ask while placing, invoicing, cancelling and crediting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from commis.library.v1 import budgets_pb2 as pb
from commis.library.v1 import budgets_pb2_grpc

from chassis import access, context, fields, money
from chassis.access import Rule
from chassis.db import Sessions
from chassis.errors import Violations
from chassis.money import Money
from library.budgets import wire
from library.budgets.domain import AccountNotFound, amount_text
from library.holds import amending, use_cases
from library.holds.domain import Overspent
from library.holds.use_cases import Amount, HoldBudgets, ReleaseBudgets, SpendBudgets

MAX_BUDGETS = 200
_ORDERS = access.services("library.hold")


class BudgetHoldServicer(budgets_pb2_grpc.BudgetHoldServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "HoldBudgets": _ORDERS,
        "CommitBudgets": _ORDERS,
        "ReleaseBudgets": _ORDERS,
        "CreditBudgets": _ORDERS,
    }

    def __init__(self, sessions: Sessions, *, hold_seconds: float = 30.0) -> None:
        self._sessions = sessions
        self._hold_seconds = hold_seconds

    async def HoldBudgets(self, request: pb.HoldBudgetsRequest, _: Any) -> pb.HoldBudgetsResponse:
        v = Violations()
        order_id = fields.identifier(v, "order_id", request.order_id)
        account_id = fields.identifier(v, "account_id", request.account_id)
        attempt_id = fields.identifier(v, "attempt_id", request.attempt_id)
        as_of_date = fields.date(v, "as_of_date", request.as_of_date)
        if as_of_date is None and not v:
            v.add("as_of_date", "is required", "REQUIRED")
        amounts = _amounts(v, request.amounts)
        v.raise_if_any()
        assert order_id
        assert account_id
        assert attempt_id
        assert as_of_date
        _check_account(account_id)
        cmd = HoldBudgets(order_id, account_id, as_of_date, attempt_id, amounts)
        hold = amending.hold_beyond if request.amends else use_cases.hold_budgets
        overspent, until = await hold(self._sessions, cmd, seconds=self._hold_seconds)
        response = pb.HoldBudgetsResponse(warnings=[_warning(item) for item in overspent])
        response.expire_time.FromDatetime(until)
        return response

    async def CommitBudgets(self, request: pb.CommitBudgetsRequest, _: Any) -> pb.CommitBudgetsResponse:
        cmd = _spend_command("commit_id", request.order_id, request.commit_id, request.amounts)
        await use_cases.commit_budgets(self._sessions, cmd)
        return pb.CommitBudgetsResponse()

    async def ReleaseBudgets(self, request: pb.ReleaseBudgetsRequest, _: Any) -> pb.ReleaseBudgetsResponse:
        v = Violations()
        order_id = fields.identifier(v, "order_id", request.order_id)
        attempt_id = fields.identifier(v, "attempt_id", request.attempt_id, required=False)
        reason = fields.text(v, "reason", request.reason, max_length=500)
        if request.amends and not request.attempt_id:
            v.add("attempt_id", "is required", "REQUIRED")
        v.raise_if_any()
        assert order_id
        cmd = ReleaseBudgets(order_id, attempt_id, reason)
        if request.amends and attempt_id is not None:
            await amending.release_beyond(self._sessions, cmd, attempt_id)
        else:
            await use_cases.release_budgets(self._sessions, cmd)
        return pb.ReleaseBudgetsResponse()

    async def CreditBudgets(self, request: pb.CreditBudgetsRequest, _: Any) -> pb.CreditBudgetsResponse:
        cmd = _spend_command("credit_id", request.order_id, request.credit_id, request.amounts)
        await use_cases.credit_budgets(self._sessions, cmd)
        return pb.CreditBudgetsResponse()


def _check_account(account_id: UUID) -> None:
    """Orders vouches for the call, but a token that acts for one account never reaches another's money.
    Whether a rep may still act is asked of customers by orders, in the same placing."""
    who = context.current().principal
    if who is not None and who.kind == "ACCOUNT" and who.acts_for_account != account_id:
        raise AccountNotFound(account_id)


def _spend_command(name: str, order: str, reference: str, listed: Sequence[pb.BudgetAmount]) -> SpendBudgets:
    v = Violations()
    order_id = fields.identifier(v, "order_id", order)
    reference_id = fields.identifier(v, name, reference)
    amounts = _amounts(v, listed)
    if not listed:
        v.add("amounts", "is required", "REQUIRED")
    v.raise_if_any()
    assert order_id
    assert reference_id
    return SpendBudgets(order_id, reference_id, amounts)


def _amounts(v: Violations, listed: Sequence[pb.BudgetAmount]) -> list[Amount]:
    """One per budget code and currency: what is named twice is summed before anything is compared."""
    if len(listed) > MAX_BUDGETS:
        v.add("amounts", f"must have at most {MAX_BUDGETS} entries", "TOO_LONG")
        return []
    summed: dict[tuple[str, str], Amount] = {}
    for index, item in enumerate(listed):
        path = f"amounts[{index}]"
        code = wire.code(v, f"{path}.budget_code", item.budget_code)
        amount = wire.amount(v, f"{path}.amount", item.amount, minimum=0)
        if amount is None:
            continue
        before = summed.get((code, amount.currency))
        total = before.money + amount if before else amount
        paths = (*(before.fields if before else ()), path)
        summed[(code, amount.currency)] = Amount(code, total, paths)
    return list(summed.values())


def _warning(item: Overspent) -> pb.BudgetWarning:
    remaining = Money(item.remaining, item.budget.currency)
    return pb.BudgetWarning(
        budget_code=item.budget.code,
        description=f"Budget {item.budget.code} is overspent: {amount_text(remaining)} remain.",
        remaining=money.to_proto(remaining),
    )
