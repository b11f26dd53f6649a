"""The shared order: one sheet that vendor and customer both see and change; its live feed is in `live`."""

from gateway.operation import Body, Routes
from gateway.query import Query

_sheets = Routes("orders.v1.SharedOrderService", "Shared orders")
_ONE = "/v1/shared-orders/{order_id:id}"
_EDIT = "SHARED_ORDER_NOT_FOUND SHARED_ORDER_STATE INVALID_FIELDS PLACEMENT_IN_PROGRESS"
_PROPOSING = """\
All or nothing. `revision` is the one that was seen: fields that nobody else changed since are changed, others are
refused as `FIELD_CHANGED` with their value now. A list price follows variant and quantity; a negotiated one stays."""
_ACCEPTING = """\
Names exactly the terms that were seen, by their hash: single ones in `terms`, or the whole sheet by `hash`; whatever
moved since is answered as `TERMS_MOVED`, difference by difference. When everything is agreed the order is placed at
once; what stands against that is in `obstacles`, and the sheet stays green: accept again, or place it as any order."""

OPERATIONS = (
    _sheets.post(
        "/v1/shared-orders",
        "StartSharedOrder",
        "Share an order sheet",
        description="Makes a draft a shared order; grey and seen by the starting side only until it is sent.",
        body=Body(),
        status=201,
        location="/v1/shared-orders/{order_id}",
        errors="ORDER_NOT_FOUND ETAG_MISMATCH ORDER_STATE INVALID_FIELDS",
    ),
    _sheets.get(
        _ONE,
        "GetSharedOrder",
        "Get a shared order",
        description="As the caller's side sees it.",
        query=(Query("revision", description="A past one; the current one when absent."),),
        errors="SHARED_ORDER_NOT_FOUND REVISION_NOT_FOUND",
    ),
    _sheets.get(
        "/v1/shared-orders",
        "ListSharedOrders",
        "List shared orders",
        description="Those still negotiated, the latest changed first.",
        query=(Query("account_id"), Query("waiting_for"), Query("representative_id")),
    ),
    _sheets.post(
        _ONE + ":propose",
        "ProposeChanges",
        "Propose changes",
        description=_PROPOSING,
        body=Body(),
        errors=_EDIT + " FIELD_CHANGED BELOW_LEGAL_FLOOR",
    ),
    _sheets.post(
        _ONE + ":withdraw",
        "WithdrawChanges",
        "Withdraw own proposals",
        description='Of these lines, "header" among them; of all when none is named.',
        body=Body(),
        errors=_EDIT,
    ),
    _sheets.post(
        _ONE + ":send",
        "SendSharedOrder",
        "Send a shared order",
        description="Hands it to the other side, with what changed since they last looked.",
        body=Body(),
        errors=_EDIT,
    ),
    _sheets.post(
        _ONE + ":accept",
        "AcceptChanges",
        "Accept changes",
        description=_ACCEPTING,
        body=Body(),
        timeout=30.0,  # it may place the order
        errors=_EDIT + " OFFER_EXPIRED TERMS_MOVED",
    ),
    _sheets.post(
        _ONE + ":decline",
        "DeclineChanges",
        "Decline changes",
        description="Back to the terms last agreed; a line never agreed goes.",
        body=Body(),
        timeout=30.0,
        errors=_EDIT + " TERMS_MOVED",
    ),
    _sheets.post(
        _ONE + ":end",
        "EndSharedOrder",
        "End a negotiation",
        description="The side that started it withdraws, the other one declines; the order is cancelled.",
        body=Body(),
        errors=_EDIT,
    ),
    _sheets.post(
        _ONE + ":look",
        "MarkSheetSeen",
        "Mark changes as seen",
        description="The caller's side has looked at everything up to this change.",
        body=Body(),
        errors="SHARED_ORDER_NOT_FOUND INVALID_FIELDS",
    ),
    _sheets.get(
        _ONE + "/changes",
        "ListSheetChanges",
        "List the changes of a shared order",
        description="Who proposed, accepted or declined what, when, with values before and after; oldest first.",
        query=(Query("after_sequence", description="Only changes after this one."),),
        errors="SHARED_ORDER_NOT_FOUND",
    ),
)
