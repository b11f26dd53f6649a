"""Quotes, price lists and the discount grid."""

from gateway.operation import Body, Routes
from gateway.query import Query

_pricing = Routes("catalog.v1.PricingService", "Prices")
_lists = Routes("catalog.v1.PriceListService", "Prices")
_grid = Routes("catalog.v1.DiscountGridService", "Discounts")
_ORDER_OF_ACCOUNT = "/v1/price-list-orders/accounts/{account_id:id}"
_ORDER_OF_GROUP = "/v1/price-list-orders/groups/{group}"
_MISSING = "PRICE_LIST_NOT_FOUND"
_ORDER = _MISSING + " INVALID_FIELDS"

OPERATIONS = (
    _pricing.post(
        "/v1/quotes",
        "QuoteLines",
        "Price lines",
        description="Each line with its trace; a line that has no price says why in `refusal`.",
        body=Body(names={"language": "language_code"}),
        errors="INVALID_FIELDS ACCOUNT_NOT_FOUND",
    ),
    _lists.post(
        "/v1/price-lists",
        "CreatePriceList",
        "Create a price list",
        body=Body("price_list"),
        status=201,
        location="/v1/price-lists/{id}",
        errors="INVALID_FIELDS PRICE_LIST_CODE_TAKEN",
    ),
    _lists.get("/v1/price-lists", "ListPriceLists", "List price lists"),
    _lists.get("/v1/price-lists/{price_list_id:id}", "GetPriceList", "Get a price list", errors=_MISSING),
    _lists.patch(
        "/v1/price-lists/{price_list_id:id}",
        "UpdatePriceList",
        "price_list",
        "Change a price list",
        without=("code", "currency_code", "tax_inclusive", "publisher_region_code"),
        errors=_MISSING + " ETAG_MISMATCH INVALID_FIELDS",
    ),
    _lists.post(
        "/v1/price-lists/{price_list_id:id}/prices",
        "SetPrices",
        "Set prices",
        description="A price that is replaced keeps its history: it ends where the new one begins.",
        body=Body(),
        errors=_MISSING + " INVALID_FIELDS PRICE_OVERLAP VARIANT_NOT_FOUND",
    ),
    _lists.get(
        "/v1/prices",
        "ListPrices",
        "List prices",
        description="All ever valid, newest first.",
        query=(Query("price_list_id"), Query("variant_id")),
    ),
    _lists.put(
        _ORDER_OF_ACCOUNT,
        "SetPriceListOrder",
        "Set which price lists an account has, in order",
        body=Body(),
        id="setAccountPriceLists",
        errors=_ORDER + " ACCOUNT_NOT_FOUND",
    ),
    _lists.get(
        _ORDER_OF_ACCOUNT, "GetPriceListOrder", "Get an account's price lists", id="getAccountPriceLists"
    ),
    _lists.put(
        _ORDER_OF_GROUP,
        "SetPriceListOrder",
        "Set which price lists a customer group has, in order",
        body=Body(),
        id="setGroupPriceLists",
        errors=_ORDER,
    ),
    _lists.get(_ORDER_OF_GROUP, "GetPriceListOrder", "Get a group's price lists", id="getGroupPriceLists"),
    _grid.post(
        "/v1/discount-rows",
        "CreateDiscountRow",
        "Add a row to the discount grid",
        body=Body("discount_row"),
        status=201,
        errors="INVALID_FIELDS ACCOUNT_NOT_FOUND VARIANT_NOT_FOUND PRODUCT_NOT_FOUND CATEGORY_NOT_FOUND",
    ),
    _grid.get(
        "/v1/discount-rows",
        "ListDiscountRows",
        "List the discount grid",
        query=(Query("account_id"), Query("group")),
    ),
    _grid.post(
        "/v1/discount-rows/{discount_row_id:id}:end",
        "EndDiscountRow",
        "End a row of the discount grid",
        description="Rows are never changed or deleted.",
        body=Body(),
        errors="DISCOUNT_ROW_NOT_FOUND DISCOUNT_ROW_ENDED INVALID_FIELDS",
    ),
)
