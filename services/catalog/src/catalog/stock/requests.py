"""Requests about stock, checked and turned into commands."""

from __future__ import annotations

from commis.catalog.v1 import stock_pb2 as pb

from catalog.attribution import actor_id
from catalog.stock.domain import MAX_QUANTITY, Count, CountStock, MoveStock, Named, TransferStock
from chassis import fields
from chassis.errors import Violations

MAX_COUNTS = 1000
_SIGNS = {"RECEIPT": (1, MAX_QUANTITY), "RETURN": (1, MAX_QUANTITY)}
_ANY_SIGN = (-MAX_QUANTITY, MAX_QUANTITY)
_ELSEWHERE = {
    "SHIPMENT": "SHIPMENT follows from shipping an order",
    "TRANSFER": "TRANSFER has two ends: use TransferStock",
    "COUNT": "COUNT follows from what was counted: use CountStock",
}


def move(request: pb.MoveStockRequest) -> MoveStock:
    v = Violations()
    variant = _named(v, "", request.variant_id, request.sku)
    warehouse_id = fields.identifier(v, "warehouse_id", request.warehouse_id)
    kind = fields.enum(v, "kind", request.kind, pb.StockMovement.Kind).removeprefix("KIND_")
    if kind in _ELSEWHERE:
        v.add("kind", _ELSEWHERE[kind])
    low, high = _SIGNS.get(kind, _ANY_SIGN)
    quantity = fields.integer(v, "quantity", request.quantity, minimum=low, maximum=high)
    if quantity == 0:
        v.add("quantity", "must not be 0", "OUT_OF_RANGE")
    reason = fields.text(v, "reason", request.reason, required=kind == "CORRECTION", max_length=500)
    expected = fields.date(v, "expected_date", request.expected_date)
    v.raise_if_any()
    assert warehouse_id is not None
    return MoveStock(variant, warehouse_id, kind, quantity, reason, expected, actor_id())


def transfer(request: pb.TransferStockRequest) -> TransferStock:
    v = Violations()
    variant = _named(v, "", request.variant_id, request.sku)
    source = fields.identifier(v, "from_warehouse_id", request.from_warehouse_id)
    target = fields.identifier(v, "to_warehouse_id", request.to_warehouse_id)
    if source is not None and source == target:
        v.add("to_warehouse_id", "must be another warehouse than from_warehouse_id")
    quantity = fields.integer(v, "quantity", request.quantity, minimum=1, maximum=MAX_QUANTITY)
    reason = fields.text(v, "reason", request.reason, max_length=500)
    v.raise_if_any()
    assert source is not None
    assert target is not None
    return TransferStock(variant, source, target, quantity, reason, actor_id())


def count(request: pb.CountStockRequest) -> CountStock:
    """1 to 1 000 counts. A variant that is named twice in the same way is refused here, in two ways later."""
    v = Violations()
    warehouse_id = fields.identifier(v, "warehouse_id", request.warehouse_id)
    reason = fields.text(v, "reason", request.reason, required=True, max_length=500)
    counts: list[Count] = []
    if 1 <= len(request.counts) <= MAX_COUNTS:
        for number, sent in enumerate(request.counts):
            path = f"counts[{number}]"
            variant = _named(v, path, sent.variant_id, sent.sku)
            quantity = fields.integer(
                v, f"{path}.counted_quantity", sent.counted_quantity, minimum=0, maximum=MAX_QUANTITY
            )
            counts.append(Count(variant, quantity))
    else:
        v.add("counts", f"must have 1 to {MAX_COUNTS} counts", "OUT_OF_RANGE")
    v.raise_if_any()
    assert warehouse_id is not None
    return CountStock(warehouse_id, reason, counts, actor_id())


def _named(v: Violations, path: str, variant_id: str, sku: str) -> Named:
    """Exactly one of the two."""
    dotted = f"{path}." if path else ""
    clean = fields.text(v, f"{dotted}sku", sku, max_length=100)
    if bool(variant_id) == bool(sku.strip()):
        v.add(f"{dotted}variant_id", "and sku: exactly one of them is needed", "REQUIRED")
    identity = fields.identifier(v, f"{dotted}variant_id", variant_id, required=False)
    return Named(identity, clean, f"{dotted}{'variant_id' if identity else 'sku'}")
