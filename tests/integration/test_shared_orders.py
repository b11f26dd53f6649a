"""A shared order between a representative and a shop, over HTTP, from the first draft to the placed order."""

import asyncio
from typing import Any

import pytest

from tests.api import Api, Json, sign_in
from tests.world import PASSWORD, World, activate

EUR = "EUR"


async def as_buyer(world: World) -> Api:
    await activate(world.api, world.mailbox, world.accounts[1]["email"])
    return await sign_in_buyer(world)


async def sign_in_buyer(world: World) -> Api:
    """Who has a password since the first story."""
    return await sign_in(world.api, world.accounts[1]["email"], PASSWORD)


def colours(sheet: Json) -> list[str]:
    return [sheet["status"]["colour"], *(line["status"]["colour"] for line in sheet["lines"])]


async def seen(who: Api, path: str) -> tuple[Json, dict[str, Any]]:
    """The sheet, and what a command names of it."""
    sheet = await who.get(path)
    return sheet, {"revision": sheet["revision"]}


@pytest.mark.spec("N-01", "N-02", "N-03", "N-04", "N-05", "N-07", "N-08", "N-10", "N-13")
async def test_a_shop_and_its_representative_agree_on_an_order(world: World) -> None:
    buyer, rep = await as_buyer(world), await world.ordering(world.accounts[1])
    first, second = world.skus[20], world.skus[21]
    draft = await world.sheet(rep, (first, 5), (second, 2), order_reference="PO-7", note="ring twice")
    started = await rep.post("/v1/shared-orders", {"order_id": draft["id"], "expire_date": "2099-12-31"})
    path = f"/v1/shared-orders/{draft['id']}"
    assert colours(started) == ["GREY"] * 3
    assert (await buyer.send("GET", path)).status_code == 404
    await rep.post(f"{path}:send", {"message": "as we said"})

    sheet, now = await seen(buyer, path)
    assert colours(sheet) == ["RED"] * 3
    assert sheet["unseen"][-1]["text"] == "as we said"
    assert sheet["header"]["order_reference"] == "PO-7"
    price = {"amount": "9.5", "currency": EUR}
    line = {"line_id": sheet["lines"][0]["id"], "quantity": 6, "unit_price": price}
    countered = await buyer.post(f"{path}:propose", now | {"lines": [line]})
    assert countered["lines"][0]["current"]["total"] == {"amount": "57.00", "currency": EUR}
    late = await buyer.send("POST", f"{path}:accept", json=now | {"hash": sheet["hash"]})
    assert (late.status_code, late.json()["reason"]) == (409, "TERMS_MOVED")

    terms = await rep.get(f"/v1/orders/{draft['id']}/checkout")
    accepted = {"terms_version": terms["terms_version"], "terms_hash": terms["terms_hash"]}
    sheet, now = await seen(buyer, path)
    sheet = await buyer.post(f"{path}:accept", now | {"hash": sheet["hash"]} | accepted)
    sheet, now = await seen(rep, path)
    assert colours(sheet) == ["RED", "RED", "GREEN"]
    placed = await rep.post(f"{path}:accept", now | {"hash": sheet["hash"]})
    assert (placed["state"], placed["obstacles"], colours(placed)) == ("PLACED", [], ["GREEN"] * 3)

    order = await buyer.get(f"/v1/orders/{draft['id']}")
    assert order["lines"][0]["price"]["total"]["amount"] == "57.00"
    assert "NEGOTIATED" in {step["kind"] for step in order["lines"][0]["price"]["trace"]}
    assert order["number"] == placed["number"]
    log = (await buyer.get(f"{path}/changes"))["items"]
    assert log[0]["kind"] == "sent"
    assert log[-1]["kind"] == "placed"
    assert ("5", "6") in {(change["from_value"], change["to_value"]) for change in log}
    past = await rep.get(path, revision=str(log[0]["sequence"]))
    assert past["lines"][0]["current"]["quantity"] == 5
    assert (await world.stock(first))["reserved_quantity"] >= 6


@pytest.mark.spec("N-09", "M-01")
async def test_a_placed_order_is_amended_by_agreement(world: World) -> None:
    buyer, rep = await sign_in_buyer(world), await world.ordering(world.accounts[1])
    sku, other = world.skus[22], world.skus[23]
    draft = await world.sheet(buyer, (sku, 5), (other, 1))
    path = f"/v1/shared-orders/{draft['id']}"
    await buyer.post("/v1/shared-orders", {"order_id": draft["id"], "send": True})
    terms = await buyer.get(f"/v1/orders/{draft['id']}/checkout")
    accepted = {"terms_version": terms["terms_version"], "terms_hash": terms["terms_hash"]}
    sheet, now = await seen(buyer, path)
    await buyer.post(f"{path}:accept", now | {"hash": sheet["hash"]} | accepted)
    sheet, now = await seen(rep, path)
    assert (await rep.post(f"{path}:accept", now | {"hash": sheet["hash"]}))["state"] == "PLACED"

    sheet, now = await seen(buyer, path)
    line = {"line_id": sheet["lines"][0]["id"], "quantity": 8}
    assert colours(await buyer.post(f"{path}:propose", now | {"lines": [line]})) == [
        "YELLOW",
        "YELLOW",
        "GREEN",
    ]
    assert (await buyer.get(f"/v1/orders/{draft['id']}"))["lines"][0]["quantity"] == 5
    sheet, now = await seen(rep, path)
    done = await rep.post(f"{path}:accept", now | {"hash": sheet["hash"]})
    assert (done["state"], done["obstacles"], colours(done)) == ("PLACED", [], ["GREEN"] * 3)
    assert (await buyer.get(f"/v1/orders/{draft['id']}"))["lines"][0]["quantity"] == 8
    to, number = world.accounts[1]["email"], done["number"]
    await world.mailbox.wait_for(to=to, subject=number, count=2, seconds=40)
    listed = (await world.admin.get("/v1/mails", order_id=draft["id"]))["items"]
    told = {"order_confirmation", "new_order", "order_changed", "changed_order"}
    assert told <= {mail["template"] for mail in listed}
    for _ in range(200):
        if (await world.stock(sku))["reserved_quantity"] == 8:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(await world.stock(sku))
