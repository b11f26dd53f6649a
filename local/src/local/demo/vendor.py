"""What the vendor sets up before selling: price lists, warehouses, shipping, terms, discounts, selections."""

from __future__ import annotations

import json
from pathlib import Path

from local.demo.api import Api, Json, Refused
from local.demo.show import step

_DATA = Path(__file__).parents[1] / "data"


def read(name: str) -> Json:
    """One of the JSON files of the demo data."""
    content: Json = json.loads((_DATA / name).read_text(encoding="utf-8"))
    return content


async def set_up(staff: Api) -> None:
    """Price lists and who uses them, warehouses, shipping methods, terms."""
    vendor = read("vendor.json")
    lists = await _ensure(staff, "/v1/price-lists", vendor["price_lists"])
    for group, codes in vendor["price_list_orders"].items():
        wanted = {"price_list_ids": [lists[code]["id"] for code in codes]}
        await staff.put(f"/v1/price-list-orders/groups/{group}", wanted)
    warehouses = await _ensure(staff, "/v1/warehouses", vendor["warehouses"])
    methods = await _ensure(staff, "/v1/shipping-methods", vendor["shipping_methods"])
    try:
        terms = await staff.get("/v1/terms")
    except Refused as refused:
        if refused.status != 404:
            raise
        terms = await staff.post("/v1/terms", vendor["terms"])
    step("price lists", ", ".join(lists))
    step("warehouses", ", ".join(warehouses))
    step("shipping", f"{', '.join(methods)}; terms {terms['version']}")


async def set_discounts(staff: Api) -> None:
    """The discount grid; its categories exist once the products were imported."""
    categories = {item["path"]: item["id"] async for item in staff.items("/v1/categories")}
    present = [_identity(row) async for row in staff.items("/v1/discount-rows")]
    rows = read("vendor.json")["discount_rows"]
    for row in rows:
        wanted = {name: value for name, value in row.items() if name != "category"}
        if "category" in row:
            wanted["category_id"] = categories[row["category"]]
        if _identity(wanted) not in present:
            await staff.post("/v1/discount-rows", wanted)
    step("discounts", f"{len(rows)} rows by customer group, brand, category and quantity")


async def set_selections(staff: Api) -> None:
    """Titles put together for libraries and for all, once the products were imported."""
    present = [item["title"].get("en") async for item in staff.items("/v1/selections")]
    wanted = read("vendor.json")["selections"]
    for made in wanted:
        if made["selection"]["title"]["en"] not in present:
            await staff.post("/v1/selections", made)
    step("selections", ", ".join(made["selection"]["title"]["en"] for made in wanted))


def _identity(row: Json) -> tuple[object, ...]:
    names = ("group", "brand", "category_id", "min_quantity", "valid_from")
    return tuple(row.get(name) or None for name in names)


async def _ensure(staff: Api, path: str, wanted: list[Json]) -> dict[str, Json]:
    """Create what is missing, recognised by its code; answers all of them by code."""
    present = {item["code"]: item async for item in staff.items(path)}
    for item in wanted:
        if item["code"] not in present:
            present[item["code"]] = await staff.post(path, item)
    return {item["code"]: present[item["code"]] for item in wanted}
