"""Budgets of library accounts."""

from gateway.operation import Body, Routes
from gateway.query import Query

_budgets = Routes("library.v1.BudgetService", "Budgets")
_MISSING = "BUDGET_NOT_FOUND"

OPERATIONS = (
    _budgets.post(
        "/v1/budgets",
        "CreateBudget",
        "Create a budget",
        body=Body("budget"),
        status=201,
        location="/v1/budgets/{id}",
        errors="INVALID_FIELDS BUDGET_CODE_TAKEN",
    ),
    _budgets.get(
        "/v1/budgets",
        "ListBudgets",
        "List budgets",
        query=(Query("account_id"), Query("as_of_date", description="Whose period contains this date.")),
    ),
    _budgets.get("/v1/budgets/{budget_id:id}", "GetBudget", "Get a budget", errors=_MISSING),
    _budgets.patch(
        "/v1/budgets/{budget_id:id}",
        "UpdateBudget",
        "budget",
        "Change a budget",
        description="Its total changes by `:allocate`.",
        without=("account_id", "code", "total"),
        errors=_MISSING + " ETAG_MISMATCH INVALID_FIELDS",
    ),
    _budgets.post(
        "/v1/budgets/{budget_id:id}:allocate",
        "AllocateBudget",
        "Raise or lower a budget's total",
        body=Body(),
        errors=_MISSING + " INVALID_FIELDS BUDGET_WOULD_BE_NEGATIVE",
    ),
    _budgets.post(
        "/v1/budgets/{budget_id:id}:adjust",
        "AdjustBudget",
        "Correct a budget's remaining amount",
        body=Body(),
        errors=_MISSING + " INVALID_FIELDS",
    ),
    _budgets.get(
        "/v1/budgets/{budget_id:id}/entries",
        "ListBudgetEntries",
        "List a budget's ledger",
        description="Newest first.",
        query=(Query("order_id"),),
        errors=_MISSING,
    ),
)
