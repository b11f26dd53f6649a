"""A representative comes back online: placed, price moved, stock gone, discontinued, not one's own; then all again."""

from __future__ import annotations

import csv
import io

import orjson
import pytest
import uuid_utils

from tests.api import Json
from tests.cast import as_customer
from tests.world import World, activate, upload

PATH = "/v1/order-batches"
PRODUCTS = """product_ref,sku,name_en,discontinued
OFF1,OFF-1,Chair,no
OFF2,OFF-2,Table,no
OFF3,OFF-3,Lamp,no
OFF4,OFF-4,Stool,yes
"""


def line(sku: str, quantity: int, shown: str = "") -> Json:
    price = {"amount": shown, "currency": "EUR"} if shown else None
    return {
        "line": {"sku": sku, "quantity": quantity, "line_reference": f"ref {sku}"},
        "shown_unit_price": price,
    }


async def offline(world: World, account: Json, *lines: Json) -> Json:
    terms = await world.api.get("/v1/terms")
    return {
        "order_id": str(uuid_utils.uuid7()),
        "account_id": account["id"],
        "lines": list(lines),
        "shipping_method": "STANDARD",
        "payment_method": "BANK_TRANSFER",
        "taken_time": "2026-01-02T15:30:00Z",
        "terms_version": terms["version"],
        "terms_hash": terms["hashes"]["nl"],
    }


@pytest.fixture
async def assortment(world: World) -> None:
    await upload(world.admin, "PRODUCTS", PRODUCTS)
    prices = "".join(f"NET,OFF-{number},1,8.00,EUR,2024-01-01,\n" for number in range(1, 5))
    await upload(
        world.admin, "PRICES", "price_list,sku,min_quantity,amount,currency,valid_from,valid_to\n" + prices
    )
    stock = "".join(f"MAIN,OFF-{number},{quantity}\n" for number, quantity in ((1, 100), (2, 100), (3, 2)))
    await upload(world.admin, "STOCK", "warehouse,sku,quantity\n" + stock)


@pytest.mark.spec("O-11", "O-13", "O-34", "A-12")
async def test_five_orders_are_uploaded_and_uploaded_again(world: World, assortment: None) -> None:
    rep, shop = world.rep.api, world.accounts[2]
    await activate(world.api, world.mailbox, shop["email"])
    buyer = await as_customer(world, shop["email"])
    orders = [
        await offline(world, shop, line("OFF-1", 2)),
        await offline(world, shop, line("OFF-1", 1), line("OFF-2", 1, "7.00")),
        await offline(world, shop, line("OFF-3", 5)),
        await offline(world, shop, line("OFF-1", 1), line("OFF-4", 4)),
        await offline(world, world.foreign, line("OFF-1", 1)),
    ]
    placed, moved, short, gone, foreign = (await rep.post(PATH, {"orders": orders}))["items"]
    assert (placed["outcome"], placed["state"]) == ("PLACED", "PLACED"), placed
    assert [each["outcome"] for each in (moved, short, gone)] == ["NEEDS_ATTENTION"] * 3
    assert [each["shared_order"] for each in (moved, short, gone)] == [True] * 3
    assert [each["reason"] for each in moved["reasons"]] == ["PRICE_CHANGED"]
    assert [each["reason"] for each in short["reasons"]] == ["STOCK_SHORTAGE"]
    assert [each["reason"] for each in gone["reasons"]] == ["VARIANT_DISCONTINUED"]
    assert (foreign["outcome"], foreign["number"]) == ("REFUSED", "")
    assert [each["reason"] for each in foreign["reasons"]] == ["ACCOUNT_NOT_FOUND"]

    order = await rep.get(f"/v1/orders/{placed['order_id']}")
    assert (order["parties"]["rep_code"], order["parties"]["channel"]) == (world.rep.code, "REP")
    assert (order["taken_time"], order["lines"][0]["line_reference"]) == ("2026-01-02T15:30:00Z", "ref OFF-1")
    kept = await rep.get(f"/v1/orders/{gone['order_id']}")
    assert [each["sku"] for each in kept["lines"]] == ["OFF-1"]
    assert all(text in kept["note"] for text in ("4 x OFF-4", "ref OFF-4"))
    sheet = await buyer.get(f"/v1/shared-orders/{short['order_id']}")
    assert sheet["status"]["colour"] == "RED"
    assert [(each["current"]["quantity"], each["current"]["mark"]) for each in sheet["lines"]] == [
        (2, "SHORT")
    ]

    about = {"to": shop["email"], "subject": placed["number"]}
    assert len(await world.mailbox.wait_for(**about)) == 1
    answer = await rep.send("POST", PATH, json={"orders": orders}, headers={"Accept": "application/x-ndjson"})
    again = [orjson.loads(each) for each in answer.content.splitlines()]
    assert (again[0]["outcome"], again[0]["number"]) == ("ALREADY_PLACED", placed["number"])
    assert again[1:] == [moved, short, gone, foreign]
    other = orders[0] | {"note": "another content"}
    (taken,) = (await rep.post(PATH, {"orders": [other]}))["items"]
    assert [each["reason"] for each in taken["reasons"]] == ["ORDER_ID_TAKEN"]
    assert len(await world.mailbox.messages(**about)) == 1

    await _is_counted_and_exported(world, placed, order)


async def _is_counted_and_exported(world: World, placed: Json, order: Json) -> None:
    day = order["place_time"][:10]
    period = {"from": f"{day[:4]}-01-01", "to": f"{day[:4]}-12-31"}
    path = f"/v1/representatives/{world.rep.id}"
    figures = await world.rep.api.get(f"{path}/statistics", **period)
    assert figures["total"]["order_count"] >= 1
    products = (await world.rep.api.get(f"{path}/figures", by="PRODUCT", page_size=200, **period))["items"]
    assert [each["article_count"] for each in products if each["display_name"] == "Chair"] == [2]
    stranger = await world.other_rep.api.send("GET", f"{path}/statistics", params=period)
    assert (stranger.status_code, stranger.json()["reason"]) == (404, "REPRESENTATIVE_NOT_FOUND")
    query = {"format": "csv", "query": placed["number"], "sort": "placed_newest"}
    exported = await world.rep.api.send("GET", "/v1/orders:export", params=query)
    (row,) = csv.DictReader(io.StringIO(exported.text.removeprefix("\ufeff")))
    assert (row["number"], row["total"]) == (placed["number"], order["totals"]["total"]["amount"])
    nothing = await world.other_rep.api.send("GET", "/v1/orders:export", params=query)
    assert len(list(csv.reader(io.StringIO(nothing.text)))) == 1
