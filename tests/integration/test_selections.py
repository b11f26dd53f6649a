"""Selections through the public API: staff curate, a librarian reads the list page, others find nothing."""

import asyncio

import pytest

from tests.cast import as_customer
from tests.partner import today
from tests.world import BRUSSELS, World, activate

AUTUMN = {"nl": "Nieuw in het najaar", "en": "New this autumn"}


@pytest.mark.spec("C-30", "C-31")
async def test_staff_curate_for_libraries_and_a_librarian_reads(world: World) -> None:
    staff = world.admin
    library = await staff.post(
        "/v1/accounts",
        {"first_name": "Hilde", "last_name": "Baert", "email": "hilde@library.example", "language_code": "nl",
         "groups": ["CITY_LIBRARIES"],
         "business_profile": {"company_name": "Bibliotheek Gent", "vat_number": "BE0403170701", "b2b_active": True,
                              "pay_later_allowed": True},
         "addresses": [{"label": "desk", "address": BRUSSELS, "default_billing": True, "default_delivery": True}]},
    )  # fmt: skip
    await activate(world.api, world.mailbox, library["email"])
    librarian = await as_customer(world, library["email"])
    first, second, third = world.skus[53:56]
    made = await staff.post(
        "/v1/selections",
        {
            "selection": {
                "title": AUTUMN,
                "wise_category": "ADULT_FICTION",
                "valid_from": today(),
                "groups": ["CITY_LIBRARIES"],
            },
            "entries": [{"sku": first}],
        },
    )
    one = f"/v1/selections/{made['id']}"
    etag = (await staff.send("GET", one)).headers["etag"]
    sets = (
        [{"sku": second}, {"sku": first, "wise_category": "YOUTH_NON_FICTION"}],
        [{"sku": third}, {"sku": second}],
    )
    puts = await asyncio.gather(
        *(
            staff.send("PUT", f"{one}/entries", json={"entries": entries}, headers={"If-Match": etag})
            for entries in sets
        )
    )
    assert sorted(answer.status_code for answer in puts) == [200, 412]
    etag = next(answer.headers["etag"] for answer in puts if answer.is_success)
    again = await staff.send("PUT", f"{one}/entries", json={"entries": sets[0]}, headers={"If-Match": etag})
    assert again.status_code == 200, again.text
    twice = await staff.send("PUT", f"{one}/entries", json={"entries": [{"sku": first}, {"sku": first}]})
    assert twice.json()["violations"] == [
        {"field": "entries[1]", "description": "names the same variant as entries[0]", "reason": "DUPLICATE"}
    ]
    unknown = await staff.send("PUT", f"{one}/entries", json={"entries": [{"sku": "X-1"}, {"sku": "X-2"}]})
    assert (unknown.status_code, unknown.json()["reason"]) == (404, "VARIANT_NOT_FOUND")
    assert [wrong["field"] for wrong in unknown.json()["violations"]] == ["entries[0]", "entries[1]"]

    (seen,) = (await librarian.get("/v1/selections"))["items"]
    assert (seen["id"], seen["title"], seen["entry_count"]) == (made["id"], AUTUMN, 2)
    assert (seen["groups"], seen["account_ids"]) == ([], [])
    rows = (await librarian.get(f"{one}/rows", language="en"))["items"]
    assert [(row["position"], row["wise_category"]) for row in rows] == [
        (1, "ADULT_FICTION"),
        (2, "YOUTH_NON_FICTION"),
    ]
    lines = [{"sku": sku, "quantity": 1} for sku in (second, first)]
    quoted = (await librarian.post("/v1/quotes", {"lines": lines}))["lines"]
    assert [(row["variant_id"], row["price"]) for row in rows] == [
        (line["variant_id"], line["price"]) for line in quoted
    ]
    assert rows[0]["price"]["trace"]
    assert rows[0]["availability"]["state"] == "AVAILABLE"
    assert list(rows[0]["product"]["name"]) == ["en"]
    order = await world.sheet(librarian, *((sku, 1) for sku in (second, first)))
    assert [line["variant_id"] for line in order["lines"]] == [row["variant_id"] for row in rows]

    neighbour = await world.ordering(world.accounts[0])
    for path in (one, f"{one}/rows"):
        hidden = await neighbour.send("GET", path)
        assert (hidden.status_code, hidden.json()["reason"]) == (404, "SELECTION_NOT_FOUND")
    assert made["id"] not in {item["id"] for item in (await neighbour.get("/v1/selections"))["items"]}
    for_account = await neighbour.send("GET", f"{one}/rows?account_id={library['id']}")
    assert (for_account.status_code, for_account.json()["reason"]) == (404, "ACCOUNT_NOT_FOUND")

    yesterday = {"valid_from": "2026-01-01", "valid_to": today()}
    await staff.call("PATCH", one, yesterday)
    assert (await librarian.send("GET", one)).status_code == 404
    assert (await staff.get(one))["groups"] == ["CITY_LIBRARIES"]
