"""Stock as it goes over the wire."""

from __future__ import annotations

from commis.catalog.v1 import stock_pb2 as pb

from catalog.pricing.wire import date_to_proto
from catalog.stock.domain import Backorder, Level, Movement, Warehouse


def warehouse_to_proto(warehouse: Warehouse) -> pb.Warehouse:
    return pb.Warehouse(
        id=str(warehouse.id),
        code=warehouse.code,
        display_name=warehouse.display_name,
        region_code=warehouse.region_code,
    )


def level_to_proto(level: Level) -> pb.StockLevel:
    return pb.StockLevel(
        variant_id=str(level.variant_id),
        sku=level.sku,
        warehouse_id=str(level.warehouse_id),
        on_hand_quantity=level.on_hand,
        reserved_quantity=level.reserved,
        available_quantity=level.available,
        expected_date=date_to_proto(level.expected_date),
    )


def movement_to_proto(movement: Movement) -> pb.StockMovement:
    built = pb.StockMovement(
        id=str(movement.id),
        variant_id=str(movement.variant_id),
        warehouse_id=str(movement.warehouse_id),
        kind=pb.StockMovement.Kind.Value(f"KIND_{movement.kind}"),
        quantity=movement.quantity,
        reason=movement.reason,
        order_id=str(movement.order_id or ""),
        actor_id=movement.actor_id,
        transfer_id=str(movement.transfer_id or ""),
    )
    built.create_time.FromDatetime(movement.create_time)
    return built


def backorder_to_proto(backorder: Backorder) -> pb.Backorder:
    built = pb.Backorder(
        order_id=str(backorder.order_id),
        line_id=backorder.line_id,
        variant_id=str(backorder.variant_id),
        sku=backorder.sku,
        warehouse_id=str(backorder.warehouse_id),
        missing_quantity=backorder.missing,
        expected_date=date_to_proto(backorder.expected_date),
    )
    built.place_time.FromDatetime(backorder.place_time)
    return built
