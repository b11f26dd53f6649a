"""Fixed book prices from the grid to the placed order."""

import datetime
from typing import Any

import pytest

from tests.api import Json
from tests.world import BRUSSELS, World

TODAY = datetime.datetime.now(datetime.UTC).date()


async def a_library(world: World) -> Json:
    """In Ghent; the rep serves it."""
    gent = BRUSSELS | {"recipient": "Bibliotheek De Krook", "postal_code": "9000", "city": "Gent"}
    account = await world.admin.post(
        "/v1/accounts",
        {"first_name": "An", "last_name": "Boone", "email": "an@krook.example", "language_code": "nl",
         "buyer_class": "PUBLIC_LIBRARY",
         "business_profile": {"company_name": "De Krook", "vat_number": "BE0403170701", "b2b_active": True,
                              "pay_later_allowed": True},
         "addresses": [{"label": "main", "address": gent, "default_billing": True, "default_delivery": True}]},
    )  # fmt: skip
    await world.admin.call("PUT", f"/v1/representatives/{world.rep.id}/accounts/{account['id']}")
    return account


async def a_book(world: World, price_list: str, sku: str, published: datetime.date) -> None:
    await world.admin.post(
        "/v1/products",
        {"product_ref": sku, "name": {"nl": f"Boek {sku}"}, "vat_class": "BOOK", "product_form": "BC",
         "text_language_code": "nl", "publication_date": published.isoformat(),
         "variants": [{"sku": sku, "stock_policy": "UNMANAGED", "weight_grams": 300}]},
    )  # fmt: skip
    ladder = [{"min_quantity": 1, "unit_price": {"amount": "20.00", "currency": "EUR"}}]
    price = {"sku": sku, "valid_from": "2024-01-01", "ladder": ladder}
    await world.admin.post(f"/v1/price-lists/{price_list}/prices", {"prices": [price]})


def told(line: Json) -> tuple[Any, ...]:
    price = line["price"]
    return price["discount_percent"], price["total"]["amount"], price["legal_cap"] is not None


@pytest.mark.spec("C-14", "C-16", "O-30")
async def test_a_library_in_flanders_buys_a_new_book_and_one_of_a_year_ago(world: World) -> None:
    library = await a_library(world)
    lists = (await world.admin.get("/v1/price-lists"))["items"]
    net = next(found["id"] for found in lists if found["code"] == "NET")
    await a_book(world, net, "BOOK-NEW", TODAY - datetime.timedelta(days=30))
    await a_book(world, net, "BOOK-OLD", TODAY - datetime.timedelta(days=366))
    row = {"account_id": library["id"], "percent": "30", "valid_from": "2024-01-01"}
    await world.admin.post("/v1/discount-rows", row)

    session = await world.ordering(library)
    asked = [{"sku": "BOOK-NEW", "quantity": 2}, {"sku": "BOOK-OLD", "quantity": 2}]
    quoted = (await session.post("/v1/quotes", {"lines": asked}))["lines"]
    assert [told(line) for line in quoted] == [("20", "32.00", True), ("30", "28.00", False)]
    found = (await session.get("/v1/products", query="BOOK-NEW"))["items"][0]
    assert found["offers"][0]["price"]["unit_net"]["amount"] == "16.00"

    order = await world.sheet(session, ("BOOK-NEW", 2), ("BOOK-OLD", 2))
    assert [told(line) for line in order["lines"]] == [("20", "32.00", True), ("30", "28.00", False)]
    answer = await session.place(order["id"], await session.get(f"/v1/orders/{order['id']}/checkout"))
    assert answer.status_code == 200, answer.text

    # The law may change: the placed line keeps its proof.
    rules = (await world.admin.get("/v1/legal-caps", jurisdiction="BE-VLG"))["items"]
    (rule,) = [rule for rule in rules if rule["buyer_class"] == "PUBLIC_LIBRARY"]
    ended = {"valid_to": (TODAY + datetime.timedelta(days=1)).isoformat()}
    await world.admin.post(f"/v1/legal-caps/{rule['id']}:end", ended)
    new, old = (await session.get(f"/v1/orders/{order['id']}"))["lines"]
    assert [told(new), told(old)] == [("20", "32.00", True), ("30", "28.00", False)]
    assert new["price"]["legal_cap"] == {
        "legal_cap_id": rule["id"],
        "jurisdiction": "BE-VLG",
        "buyer_class": "PUBLIC_LIBRARY",
        "publication_date": (TODAY - datetime.timedelta(days=30)).isoformat(),
        "publisher_price": {"amount": "20.00", "currency": "EUR"},
        "max_discount_percent": "20",
        "floor": {"amount": "16.00", "currency": "EUR"},
        "price_list_id": net,
    }
    step = new["price"]["trace"][-1]
    assert (step["kind"], step["before"], step["after"]) == ("LEGAL_CAP", "14", "16")

    in_a_week = f"{TODAY + datetime.timedelta(days=7)}T12:00:00Z"
    later = await session.post("/v1/quotes", {"lines": asked[:1], "as_of_time": in_a_week})
    assert told(later["lines"][0]) == ("30", "28.00", False)
