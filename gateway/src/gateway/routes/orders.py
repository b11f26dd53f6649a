"""Orders: from the open cart to the closed order."""

from gateway.operation import Body, Routes
from gateway.query import Query

_orders = Routes("orders.v1.OrderService", "Orders")
_EDIT = "ORDER_NOT_FOUND ETAG_MISMATCH INVALID_FIELDS ORDER_NOT_EDITABLE"
_MOVE = "ORDER_NOT_FOUND ETAG_MISMATCH ORDER_STATE"
_PLACING = """\
Places the order exactly once per `Idempotency-Key`, which is required: repeating the request with the same
key gives the same answer. Every finding against placing is a violation of `ORDER_NOT_PLACEABLE`. After a lost
answer or a 503 repeat it with the same key; a client that closes the connection does not stop a placing."""
_APPROVING = """\
With spending control, an administrator of the account other than the one who asked approves exactly the content
that was asked for (`If-Match` is required) and it is placed; stock, prices and budgets are checked again.
`Idempotency-Key` is required, as for placing."""

# Of lists and of exports.
FILTERS = (
    Query("account_id"),
    Query("state", "states", "Any of these."),
    Query("representative_id"),
    Query("placed_from", "place_from_date", "First local date of placing."),
    Query("placed_to", "place_to_date", "Last local date of placing, included."),
    Query("community_id", description="Assisted orders of this community."),
    Query("actor_id", description="Who acted: a person, a representative, a care worker."),
    Query("payer_account_id"),
    Query("query", description="Beginning of the number, the order reference or the customer's name."),
    Query("client_external_id", description="A care platform's own id of the client."),
    Query(
        "sort",
        description="Newest first unless said otherwise; placed_newest lists only what was placed, total_highest "
        "compares minor units of whatever currency.",
        lower=True,
    ),
)
OPERATIONS = (
    _orders.post(
        "/v1/orders",
        "CreateOrder",
        "Create an order sheet",
        description="A whole draft in one call, beside the cart. What is empty comes from the account.",
        body=Body(),
        status=201,
        location="/v1/orders/{id}",
        errors="INVALID_FIELDS ACCOUNT_NOT_FOUND ORDER_ID_TAKEN",
    ),
    _orders.post(
        "/v1/orders/{order_id:id}:place",
        "PlaceOrder",
        "Place an order",
        description=_PLACING,
        body=Body(),
        key_required=True,
        timeout=30.0,  # in a rush the placings of one article queue
        errors=_MOVE + " ORDER_NOT_PLACEABLE PLACEMENT_IN_PROGRESS REQUEST_ID_REUSED",
    ),
    _orders.get("/v1/orders/{order_id:id}", "GetOrder", "Get an order", errors="ORDER_NOT_FOUND"),
    _orders.get(
        "/v1/orders",
        "ListOrders",
        "List orders",
        description="Newest first unless sorted otherwise; a page token belongs to its filters and its sort.",
        query=FILTERS,
    ),
    _orders.patch("/v1/orders/{order_id:id}", "UpdateOrder", "order", "Change an order sheet", errors=_EDIT),
    _orders.post(
        "/v1/orders/{order_id:id}/lines",
        "AddOrderLines",
        "Add lines to an order sheet",
        description="All or none; the same variant again is another line.",
        body=Body(),
        errors=_EDIT,
    ),
    _orders.patch(
        "/v1/orders/{order_id:id}/lines/{line_id:id}",
        "UpdateOrderLine",
        "line",
        "Change a line",
        without=("variant_id", "sku"),
        errors=_EDIT + " ORDER_LINE_NOT_FOUND",
    ),
    _orders.delete(
        "/v1/orders/{order_id:id}/lines/{line_id:id}",
        "RemoveOrderLine",
        "Remove a line",
        errors=_EDIT + " ORDER_LINE_NOT_FOUND",
    ),
    _orders.post(
        "/v1/cart",
        "OpenCart",
        "Open the cart",
        description="The one open cart of the caller and the account; made when there is none.",
        body=Body(),
        errors="ACCOUNT_NOT_FOUND",
    ),
    _orders.get(
        "/v1/orders/{order_id:id}/checkout",
        "GetCheckout",
        "Get what can be chosen for an order sheet",
        description="Shipping and payment methods, the terms, and all that still stands against placing.",
        errors="ORDER_NOT_FOUND",
    ),
    _orders.post(
        "/v1/orders/{order_id:id}:approve",
        "ApproveOrder",
        "Approve an order",
        description=_APPROVING,
        body=Body(),
        key_required=True,
        timeout=30.0,
        errors=_MOVE + " APPROVAL_NOT_ALLOWED ORDER_NOT_PLACEABLE PLACEMENT_IN_PROGRESS INVALID_FIELDS",
    ),
    _orders.post(
        "/v1/orders/{order_id:id}:reject",
        "RejectOrder",
        "Send an order back",
        description="Back to DRAFT with a reason; the one who asked takes it back with it.",
        body=Body(),
        errors=_MOVE + " APPROVAL_NOT_ALLOWED",
    ),
    _orders.post(
        "/v1/orders/{order_id:id}:cancel",
        "CancelOrder",
        "Cancel an order",
        description="A sheet, or an order that has not shipped; releases stock and budget.",
        body=Body(),
        errors=_MOVE,
    ),
    _orders.post(
        "/v1/orders/{order_id:id}:process",
        "ProcessOrder",
        "Start processing an order",
        body=Body(),
        errors=_MOVE,
    ),
    _orders.post(
        "/v1/orders/{order_id:id}:ship", "ShipOrder", "Mark an order as shipped", body=Body(), errors=_MOVE
    ),
    _orders.post(
        "/v1/orders/{order_id:id}:deliver",
        "DeliverOrder",
        "Mark an order as delivered",
        body=Body(),
        errors=_MOVE,
    ),
    _orders.post("/v1/orders/{order_id:id}:close", "CloseOrder", "Close an order", body=Body(), errors=_MOVE),
    _orders.get(
        "/v1/orders/{order_id:id}/history",
        "ListOrderHistory",
        "List what happened to an order",
        description="Who, for whom, when, what.",
        errors="ORDER_NOT_FOUND",
    ),
)
