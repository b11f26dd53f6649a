"""A shared order between a representative and a shop, over HTTP, from the first draft to the placed order."""

from typing import Any

import pytest

from tests.api import Api, Json, sign_in
from tests.world import PASSWORD, World, activate

EUR = "EUR"


async def as_buyer(world: World) -> Api:
    account = world.accounts[1]
    await activate(world.api, world.mailbox, account["email"])
    return await sign_in(world.api, account["email"], PASSWORD)


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
