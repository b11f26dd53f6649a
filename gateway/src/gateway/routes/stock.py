"""Warehouses, stock and its movements."""

from gateway.operation import Body, Routes
from gateway.query import Query

_stock = Routes("catalog.v1.StockService", "Stock")

_REFUSALS = "INVALID_FIELDS VARIANT_NOT_FOUND WAREHOUSE_NOT_FOUND STOCK_WOULD_BE_NEGATIVE"

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
        errors=_REFUSALS,
    ),
    _stock.post(
        "/v1/stock-transfers",
        "TransferStock",
        "Move goods from one warehouse to another",
        description="Two movements with the same transfer_id, together. What is reserved cannot leave.",
        body=Body(),
        status=201,
        errors=_REFUSALS + " STOCK_TOO_LARGE",
    ),
    _stock.post(
        "/v1/stock-counts",
        "CountStock",
        "Book what was counted in a warehouse",
        description="At most 1 000 variants, all or nothing; what differs is booked as KIND_COUNT with the reason.",
        body=Body(),
        status=201,
        errors=_REFUSALS,
    ),
    _stock.get(
        "/v1/backorders",
        "ListBackorders",
        "List order lines that wait for goods",
        description="In the order in which goods that arrive fill them: the order placed first comes first.",
        query=(Query("variant_id"),),
    ),
    _stock.get(
        "/v1/stock-movements",
        "ListStockMovements",
        "List stock movements",
        description="Newest first.",
        query=(Query("variant_id"), Query("warehouse_id")),
    ),
)
