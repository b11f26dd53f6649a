"""Shipments: what left of an order, and what is still to come."""

from gateway.answers import Whole
from gateway.operation import Body, Routes

_shipments = Routes("orders.v1.ShipmentService", "Shipments")
_ALL = "/v1/orders/{order_id:id}/shipments"
_ONE = _ALL + "/{shipment_id:id}"
_LEAVING = """\
The order is PROCESSING or partly SHIPPED; the first shipment makes it SHIPPED. Without `lines` everything leaves that
is open and has stock; what is on back-order stays open. The customer is mailed what left, with the carrier's link, and
what is still to come."""

OPERATIONS = (
    _shipments.get(
        _ALL,
        "ListShipments",
        "List the shipments of an order",
        description="And for every line what was ordered, what left, what is open and what waits for stock.",
        answer=Whole(),
        errors="ORDER_NOT_FOUND",
    ),
    _shipments.post(
        _ALL,
        "CreateShipment",
        "Ship an order, wholly or in part",
        description=_LEAVING,
        body=Body(),
        status=201,
        errors="ORDER_NOT_FOUND ETAG_MISMATCH ORDER_STATE INVALID_FIELDS TOO_MANY_SHIPMENTS",
    ),
    _shipments.patch(
        _ONE,
        "UpdateShipment",
        "shipment",
        "Change how a shipment travels",
        description="Carrier, tracking and weight. The customer is not mailed again.",
        errors="SHIPMENT_NOT_FOUND ETAG_MISMATCH INVALID_FIELDS",
    ),
    _shipments.post(
        _ONE + ":deliver",
        "DeliverShipment",
        "Mark a shipment as delivered",
        description="With the last one the order is DELIVERED.",
        body=Body(),
        errors="ORDER_NOT_FOUND SHIPMENT_NOT_FOUND SHIPMENT_STATE",
    ),
)
