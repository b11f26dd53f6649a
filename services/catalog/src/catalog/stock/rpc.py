"""StockService."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from commis.catalog.v1 import events_pb2, stock_pb2_grpc
from commis.catalog.v1 import stock_pb2 as pb
from sqlalchemy.ext.asyncio import AsyncSession

from catalog import commands
from catalog.attribution import actor_id, attribution
from catalog.pricing.wire import date_to_proto
from catalog.stock import queries, use_cases
from catalog.stock.domain import MAX_QUANTITY, Level, Movement, MoveStock, Warehouse
from chassis import access, fields, outbox, paging
from chassis.access import Rule
from chassis.db import Sessions
from chassis.errors import Violations

_STAFF = access.staff("CATALOGUE", "ORDER_DESK")
_SIGNS = {"RECEIPT": (1, MAX_QUANTITY), "RETURN": (1, MAX_QUANTITY)}
_ANY_SIGN = (-MAX_QUANTITY, MAX_QUANTITY)


class StockServicer(stock_pb2_grpc.StockServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = dict.fromkeys(
        ("CreateWarehouse", "ListWarehouses", "ListStock", "MoveStock", "ListStockMovements"), _STAFF
    )

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def CreateWarehouse(
        self, request: pb.CreateWarehouseRequest, _context: Any
    ) -> pb.CreateWarehouseResponse:
        v = Violations()
        sent = request.warehouse
        code = fields.text(v, "warehouse.code", sent.code, required=True, max_length=50)
        name = fields.text(v, "warehouse.display_name", sent.display_name)
        region = sent.region_code and fields.country(v, "warehouse.region_code", sent.region_code)
        v.raise_if_any()

        async def work(session: AsyncSession) -> pb.CreateWarehouseResponse:
            made = await use_cases.create_warehouse(session, code, name, region)
            return pb.CreateWarehouseResponse(warehouse=_warehouse(made))

        return await commands.once(
            self._sessions, "CreateWarehouse", request, pb.CreateWarehouseResponse, work
        )

    async def ListWarehouses(
        self, request: pb.ListWarehousesRequest, _context: Any
    ) -> pb.ListWarehousesResponse:
        filters = {"list": "warehouses"}
        page = paging.decode(request.page_size, request.page_token, filters)
        async with self._sessions() as session:
            found = await queries.list_warehouses(
                session, page.after[0] if page.after else None, page.size + 1
            )
        token = paging.next_token((found[page.size - 1].code,), filters) if found[page.size :] else ""
        return pb.ListWarehousesResponse(
            warehouses=[_warehouse(warehouse) for warehouse in found[: page.size]], next_page_token=token
        )

    async def ListStock(self, request: pb.ListStockRequest, _context: Any) -> pb.ListStockResponse:
        v = Violations()
        variant_id = fields.identifier(v, "variant_id", request.variant_id, required=False)
        warehouse_id = fields.identifier(v, "warehouse_id", request.warehouse_id, required=False)
        sku = fields.text(v, "sku", request.sku, max_length=100)
        v.raise_if_any()
        filters = {"variant": request.variant_id, "warehouse": request.warehouse_id, "sku": sku}
        page = paging.decode(request.page_size, request.page_token, filters)
        after = (page.after[0], page.after[1]) if page.after else None
        async with self._sessions() as session:
            found = await queries.list_levels(session, variant_id, sku, warehouse_id, after, page.size + 1)
        token = ""
        if found[page.size :]:
            last = found[page.size - 1]
            token = paging.next_token((last.variant_id, last.warehouse_id), filters)
        return pb.ListStockResponse(
            levels=[_level(level) for level in found[: page.size]], next_page_token=token
        )

    async def MoveStock(self, request: pb.MoveStockRequest, _context: Any) -> pb.MoveStockResponse:
        command = _move(request)

        async def work(session: AsyncSession) -> pb.MoveStockResponse:
            movement, level = await use_cases.move_stock(session, command)
            event = events_pb2.StockMoved(
                attribution=attribution(),
                variant_id=str(movement.variant_id),
                warehouse_id=str(movement.warehouse_id),
                quantity=movement.quantity,
                available_quantity=level.available,
            )
            outbox.add(
                session, event, subject="commis.catalog.v1.stock_moved", aggregate_id=str(movement.variant_id)
            )
            return pb.MoveStockResponse(movement=_movement(movement), level=_level(level))

        return await commands.once(self._sessions, "MoveStock", request, pb.MoveStockResponse, work)

    async def ListStockMovements(
        self, request: pb.ListStockMovementsRequest, _context: Any
    ) -> pb.ListStockMovementsResponse:
        v = Violations()
        variant_id = fields.identifier(v, "variant_id", request.variant_id, required=False)
        warehouse_id = fields.identifier(v, "warehouse_id", request.warehouse_id, required=False)
        v.raise_if_any()
        filters = {"variant": request.variant_id, "warehouse": request.warehouse_id}
        page = paging.decode(request.page_size, request.page_token, filters)
        after = page.after[0] if page.after else None
        async with self._sessions() as session:
            found = await queries.list_movements(session, variant_id, warehouse_id, after, page.size + 1)
        token = paging.next_token((found[page.size - 1].id,), filters) if found[page.size :] else ""
        return pb.ListStockMovementsResponse(
            movements=[_movement(movement) for movement in found[: page.size]], next_page_token=token
        )


def _move(request: pb.MoveStockRequest) -> MoveStock:
    v = Violations()
    if bool(request.variant_id) == bool(request.sku):
        v.add("variant_id", "and sku: exactly one of them is needed", "REQUIRED")
    variant_id = fields.identifier(v, "variant_id", request.variant_id, required=False)
    warehouse_id = fields.identifier(v, "warehouse_id", request.warehouse_id)
    kind = fields.enum(v, "kind", request.kind, pb.StockMovement.Kind).removeprefix("KIND_")
    if kind == "SHIPMENT":
        v.add("kind", "SHIPMENT follows from shipping an order")
    low, high = _SIGNS.get(kind, _ANY_SIGN)
    quantity = fields.integer(v, "quantity", request.quantity, minimum=low, maximum=high)
    if quantity == 0:
        v.add("quantity", "must not be 0", "OUT_OF_RANGE")
    reason = fields.text(v, "reason", request.reason, required=kind == "CORRECTION", max_length=500)
    expected = fields.date(v, "expected_date", request.expected_date)
    sku = fields.text(v, "sku", request.sku, max_length=100)
    v.raise_if_any()
    assert warehouse_id is not None
    return MoveStock(variant_id, sku, warehouse_id, kind, quantity, reason, expected, actor_id())


def _warehouse(warehouse: Warehouse) -> pb.Warehouse:
    return pb.Warehouse(
        id=str(warehouse.id),
        code=warehouse.code,
        display_name=warehouse.display_name,
        region_code=warehouse.region_code,
    )


def _level(level: Level) -> pb.StockLevel:
    return pb.StockLevel(
        variant_id=str(level.variant_id),
        sku=level.sku,
        warehouse_id=str(level.warehouse_id),
        on_hand_quantity=level.on_hand,
        reserved_quantity=level.reserved,
        available_quantity=level.available,
        expected_date=date_to_proto(level.expected_date),
    )


def _movement(movement: Movement) -> pb.StockMovement:
    built = pb.StockMovement(
        id=str(movement.id),
        variant_id=str(movement.variant_id),
        warehouse_id=str(movement.warehouse_id),
        kind=pb.StockMovement.Kind.Value(f"KIND_{movement.kind}"),
        quantity=movement.quantity,
        reason=movement.reason,
        order_id=str(movement.order_id or ""),
        actor_id=movement.actor_id,
    )
    built.create_time.FromDatetime(movement.create_time)
    return built
