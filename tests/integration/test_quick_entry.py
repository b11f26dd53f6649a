"""What a bookshop pastes becomes an order: every row answered, the good ones added, the order placed and repeated."""

from __future__ import annotations

import pytest

from tests.cast import as_customer
from tests.world import World, activate, upload

STRANGER, PRINCE = "9782070360024", "9782070612758"
PASTED = f"""ISBN\tQté\tRéférence
978-2-07-036002-4\t3\tR-1
{PRINCE}\t2,5\t
2070612759\t2\tR-2
9782070368228\t1\t
"""


@pytest.mark.spec("O-04")
async def test_a_pasted_list_is_answered_added_and_ordered_again(world: World) -> None:
    staff, shop = world.admin, world.accounts[3]
    books = (
        f"product_ref,sku,name_fr,isbn\nL1,BOOK-1,L'Étranger,{STRANGER}\nL2,BOOK-2,Le Petit Prince,{PRINCE}\n"
    )
    await upload(staff, "PRODUCTS", books)
    head = "price_list,sku,min_quantity,amount,currency,valid_from,valid_to\n"
    rows = "".join(f"NET,BOOK-{number},1,8.00,EUR,2024-01-01,\n" for number in (1, 2))
    await upload(staff, "PRICES", head + rows)
    await upload(staff, "STOCK", "warehouse,sku,quantity\nMAIN,BOOK-1,100\nMAIN,BOOK-2,100\n")
    await activate(world.api, world.mailbox, shop["email"])
    buyer = await as_customer(world, shop["email"])
    sheet = await world.sheet(buyer)
    path = f"/v1/orders/{sheet['id']}/entry"

    text = {"Content-Type": "text/plain"}
    checked = await buyer.call("POST", f"{path}:check", content=PASTED.encode(), headers=text)
    assert [(row["row"], row["state"]) for row in checked["rows"]] == [
        (2, "OK"), (3, "BAD_QUANTITY"), (4, "OK"), (5, "UNKNOWN"),
    ]  # fmt: skip
    first, _, tenth, _ = checked["rows"]
    assert (first["total"], first["line"]["line_reference"]) == (
        {"amount": "24.00", "currency": "EUR"},
        "R-1",
    )
    assert tenth["remark"] == f"read as {PRINCE}"
    assert (await buyer.get(f"/v1/orders/{sheet['id']}"))["lines"] == []

    keyed = text | {"Idempotency-Key": "pasted-once", "If-Match": sheet["etag"]}
    answers = [
        await buyer.send("POST", f"{path}:add", content=PASTED.encode(), headers=keyed) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
    assert answers[0].json() == answers[1].json()
    added = answers[0].json()
    assert (added["added_count"], [line["sku"] for line in added["order"]["lines"]]) == (
        2,
        ["BOOK-1", "BOOK-2"],
    )
    assert answers[0].headers["etag"] == added["order"]["etag"]
    stale = await buyer.send(
        "POST", f"{path}:add", content=b"BOOK-1;1", headers=text | {"If-Match": sheet["etag"]}
    )
    assert (stale.status_code, stale.json()["reason"]) == (412, "ETAG_MISMATCH")

    placed = await buyer.place(sheet["id"], await buyer.get(f"/v1/orders/{sheet['id']}/checkout"))
    assert placed.status_code == 200, placed.text
    other = await world.sheet(buyer)
    again = await buyer.post(f"/v1/orders/{other['id']}/reorder:add", {"past_order_id": sheet["id"]})
    assert [(line["sku"], line["quantity"]) for line in again["order"]["lines"]] == [
        ("BOOK-1", 3),
        ("BOOK-2", 2),
    ]
    absent = await world.rep.api.send(
        "POST", f"/v1/orders/{other['id']}/reorder:check", json={"past_order_id": "x"}
    )
    assert absent.status_code == 400
    stranger = await world.other_rep.api.send("POST", f"{path}:check", content=b"BOOK-1;1", headers=text)
    assert (stranger.status_code, stranger.json()["reason"]) == (404, "ORDER_NOT_FOUND")
