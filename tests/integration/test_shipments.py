"""An order that leaves in two parts, what is written about it, and what both sides are mailed."""

import asyncio
import re
import time
from typing import Any

import pytest

from tests.api import Api, Json, sign_in
from tests.world import PASSWORD, World, activate, upload

# Of no other test.
SKUS = ("SKU-00014", "SKU-00016", "SKU-00018")


async def placed(world: World, session: Api, *lines: tuple[str, int]) -> Json:
    """An order in hand."""
    sheet = await world.sheet(session, *lines)
    checkout = await session.get(f"/v1/orders/{sheet['id']}/checkout")
    answer = await session.place(sheet["id"], checkout)
    assert answer.status_code == 200, answer.text
    await world.admin.post(f"/v1/orders/{sheet['id']}:process")
    order: Json = answer.json()
    return order


async def eventually(read: Any, wanted: Any) -> None:
    deadline = time.monotonic() + 20
    while (seen := await read()) != wanted:
        assert time.monotonic() < deadline, seen
        await asyncio.sleep(0.1)


async def levels(world: World, *skus: str) -> list[tuple[int, int]]:
    found = [await world.stock(sku) for sku in skus]
    return [(int(each["on_hand_quantity"]), int(each["reserved_quantity"])) for each in found]


@pytest.mark.spec("O-30", "O-32", "M-01", "C-20")
async def test_an_order_of_three_lines_leaves_in_two_shipments(world: World) -> None:
    account = world.accounts[2]
    for sku, stock in zip(SKUS, (10, 10, 10), strict=True):
        await world.set_stock(sku, stock)
    session = await world.ordering(account)
    order = await placed(world, session, *zip(SKUS, (3, 2, 1), strict=True))
    a, b, c = (line["id"] for line in order["lines"])
    path = f"/v1/orders/{order['id']}"
    first = await world.admin.post(
        f"{path}/shipments",
        {
            "carrier": "bpost",
            "tracking_number": "3SABC",
            "tracking_address": "https://track.example/3SABC?z=1000",
            "lines": [{"line_id": a, "quantity": 2}, {"line_id": b, "quantity": 2}],
        },
    )
    assert (first["position"], [line["sku"] for line in first["lines"]]) == (1, list(SKUS[:2]))
    page = await session.get(path)
    assert (page["state"], page["fulfilment_state"]) == ("SHIPPED", "PARTLY_SHIPPED")
    assert page["allowed_verbs"] == ["ship"]
    refused = await world.admin.send("POST", f"{path}:cancel", json={"reason": "too late"})
    assert (refused.status_code, refused.json()["metadata"]["allowed_verbs"]) == (400, "ship")
    too_much = {"lines": [{"line_id": a, "quantity": 2}]}
    refused = await world.admin.send("POST", f"{path}/shipments", json=too_much)
    assert refused.status_code == 400
    assert [one["reason"] for one in refused.json()["violations"]] == ["QUANTITY_NOT_OPEN"]
    await eventually(lambda: levels(world, *SKUS), [(8, 1), (8, 0), (10, 1)])

    last = await world.admin.post(f"{path}/shipments")
    assert {line["line_id"]: line["quantity"] for line in last["lines"]} == {a: 1, c: 1}
    await eventually(lambda: levels(world, *SKUS), [(7, 0), (8, 0), (9, 0)])
    listed = await session.get(f"{path}/shipments")
    assert [shipment["carrier"] for shipment in listed["shipments"]] == ["bpost", ""]
    assert [line["open_quantity"] for line in listed["open_lines"]] == [0, 0, 0]
    page = await session.get(path)
    assert (page["fulfilment_state"], page["activity"]["shipment_count"]) == ("SHIPPED", 2)
    assert page["activity"]["carriers"] == ["bpost"]

    contact = order["contact"]["email"]
    mails = [
        mail
        for mail in await world.mailbox.wait_for(count=3, to=contact, subject=order["number"])
        if "3SABC" in mail["text"] or SKUS[2] in mail["text"]
    ]
    (told,) = [mail for mail in mails if "https://track.example/3SABC?z=1000" in mail["text"]]
    assert 'href="https://track.example/3SABC?z=1000"' in told["html"]
    for shipment in (first, last):
        arrived = await world.admin.post(f"{path}/shipments/{shipment['id']}:deliver")
        assert arrived["deliver_time"]
    assert (await session.get(path))["state"] == "DELIVERED"
    await asyncio.sleep(1)
    everything = await world.mailbox.messages(to=contact, subject=order["number"])
    assert len(everything) == 3  # the confirmation and one for each shipment


