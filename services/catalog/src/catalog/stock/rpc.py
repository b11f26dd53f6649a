"""StockService."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from commis.catalog.v1 import stock_pb2 as pb
from commis.catalog.v1 import stock_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncSession

from catalog import commands
from catalog.stock import queries, requests, use_cases
from catalog.stock.wire import backorder_to_proto, level_to_proto, movement_to_proto, warehouse_to_proto
from chassis import access, fields, paging
from chassis.access import Rule
from chassis.db import Sessions
from chassis.errors import Violations

_STAFF = access.staff("CATALOGUE", "ORDER_DESK")
_METHODS = (
    "CreateWarehouse",
    "ListWarehouses",
    "ListStock",
    "MoveStock",
    "TransferStock",
    "CountStock",
    "ListBackorders",
    "ListStockMovements",
)


class StockServicer(stock_pb2_grpc.StockServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = dict.fromkeys(_METHODS, _STAFF)

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
            return pb.CreateWarehouseResponse(warehouse=warehouse_to_proto(made))

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
            warehouses=[warehouse_to_proto(warehouse) for warehouse in found[: page.size]],
            next_page_token=token,
        )

    async def ListStock(self, request: pb.ListStockRequest, _context: Any) -> pb.ListStockResponse:
        v = Violations()
        variant_id = fields.identifier(v, "variant_id", request.variant_id, required=False)
        warehouse_id = fields.identifier(v, "warehouse_id", request.warehouse_id, required=False)
        sku = fields.text(v, "sku", request.sku, required=bool(request.sku), max_length=100)
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
            levels=[level_to_proto(level) for level in found[: page.size]], next_page_token=token
        )

    async def MoveStock(self, request: pb.MoveStockRequest, _context: Any) -> pb.MoveStockResponse:
        command = requests.move(request)

        async def work(session: AsyncSession) -> pb.MoveStockResponse:
            movement, level = await use_cases.move_stock(session, command)
            return pb.MoveStockResponse(movement=movement_to_proto(movement), level=level_to_proto(level))

        return await commands.once(self._sessions, "MoveStock", request, pb.MoveStockResponse, work)

    async def TransferStock(
        self, request: pb.TransferStockRequest, _context: Any
    ) -> pb.TransferStockResponse:
        command = requests.transfer(request)

        async def work(session: AsyncSession) -> pb.TransferStockResponse:
            outgoing, incoming = await use_cases.transfer_stock(session, command)
            return pb.TransferStockResponse(
                outgoing=movement_to_proto(outgoing[0]),
                incoming=movement_to_proto(incoming[0]),
                from_level=level_to_proto(outgoing[1]),
                to_level=level_to_proto(incoming[1]),
            )

        return await commands.once(self._sessions, "TransferStock", request, pb.TransferStockResponse, work)

    async def CountStock(self, request: pb.CountStockRequest, _context: Any) -> pb.CountStockResponse:
        command = requests.count(request)

        async def work(session: AsyncSession) -> pb.CountStockResponse:
            counted = await use_cases.count_stock(session, command)
            return pb.CountStockResponse(
                counted=[
                    pb.StockCounted(level=level_to_proto(level), difference_quantity=difference)
                    for level, difference in counted
                ]
            )

        return await commands.once(self._sessions, "CountStock", request, pb.CountStockResponse, work)

    async def ListBackorders(
        self, request: pb.ListBackordersRequest, _context: Any
    ) -> pb.ListBackordersResponse:
        v = Violations()
        variant_id = fields.identifier(v, "variant_id", request.variant_id, required=False)
        v.raise_if_any()
        filters = {"list": "backorders", "variant": request.variant_id}
        page = paging.decode(request.page_size, request.page_token, filters)
        async with self._sessions() as session:
            found = await queries.list_backorders(session, variant_id, page.after, page.size + 1)
        token = ""
        if found[page.size :]:
            last = found[page.size - 1]
            key = (last.place_time, last.order_id, last.line_id, last.warehouse_id)
            token = paging.next_token(key, filters)
        return pb.ListBackordersResponse(
            backorders=[backorder_to_proto(backorder) for backorder in found[: page.size]],
            next_page_token=token,
        )

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
            movements=[movement_to_proto(movement) for movement in found[: page.size]], next_page_token=token
        )
