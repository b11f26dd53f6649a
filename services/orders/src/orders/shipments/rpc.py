"""ShipmentService."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from commis.orders.v1 import shipments_pb2 as pb
from commis.orders.v1 import shipments_pb2_grpc

from chassis import access as rules
from chassis import etag as etags
from chassis import fields
from chassis.access import Rule
from chassis.errors import Violations
from orders import answers, parsing, wire
from orders.domain.model import MAX_LINES
from orders.infrastructure import Infrastructure
from orders.sheets.rpc import READERS
from orders.shipments import use_cases
from orders.shipments.domain import Consignment, OpenLine, Shipment, Wanted
from orders.shipments.use_cases import Answer, CreateShipment, DeliverShipment, UpdateShipment

_DESK = rules.staff("ORDER_DESK")
_MAX_WEIGHT = 100_000_000
_WRITABLE = ("carrier", "tracking_number", "tracking_address", "weight_grams")
_READ_ONLY = frozenset(pb.Shipment.DESCRIPTOR.fields_by_name) - {*_WRITABLE}


class ShipmentServicer(shipments_pb2_grpc.ShipmentServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "CreateShipment": _DESK,
        "UpdateShipment": _DESK,
        "DeliverShipment": _DESK,
        "ListShipments": READERS,
    }

    def __init__(self, infra: Infrastructure) -> None:
        self._infra = infra

    async def CreateShipment(self, request: pb.CreateShipmentRequest, ctx: Any) -> pb.CreateShipmentResponse:
        v, order_id = parsing.order_id(request.order_id, request.etag)
        consignment = _consignment(v, "", request)
        wanted = _wanted(v, request)
        v.raise_if_any()
        assert order_id is not None
        key = answers.key("CreateShipment", request, request.request_id)
        command = CreateShipment(order_id, consignment, wanted, request.etag, key)
        created = await use_cases.create_shipment(self._infra, command, _answer(pb.CreateShipmentResponse))
        assert isinstance(created, pb.CreateShipmentResponse)
        return created

    async def UpdateShipment(self, request: pb.UpdateShipmentRequest, ctx: Any) -> pb.UpdateShipmentResponse:
        v = Violations()
        shipment_id = fields.identifier(v, "shipment.id", request.shipment.id)
        order_id = fields.identifier(v, "order_id", request.order_id, required=False)
        given = _consignment(v, "shipment.", request.shipment)
        named = _mask(v, request)
        v.raise_if_any()
        assert shipment_id is not None
        changes = {name: getattr(given, name) for name in named}
        key = answers.key("UpdateShipment", request, request.request_id)
        command = UpdateShipment(shipment_id, changes, order_id, request.shipment.etag, key)
        changed = await use_cases.update_shipment(self._infra, command, _answer(pb.UpdateShipmentResponse))
        assert isinstance(changed, pb.UpdateShipmentResponse)
        return changed

    async def DeliverShipment(
        self, request: pb.DeliverShipmentRequest, ctx: Any
    ) -> pb.DeliverShipmentResponse:
        v, order_id = parsing.order_id(request.order_id)
        shipment_id = fields.identifier(v, "shipment_id", request.shipment_id)
        v.raise_if_any()
        assert order_id is not None
        assert shipment_id is not None
        key = answers.key("DeliverShipment", request, request.request_id)
        command = DeliverShipment(order_id, shipment_id, key)
        arrived = await use_cases.deliver_shipment(self._infra, command, _answer(pb.DeliverShipmentResponse))
        assert isinstance(arrived, pb.DeliverShipmentResponse)
        return arrived

    async def ListShipments(self, request: pb.ListShipmentsRequest, ctx: Any) -> pb.ListShipmentsResponse:
        v, order_id = parsing.order_id(request.order_id)
        v.raise_if_any()
        assert order_id is not None
        found, lines = await use_cases.list_shipments(self._infra, order_id)
        return pb.ListShipmentsResponse(
            shipments=[_shipment(each) for each in found], open_lines=[_open_line(each) for each in lines]
        )


def _answer(response: Any) -> Answer:
    return Answer(lambda shipment: response(shipment=_shipment(shipment)), response.FromString)


def _consignment(v: Violations, prefix: str, given: pb.CreateShipmentRequest | pb.Shipment) -> Consignment:
    return Consignment(
        carrier=fields.text(v, f"{prefix}carrier", given.carrier, max_length=100),
        tracking_number=fields.text(v, f"{prefix}tracking_number", given.tracking_number, max_length=100),
        tracking_address=_address(v, f"{prefix}tracking_address", given.tracking_address),
        weight_grams=fields.integer(
            v, f"{prefix}weight_grams", given.weight_grams, minimum=0, maximum=_MAX_WEIGHT
        ),
    )


def _address(v: Violations, field: str, value: str) -> str:
    """It becomes a link in a mail: https, a host, nobody's password."""
    text = fields.text(v, field, value, max_length=1000)
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        plain = parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        plain = False
    if not plain or not text.isascii() or not text.isprintable() or set(text) & set(' "<>\\^`{|}'):
        v.add(field, "must be an https address, such as https://track.example/3SABC")
        return ""
    return text


def _wanted(v: Violations, request: pb.CreateShipmentRequest) -> tuple[Wanted, ...]:
    if len(request.lines) > MAX_LINES:
        v.add("lines", f"an order has at most {MAX_LINES} lines", "TOO_MANY")
        return ()
    found = []
    for index, line in enumerate(request.lines):
        line_id = fields.identifier(v, f"lines[{index}].line_id", line.line_id)
        quantity = parsing.quantity(v, f"lines[{index}].quantity", line.quantity)
        if line_id is not None:
            found.append(Wanted(line_id, quantity))
    return tuple(found)


def _mask(v: Violations, request: pb.UpdateShipmentRequest) -> tuple[str, ...]:
    """Those named, or those that are set when none is named; what is output only is passed over."""
    paths = list(request.update_mask.paths)
    if "*" in paths:
        return _WRITABLE
    for path in paths[:200]:
        if path not in _WRITABLE and path not in _READ_ONLY:
            v.add("update_mask", f"{path[:100]!r} is not a field of a shipment", "UNKNOWN_FIELD")
    if not paths:
        return tuple(name for name in _WRITABLE if getattr(request.shipment, name))
    return tuple(name for name in _WRITABLE if name in paths)


def _shipment(each: Shipment) -> pb.Shipment:
    travels = each.consignment
    return pb.Shipment(
        id=str(each.id),
        order_id=str(each.order_id),
        position=each.position,
        carrier=travels.carrier,
        tracking_number=travels.tracking_number,
        tracking_address=travels.tracking_address,
        weight_grams=travels.weight_grams,
        lines=[
            pb.ShipmentLine(
                line_id=str(line.line_id), quantity=line.quantity, sku=line.sku, description=line.description
            )
            for line in each.lines
        ],
        ship_time=wire.time(each.ship_time),
        deliver_time=wire.time(each.deliver_time),
        etag=etags.format(each.version),
    )


def _open_line(each: OpenLine) -> pb.OpenLine:
    return pb.OpenLine(
        line_id=str(each.line.id),
        ordered_quantity=each.line.quantity,
        shipped_quantity=each.shipped,
        open_quantity=each.open,
        backorder_quantity=each.backorder,
        expected_date=wire.date(each.waiting.expected_date if each.backorder else None),
    )
