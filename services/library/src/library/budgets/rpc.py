"""BudgetService: staff keep budgets, libraries and their reps read them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from commis.library.v1 import budgets_pb2 as pb
from commis.library.v1 import budgets_pb2_grpc
from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import access, context, fields, idempotency, paging
from chassis.access import Rule
from chassis.db import Sessions
from chassis.errors import Violations
from library import attribution
from library.budgets import queries, use_cases, wire
from library.budgets.domain import MAX_AMOUNT, AccountNotFound
from library.budgets.queries import BudgetView
from library.budgets.use_cases import MoveBudget
from library.ports import Customers
from library.visibility import may_see

_KEEPERS = access.staff("FINANCE", "ORDER_DESK")
_READERS = access.any_of(access.staff(), access.accounts(), access.reps(), access.services("library.hold"))
Answer = TypeVar("Answer", bound=Message)


class BudgetServicer(budgets_pb2_grpc.BudgetServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "CreateBudget": _KEEPERS,
        "GetBudget": _READERS,
        "ListBudgets": _READERS,
        "UpdateBudget": _KEEPERS,
        "AllocateBudget": _KEEPERS,
        "AdjustBudget": _KEEPERS,
        "ListBudgetEntries": _READERS,
    }

    def __init__(self, sessions: Sessions, customers: Customers) -> None:
        self._sessions = sessions
        self._customers = customers

    async def CreateBudget(self, request: pb.CreateBudgetRequest, _: Any) -> pb.CreateBudgetResponse:
        cmd = wire.create_command(request)
        if not await self._customers.may_order_for(cmd.account_id):
            raise AccountNotFound(cmd.account_id)
        return await self._once(
            request, pb.CreateBudgetResponse, lambda session: use_cases.create_budget(session, cmd)
        )

    async def GetBudget(self, request: pb.GetBudgetRequest, _: Any) -> pb.GetBudgetResponse:
        v = Violations()
        budget_id = fields.identifier(v, "budget_id", request.budget_id)
        v.raise_if_any()
        return pb.GetBudgetResponse(budget=wire.budget(await self._visible(budget_id)))

    async def ListBudgets(self, request: pb.ListBudgetsRequest, _: Any) -> pb.ListBudgetsResponse:
        v, who = Violations(), context.current().principal
        account_id = fields.identifier(
            v, "account_id", request.account_id, required=who is None or who.kind in ("REP", "SERVICE")
        )
        as_of_date = fields.date(v, "as_of_date", request.as_of_date)
        v.raise_if_any()
        account_id = account_id or (who.acts_for_account if who is not None else None)
        filters = {"account_id": account_id, "as_of_date": as_of_date}
        page = paging.decode(request.page_size, request.page_token, filters)
        if account_id is not None and not await may_see(self._customers, account_id):
            raise AccountNotFound(account_id)
        async with self._sessions() as session:
            found = await queries.list_budgets(session, page, account_id, as_of_date)
        listed = found[: page.size]
        token = paging.next_token((listed[-1].id,), filters) if len(found) > page.size else ""
        return pb.ListBudgetsResponse(budgets=[wire.budget(b) for b in listed], next_page_token=token)

    async def UpdateBudget(self, request: pb.UpdateBudgetRequest, _: Any) -> pb.UpdateBudgetResponse:
        cmd = wire.update_command(request)
        return await self._once(
            request, pb.UpdateBudgetResponse, lambda session: use_cases.update_budget(session, cmd)
        )

    async def AllocateBudget(self, request: pb.AllocateBudgetRequest, _: Any) -> pb.AllocateBudgetResponse:
        cmd = _move_command(request, reason_required=False)
        return await self._once(
            request, pb.AllocateBudgetResponse, lambda session: use_cases.allocate_budget(session, cmd)
        )

    async def AdjustBudget(self, request: pb.AdjustBudgetRequest, _: Any) -> pb.AdjustBudgetResponse:
        cmd = _move_command(request, reason_required=True)
        return await self._once(
            request, pb.AdjustBudgetResponse, lambda session: use_cases.adjust_budget(session, cmd)
        )

    async def ListBudgetEntries(
        self, request: pb.ListBudgetEntriesRequest, _: Any
    ) -> pb.ListBudgetEntriesResponse:
        v = Violations()
        budget_id = fields.identifier(v, "budget_id", request.budget_id)
        order_id = fields.identifier(v, "order_id", request.order_id, required=False)
        v.raise_if_any()
        filters = {"budget_id": budget_id, "order_id": order_id}
        page = paging.decode(request.page_size, request.page_token, filters)
        budget = await self._visible(budget_id)
        async with self._sessions() as session:
            found = await queries.list_entries(session, page, budget.id, order_id)
        listed = found[: page.size]
        token = paging.next_token((listed[-1].sequence,), filters) if len(found) > page.size else ""
        entries = [wire.entry(entry, budget.currency) for entry in listed]
        return pb.ListBudgetEntriesResponse(entries=entries, next_page_token=token)

    async def _visible(self, budget_id: UUID | None) -> BudgetView:
        """Raises BudgetNotFound, alike for what is absent and what is not for the caller."""
        assert budget_id
        async with self._sessions() as session:
            view = await queries.get_budget(session, budget_id)
        if not await may_see(self._customers, view.account_id):
            raise queries.not_found(budget_id)
        return view

    async def _once(
        self,
        request: Any,
        response_type: type[Answer],
        work: Callable[[AsyncSession], Awaitable[BudgetView]],
    ) -> Answer:
        key = {
            "caller": attribution.caller(),
            "method": request.DESCRIPTOR.full_name,
            "request_id": request.request_id,
        }
        async with self._sessions.begin() as session:
            stored = await idempotency.once(session, **key, request=request, response_type=response_type)
            if stored is not None:
                return stored
            # Every response of this service has one field, the budget.
            response = response_type(budget=wire.budget(await work(session)))
            await idempotency.remember(session, **key, response=response)
        return response


def _move_command(
    request: pb.AllocateBudgetRequest | pb.AdjustBudgetRequest, *, reason_required: bool
) -> MoveBudget:
    v = Violations()
    budget_id = fields.identifier(v, "budget_id", request.budget_id)
    amount = wire.amount(v, "amount", request.amount, minimum=-MAX_AMOUNT)
    reason = fields.text(v, "reason", request.reason, required=reason_required, max_length=500)
    v.raise_if_any()
    assert budget_id
    assert amount
    return MoveBudget(budget_id, amount.minor, amount.currency, reason)
