"""Requests about budgets as commands, views as messages."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from commis.library.v1 import budgets_pb2
from google.type import date_pb2, decimal_pb2, money_pb2

from chassis import etag, fields, money
from chassis.errors import Violations
from chassis.money import Money
from library.budgets.domain import MAX_AMOUNT, Overspending
from library.budgets.queries import BudgetView, EntryView
from library.budgets.use_cases import CreateBudget, UpdateBudget

DEFAULT_MONTHS = 6
MAX_MONTHS = 120
_CODE = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,39}", re.ASCII)
_IMMUTABLE = ("account_id", "code", "total")
_OUTPUT = (
    "id",
    "held",
    "committed",
    "credited",
    "adjusted",
    "remaining",
    "create_time",
    "update_time",
    "etag",
)


def code(v: Violations, field: str, value: str) -> str:
    """Budget codes are compared in upper case."""
    clean = fields.text(v, field, value, required=True, max_length=40).upper()
    if clean and not _CODE.fullmatch(clean):
        v.add(field, "must be letters, digits, dots, hyphens and underscores, e.g. NON-FICTION")
        return ""
    return clean


def amount(v: Violations, field: str, pb: money_pb2.Money, *, minimum: int) -> Money | None:
    parsed = fields.money(v, field, pb, minimum=minimum)
    if parsed is not None and abs(parsed.minor) > MAX_AMOUNT:
        v.add(field, f"must be at most {MAX_AMOUNT} minor units", "OUT_OF_RANGE")
        return None
    return parsed


def _percent(v: Violations, field: str, pb: decimal_pb2.Decimal) -> Decimal:
    return fields.decimal(v, field, pb.value or "0", minimum=0, maximum=100, places=2)


def _months(v: Violations, field: str, value: int) -> int:
    return fields.integer(v, field, value, minimum=1, maximum=MAX_MONTHS)


def _day(v: Violations, field: str, pb: date_pb2.Date) -> datetime.date | None:
    known = len(v)
    day = fields.date(v, field, pb)
    if day is None and len(v) == known:
        v.add(field, "is required", "REQUIRED")
    return day


def _overspending(v: Violations, field: str, number: int) -> str:
    name = fields.enum(v, field, number, budgets_pb2.Budget.Overspending, required=False)
    return name.removeprefix("OVERSPENDING_") or Overspending.REFUSE.value


def _name(v: Violations, field: str, value: str) -> str:
    return fields.text(v, field, value, required=True, max_length=200)


_READERS: Mapping[str, Callable[[Violations, str, Any], Any]] = {
    "display_name": _name,
    "period_start_date": _day,
    "period_end_date": _day,
    "standard_discount_percent": _percent,
    "fixed_price_discount_percent": _percent,
    "fixed_price_months": _months,
    "overspending": _overspending,
}


def create_command(request: budgets_pb2.CreateBudgetRequest) -> CreateBudget:
    """Raises InvalidFields with everything that is wrong."""
    v, pb = Violations(), request.budget
    account_id = fields.identifier(v, "budget.account_id", pb.account_id)
    short = code(v, "budget.code", pb.code)
    start = _day(v, "budget.period_start_date", pb.period_start_date)
    end = _day(v, "budget.period_end_date", pb.period_end_date)
    if start and end and start >= end:
        v.add("budget.period_end_date", "must be after the start", "OUT_OF_RANGE")
    total = amount(v, "budget.total", pb.total, minimum=0)
    overspending = _overspending(v, "budget.overspending", pb.overspending)
    attributes = {
        name: _READERS[name](v, f"budget.{name}", getattr(pb, name))
        for name in ("standard_discount_percent", "fixed_price_discount_percent")
    }
    months = pb.fixed_price_months or DEFAULT_MONTHS
    attributes["fixed_price_months"] = _months(v, "budget.fixed_price_months", months)
    display_name = fields.text(v, "budget.display_name", pb.display_name) or short
    v.raise_if_any()
    assert account_id
    assert start
    assert end
    assert total
    return CreateBudget(
        account_id,
        short,
        display_name,
        total.currency,
        start,
        end,
        total.minor,
        Overspending(overspending),
        attributes,
    )


def update_command(request: budgets_pb2.UpdateBudgetRequest) -> UpdateBudget:
    """No mask means the fields that are set. Raises InvalidFields."""
    v, pb = Violations(), request.budget
    budget_id = fields.identifier(v, "budget.id", pb.id)
    paths = list(request.update_mask.paths)
    if paths == ["*"]:
        paths = list(_READERS)
    elif not paths:
        paths = [descriptor.name for descriptor, _ in pb.ListFields()]
    changes: dict[str, Any] = {}
    for path in paths:
        if path in _READERS:
            changes[path] = _READERS[path](v, f"budget.{path}", getattr(pb, path))
        elif path in _IMMUTABLE and (request.update_mask.paths or path == "total"):
            v.add(f"budget.{path}", "cannot be changed here; the total changes by allocations", "IMMUTABLE")
        elif path not in _OUTPUT and path not in _IMMUTABLE:
            v.add("update_mask", f"{path[:100]!r} is not a field of a budget")
    if not changes and not v:
        v.add("update_mask", "names nothing that can be changed", "REQUIRED")
    v.raise_if_any()
    assert budget_id
    return UpdateBudget(budget_id, pb.etag, changes)


def date(day: datetime.date) -> date_pb2.Date:
    return date_pb2.Date(year=day.year, month=day.month, day=day.day)


def budget(view: BudgetView) -> budgets_pb2.Budget:
    def amount_of(minor: int) -> money_pb2.Money:
        return money.to_proto(Money(minor, view.currency))

    figures = view.figures
    found = budgets_pb2.Budget(
        id=str(view.id),
        account_id=str(view.account_id),
        code=view.code,
        display_name=view.display_name,
        period_start_date=date(view.period_start_date),
        period_end_date=date(view.period_end_date),
        total=amount_of(figures.total),
        held=amount_of(figures.held),
        committed=amount_of(figures.committed),
        credited=amount_of(figures.credited),
        adjusted=amount_of(figures.adjusted),
        remaining=amount_of(figures.remaining),
        standard_discount_percent=_decimal(view.standard_discount_percent),
        fixed_price_discount_percent=_decimal(view.fixed_price_discount_percent),
        fixed_price_months=view.fixed_price_months,
        overspending=budgets_pb2.Budget.Overspending.Value(f"OVERSPENDING_{view.overspending}"),
        etag=etag.format(view.version),
    )
    found.create_time.FromDatetime(view.create_time)
    found.update_time.FromDatetime(view.update_time)
    return found


def entry(view: EntryView, currency: str) -> budgets_pb2.BudgetEntry:
    found = budgets_pb2.BudgetEntry(
        id=str(view.id),
        budget_id=str(view.budget_id),
        kind=budgets_pb2.BudgetEntry.Kind.Value(f"KIND_{view.kind}"),
        amount=money.to_proto(Money(view.amount, currency)),
        order_id=str(view.order_id or ""),
        reason=view.reason,
        actor_id=view.actor_id,
    )
    found.create_time.FromDatetime(view.create_time)
    return found


def _decimal(value: Decimal) -> decimal_pb2.Decimal:
    return decimal_pb2.Decimal(value=f"{value.normalize():f}")
