"""The audit: what was done, by whom, for whom, when, from where."""

from gateway.operation import Routes
from gateway.query import Query

_audit = Routes("customers.v1.AuditService", "Audit")

OPERATIONS = (
    _audit.get(
        "/v1/audit-entries",
        "ListAuditEntries",
        "List audit entries",
        description="Newest first.",
        query=(Query("account_id"), Query("order_id")),
    ),
)
