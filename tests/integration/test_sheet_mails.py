"""Mails of a shared order, as they arrive: sent by one side, changed without a word, ended by the other."""

import pytest

from tests.api import Api, Json, sign_in
from tests.world import BRUSSELS, PASSWORD, World, activate

VENDOR_MAIL = "orders@commis.example"
BUYER_MAIL = "negotiator@shops.example"


async def a_buyer(world: World) -> tuple[Json, Api]:
    account = await world.admin.post(
        "/v1/accounts",
        {"first_name": "Nele", "last_name": "Onderhandelaar", "email": BUYER_MAIL, "language_code": "nl",
         "business_profile": {"company_name": "Papierwinkel Negotia", "vat_number": "BE0403170701",
                              "b2b_active": True, "pay_later_allowed": True},
         "addresses": [{"label": "shop", "address": BRUSSELS, "default_billing": True, "default_delivery": True}]},
    )  # fmt: skip
    await world.admin.call("PUT", f"/v1/representatives/{world.rep.id}/accounts/{account['id']}")
    await activate(world.api, world.mailbox, BUYER_MAIL)
    return account, await sign_in(world.api, BUYER_MAIL, PASSWORD)


@pytest.mark.spec("N-02", "N-04", "N-06", "N-13", "M-01")
async def test_each_side_is_mailed_what_the_other_one_does(world: World) -> None:
    account, buyer = await a_buyer(world)
    rep = await world.ordering(account)
    draft = await world.sheet(rep, (world.skus[30], 5), order_reference="NEG-1")
    path = f"/v1/shared-orders/{draft['id']}"
    await rep.post("/v1/shared-orders", {"order_id": draft["id"], "expire_date": "2099-12-31"})
    await rep.post(f"{path}:send", {"message": "zoals besproken"})

    (offered,) = await world.mailbox.wait_for(to=BUYER_MAIL, subject="NEG-1", seconds=40)
    assert "Papierwinkel Negotia" in offered["text"]
    assert "zoals besproken" in offered["text"]
    assert "31 december 2099" in offered["text"]
    assert "\u2757 Door u na te kijken" in offered["text"]
    assert "\u2757 Door u na te kijken" in offered["html"]
    assert await world.mailbox.messages(to=VENDOR_MAIL, subject="NEG-1") == []

    sheet = await buyer.get(path)
    line = {"line_id": sheet["lines"][0]["id"], "quantity": 7}
    await buyer.post(f"{path}:propose", {"revision": sheet["revision"], "lines": [line]})
    told = await world.mailbox.wait_for(to=VENDOR_MAIL, subject="NEG-1", seconds=40)
    assert "5 \u2192 7" in told[0]["text"]
    told = await world.mailbox.wait_for(to=world.rep.email, subject="NEG-1", seconds=40)
    assert "5 \u2192 7" in told[0]["text"]

    await buyer.post(f"{path}:end", {"reason": "te duur"})
    ended = await world.mailbox.wait_for(to=VENDOR_MAIL, subject="NEG-1", count=2, seconds=40)
    assert sum("te duur" in mail["text"] for mail in ended) == 1
    listed = (await world.admin.get("/v1/mails", order_id=draft["id"]))["items"]
    assert {mail["template"] for mail in listed} == {
        "sheet_sent",
        "vendor_sheet_changed",
        "vendor_sheet_declined",
    }
    assert len(listed) == 5
    await _a_placed_order_that_is_cancelled(world, buyer, rep)


async def _a_placed_order_that_is_cancelled(world: World, buyer: Api, rep: Api) -> None:
    """Was ordered, so that nobody hears of a sheet that was declined."""
    draft = await world.sheet(rep, (world.skus[31], 2), order_reference="NEG-2")
    path = f"/v1/shared-orders/{draft['id']}"
    await rep.post("/v1/shared-orders", {"order_id": draft["id"], "send": True})
    terms = await buyer.get(f"/v1/orders/{draft['id']}/checkout")
    accepted = {"terms_version": terms["terms_version"], "terms_hash": terms["terms_hash"]}
    sheet = await buyer.get(path)
    named = {"revision": sheet["revision"], "hash": sheet["hash"]}
    placed = await buyer.post(f"{path}:accept", named | accepted)
    assert placed["state"] == "PLACED"
    await rep.post(f"/v1/orders/{draft['id']}:cancel", {"reason": "uitverkocht"})
    (mail,) = await world.mailbox.wait_for(to=BUYER_MAIL, subject="geannuleerd", seconds=40)
    assert placed["number"] in mail["text"]
    assert "uitverkocht" in mail["text"]
    listed = (await world.admin.get("/v1/mails", order_id=draft["id"]))["items"]
    assert {mail["template"] for mail in listed if "sheet" in mail["template"]} == {
        "sheet_sent",
        "sheet_cancelled",
    }
