"""Warehouses, stock and its movements."""

from gateway.operation import Body, Routes
from gateway.query import Query

_stock = Routes("catalog.v1.StockService", "Stock")

OPERATIONS = (
    _stock.post(
        "/v1/warehouses",
        "CreateWarehouse",
        "Create a warehouse",
        body=Body("warehouse"),
        status=201,
        errors="INVALID_FIELDS WAREHOUSE_CODE_TAKEN",
    ),
    _stock.get("/v1/warehouses", "ListWarehouses", "List warehouses"),
    _stock.get(
        "/v1/stock",
        "ListStock",
        "List stock levels",
        query=(Query("variant_id"), Query("sku"), Query("warehouse_id")),
    ),
    _stock.post(
        "/v1/stock-movements",
        "MoveStock",
        "Book goods received or a correction",
        body=Body(),
        status=201,
        errors="INVALID_FIELDS VARIANT_NOT_FOUND WAREHOUSE_NOT_FOUND STOCK_WOULD_BE_NEGATIVE",
    ),
    _stock.get(
        "/v1/stock-movements",
        "ListStockMovements",
        "List stock movements",
        description="Newest first.",
        query=(Query("variant_id"), Query("warehouse_id")),
    ),
)