@pytest.mark.spec("O-32", "C-22", "M-05")
async def test_what_waits_for_goods_stays_open_until_they_come(world: World) -> None:
    product = await world.admin.post(
        "/v1/products",
        {"product_ref": "LATER", "name": {"en": "Later"}, "vat_class": "STANDARD",
         "variants": [{"sku": "LATER-1", "stock_policy": "BACKORDER"}]},
    )  # fmt: skip
    assert product["variants"][0]["sku"] == "LATER-1"
    lists = (await world.admin.get("/v1/price-lists"))["items"]
    price_list = next(one for one in lists if one["code"] == "NET")
    price = {"sku": "LATER-1", "valid_from": "2026-01-01",
             "ladder": [{"min_quantity": 1, "unit_price": {"amount": "5.00", "currency": "EUR"}}]}  # fmt: skip
    await world.admin.post(f"/v1/price-lists/{price_list['id']}/prices", {"prices": [price]})
    await upload(world.admin, "STOCK", "warehouse,sku,quantity\nMAIN,LATER-1,1\n")
    session = await world.ordering(world.accounts[2])
    order = await placed(world, session, ("LATER-1", 3))
    path = f"/v1/orders/{order['id']}/shipments"

    async def waits() -> int:
        return int((await session.get(path))["open_lines"][0]["backorder_quantity"])

    await eventually(waits, 2)
    line = order["lines"][0]["id"]
    refused = await world.admin.send("POST", path, json={"lines": [{"line_id": line, "quantity": 2}]})
    assert [one["reason"] for one in refused.json()["violations"]] == ["ON_BACKORDER"]
    assert (await world.admin.post(path))["lines"][0]["quantity"] == 1
    goods = {"sku": "LATER-1", "warehouse_id": world.warehouse_id, "kind": "RECEIPT", "quantity": 2}
    await world.admin.post("/v1/stock-movements", goods)
    await eventually(waits, 0)
    assert (await world.admin.post(path))["lines"][0]["quantity"] == 2
    await eventually(lambda: levels(world, "LATER-1"), [(0, 0)])


@pytest.mark.spec("O-40", "O-41", "M-01")
async def test_both_sides_write_about_an_order(world: World) -> None:
    account = world.accounts[3]
    await activate(world.api, world.mailbox, account["email"])
    customer = await sign_in(world.api, account["email"], PASSWORD)
    order = await placed(world, customer, (SKUS[0], 1))
    path = f"/v1/orders/{order['id']}"
    (delay,) = [
        one for one in (await world.admin.get("/v1/canned-messages"))["items"] if one["name"] == "Delay"
    ]
    filled = await world.admin.post(f"/v1/canned-messages/{delay['id']}:fill", {"order_id": order["id"]})
    assert order["number"] in filled["text"]
    assert not re.search(r"[{}]", filled["text"])
    await world.admin.post(f"{path}/messages", {"text": f"{filled['text']}\nZqx from the desk"})
    (mail,) = [
        one
        for one in await world.mailbox.wait_for(count=2, to=account["email"], subject=order["number"])
        if "Zqx from the desk" in one["text"]
    ]
    assert order["number"] in mail["text"]
    answered = await customer.post(f"{path}/messages", {"text": "Zqx that is fine <b>{order_number}</b>"})
    assert (answered["from_customer"], answered["author"]["kind"]) == (True, "PERSON")
    (told,) = [
        one
        for one in await world.mailbox.wait_for(count=2, to="orders@commis.example", subject=order["number"])
        if "Zqx that is fine <b>{order_number}</b>" in one["text"]
    ]
    assert "&lt;b&gt;{order_number}&lt;/b&gt;" in told["html"]
    listed = (await customer.get(f"{path}/messages"))["items"]
    assert [one["from_customer"] for one in listed] == [False, True]
    activity = (await customer.get(path))["activity"]
    assert (activity["message_count"], activity["last_message_from_customer"]) == (2, True)
    stranger = await world.other_rep.api.send("GET", f"{path}/messages")
    assert (stranger.status_code, stranger.json()["reason"]) == (404, "ORDER_NOT_FOUND")
