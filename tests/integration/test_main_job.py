"""The main job: a representative's order, from sign-in to the confirmation mail."""

import asyncio
import time
from decimal import Decimal

import pytest

from tests.api import sign_in
from tests.world import PASSWORD, World


@pytest.mark.spec(
    "A-12", "A-13", "C-03", "C-14", "O-01", "O-02", "O-03", "O-10", "O-20", "O-30", "M-01", "M-05"
)
async def test_a_rep_orders_for_a_customer(world: World) -> None:
    rep = await sign_in(world.api, world.rep.email, PASSWORD)
    assert (await rep.get("/v1/session"))["subject"]["kind"] == "REP"
    found = await rep.get("/v1/accounts", query="LINDE buyer1 bruss")
    assert [account["id"] for account in found["items"]] == [world.accounts[1]["id"]]

    session = await world.ordering(world.accounts[1])
    opened = await session.get("/v1/session")
    assert (opened["subject"]["kind"], opened["actor"]["kind"], opened["channel"]) == (
        "ACCOUNT",
        "REP",
        "REP",
    )

    hits = (await session.get("/v1/products", query="chaise 3", language="fr"))["items"]
    product = next(hit for hit in hits if hit["product"]["product_ref"] == "P3")
    offers = {offer["variant_id"]: offer for offer in product["offers"]}
    variants = product["product"]["variants"]
    assert len(variants) == 3
    for variant in variants:
        price = offers[variant["id"]]["price"]
        number = int(variant["sku"].removeprefix("SKU-"))
        assert Decimal(price["unit_price"]["amount"]) == Decimal(f"{10 + number % 90}.95")
        assert any(step["kind"] == "PRICE_LIST" for step in price["trace"])

    cart = await session.post("/v1/cart")
    assert cart["state"] == "DRAFT"
    assert cart["cart"] is True
    assert cart["delivery_address"]["city"] == "Brussel"
    assert (await session.post("/v1/cart"))["id"] == cart["id"]
    lines = [
        {"sku": "SKU-00009", "quantity": 2, "line_reference": "shelf A", "cost_centre": "CC1"},
        {"sku": "SKU-00010", "quantity": 1, "line_reference": "shelf B"},
        {"sku": "SKU-00009", "quantity": 3, "line_reference": "shelf C"},
    ]
    cart = await session.post(f"/v1/orders/{cart['id']}/lines", {"lines": lines})
    assert [line["line_reference"] for line in cart["lines"]] == ["shelf A", "shelf B", "shelf C"]
    changed = {"shipping_method": "STANDARD", "payment_method": "PAY_LATER", "order_reference": "PO 4711"}
    cart = await session.call("PATCH", f"/v1/orders/{cart['id']}", changed)
    checkout = await session.get(f"/v1/orders/{cart['id']}/checkout")
    assert [option["code"] for option in checkout["shipping_options"]] == ["STANDARD"]
    assert "ELECTRONIC" not in checkout["payment_methods"]
    assert {obstacle["reason"] for obstacle in checkout["obstacles"]} == {"TERMS_NOT_ACCEPTED"}

    # 5 x 19.95 + 1 x 20.95 = 120.70; with 6.50 shipping 127.20; 21 % of 127.20 = 26.712.
    totals = cart["totals"]
    assert (totals["goods"]["amount"], totals["shipping"]["amount"]) == ("120.70", "6.50")
    assert (totals["tax"]["amount"], totals["total"]["amount"]) == ("26.71", "153.91")
    assert totals["weight_grams"] in {7200, "7200"}

    answer = await session.place(cart["id"], checkout)
    assert answer.status_code == 200, answer.text
    placed = answer.json()
    assert placed["state"] == "PLACED"
    assert placed["number"][:5].rstrip("-").isdigit()
    parties = placed["parties"]
    assert (parties["actor"]["id"], parties["actor"]["kind"]) == (world.rep.id, "REP")
    assert (parties["customer"]["id"], parties["payer"]["id"]) == (world.accounts[1]["id"],) * 2
    assert parties["rep_code"] == "REP01"
    assert placed["terms_acceptance"]["accepted_for_account_id"] == world.accounts[1]["id"]
    assert placed["map_link"].startswith("https://www.openstreetmap.org/")

    (confirmation, *_) = await world.mailbox.wait_for(to="buyer1@shops.example", subject=placed["number"])
    assert "153,91" in confirmation["text"]
    assert "shelf B" in confirmation["text"]
    assert await world.mailbox.wait_for(subject=placed["number"], count=2)

    history = (await session.get(f"/v1/orders/{cart['id']}/history"))["items"]
    assert "placed" in [entry["action"] for entry in history]
    assert (await session.post("/v1/cart"))["id"] != cart["id"]


@pytest.mark.spec("A-14", "A-23")
async def test_the_customer_reads_who_acted_and_staff_search_the_audit(world: World) -> None:
    account = world.accounts[0]
    session = await world.ordering(account)
    order = await world.sheet(session, ("SKU-00020", 1))
    placed = await session.place(order["id"], await session.get(f"/v1/orders/{order['id']}/checkout"))
    assert placed.status_code == 200, placed.text
    deadline = time.monotonic() + 15
    while True:
        entries = (await world.admin.get("/v1/audit-entries", order_id=order["id"]))["items"]
        if any(entry["action"].endswith("order_placed") for entry in entries):
            break
        assert time.monotonic() < deadline, entries
        await asyncio.sleep(0.1)
    entry = next(entry for entry in entries if entry["action"].endswith("order_placed"))
    assert entry["actor"]["id"] == world.rep.id
    assert entry["actor"]["display_name"].startswith("Robin Reiziger REP01")
    assert entry["account_id"] == account["id"]
    own = (await session.get("/v1/audit-entries", account_id=account["id"]))["items"]
    assert any(seen["order_id"] == order["id"] and seen["actor"]["id"] == world.rep.id for seen in own)
    assert all(seen["account_id"] == account["id"] for seen in own)


@pytest.mark.spec("A-11")
async def test_an_assignment_that_ends_stops_open_sessions_at_once(world: World) -> None:
    account = world.accounts[3]
    session = await world.ordering(account)
    order = await world.sheet(session, ("SKU-00021", 1))
    path = f"/v1/representatives/{world.rep.id}/accounts/{account['id']}"
    await world.admin.call("DELETE", path)
    try:
        for method, address, body in (
            ("GET", f"/v1/orders/{order['id']}", None),
            ("POST", "/v1/cart", {}),
            ("POST", f"/v1/orders/{order['id']}/lines", {"lines": [{"sku": "SKU-00021", "quantity": 1}]}),
            ("GET", f"/v1/accounts/{account['id']}", None),
        ):
            refused = await session.send(method, address, json=body)
            assert refused.status_code in {401, 404}, (method, address, refused.text)
        assert (await session.place(order["id"], world.terms)).status_code in {401, 404}
        opened = await world.rep.api.send("POST", f"/v1/accounts/{account['id']}:open-session")
        assert opened.status_code == 404
    finally:
        await world.admin.call("PUT", path)
    session = await world.ordering(account)
    assert (await session.get(f"/v1/orders/{order['id']}"))["id"] == order["id"]
