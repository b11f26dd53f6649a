"""Re-ordering; pasted and uploaded lines are in `gateway.entry`, because their body is no JSON."""

from gateway.answers import Whole
from gateway.operation import Body, Routes

_entry = Routes("orders.v1.QuickEntryService", "Orders")

OPERATIONS = (
    _entry.post(
        "/v1/orders/{order_id:id}/reorder:check",
        "CheckReorder",
        "Check the lines of a past order",
        description="As rows for this sheet, at the prices and stock of now; nothing is changed. The cost centre comes "
        "along; reference, date, note and budget belonged to the past order.",
        body=Body(),
        answer=Whole(),
        timeout=30.0,
        errors="ORDER_NOT_FOUND INVALID_FIELDS",
    ),
    _entry.post(
        "/v1/orders/{order_id:id}/reorder:add",
        "AddReorder",
        "Add the lines of a past order",
        description="Those that are OK, in one change of the sheet; the others are told.",
        body=Body(),
        answer=Whole(),
        timeout=30.0,
        errors="ORDER_NOT_FOUND ETAG_MISMATCH INVALID_FIELDS ORDER_NOT_EDITABLE PLACEMENT_IN_PROGRESS",
    ),
)
