"""Somebody else's customer does not exist: on every route that names an account, an order or a search."""

import uuid

import pytest

from tests.api import Api, Json
from tests.world import BRUSSELS, World


def routes(account_id: str, order_id: str, line_id: str) -> list[tuple[str, str, Json | None]]:
    """Every route of the public API by which a rep could reach an account or an order."""
    line = {"lines": [{"sku": "SKU-00001", "quantity": 1}]}
    person = str(uuid.uuid4())
    address = {"label": "x", "address": BRUSSELS}
    return [
        ("GET", f"/v1/accounts/{account_id}", None),
        ("POST", f"/v1/accounts/{account_id}:open-session", {}),
        ("GET", f"/v1/accounts/{account_id}/addresses", None),
        ("POST", f"/v1/accounts/{account_id}/addresses", address),
        ("PATCH", f"/v1/accounts/{account_id}", {"phone": "+32 2 555 00 00"}),
        ("POST", f"/v1/accounts/{account_id}/persons/{person}:send-activation", {}),
        ("POST", "/v1/cart", {"account_id": account_id}),
        ("POST", "/v1/orders", {"account_id": account_id, **line}),
        ("POST", "/v1/quotes", {"account_id": account_id, **line}),
        ("GET", f"/v1/products?account_id={account_id}&query=chair", None),
        ("GET", f"/v1/orders/{order_id}", None),
        ("PATCH", f"/v1/orders/{order_id}", {"note": "x"}),
        ("POST", f"/v1/orders/{order_id}/lines", line),
        ("PATCH", f"/v1/orders/{order_id}/lines/{line_id}", {"quantity": 2}),
        ("DELETE", f"/v1/orders/{order_id}/lines/{line_id}", None),
        ("GET", f"/v1/orders/{order_id}/checkout", None),
        ("GET", f"/v1/orders/{order_id}/history", None),
        ("POST", f"/v1/orders/{order_id}:place", {"terms_version": "2026-01", "terms_hash": "0" * 64}),
        ("POST", f"/v1/orders/{order_id}:cancel", {"reason": "x"}),
    ]


async def answer(api: Api, method: str, path: str, body: Json | None) -> tuple[int, Json]:
    headers = {"Idempotency-Key": str(uuid.uuid4())} if path.endswith(":place") else {}
    response = await api.send(method, path, headers=headers, **({} if body is None else {"json": body}))
    document = response.json()
    return response.status_code, document


def without_ids(document: Json) -> Json:
    """What must be equal between 'not yours' and 'does not exist': everything but the ids asked for."""
    kept = {
        name: value for name, value in document.items() if name in {"title", "status", "reason", "domain"}
    }
    return kept | {"metadata_names": sorted(document.get("metadata") or {})}


@pytest.mark.spec("A-12", "A-22")
async def test_a_rep_gets_the_answer_of_something_that_does_not_exist(world: World) -> None:
    foreign = await world.ordering(world.foreign, world.other_rep)
    order = await world.sheet(foreign, (world.skus[47], 1))
    own = await world.ordering(world.accounts[0])
    real = routes(world.foreign["id"], order["id"], order["lines"][0]["id"])
    absent = routes(str(uuid.uuid4()), str(uuid.uuid4()), str(uuid.uuid4()))
    for caller in (world.rep.api, own):
        for (method, path, body), (_, absent_path, absent_body) in zip(real, absent, strict=True):
            status, document = await answer(caller, method, path, body)
            other_status, other = await answer(caller, method, absent_path, absent_body)
            # 400: the body is judged first, whosever the account is.
            assert status in {400, 403, 404}, (method, path, status, document)
            assert (status, without_ids(document)) == (other_status, without_ids(other)), (method, path)
    assert (await foreign.get(f"/v1/orders/{order['id']}"))["etag"] == order["etag"]


@pytest.mark.spec("A-12")
async def test_lists_and_searches_of_a_rep_hold_own_accounts_only(world: World) -> None:
    served = await world.admin.get("/v1/accounts", representative_id=world.rep.id, page_size=200)
    own = {account["id"] for account in served["items"]}
    assert world.foreign["id"] not in own
    foreign = await world.ordering(world.foreign, world.other_rep)
    order = await world.sheet(foreign, (world.skus[48], 1))
    for query in ("", "linde", "peeters", world.foreign["number"], world.foreign["email"], "brussel"):
        found = await world.rep.api.get("/v1/accounts", query=query, page_size=200)
        assert {account["id"] for account in found["items"]} <= own, query
    mine = await world.rep.api.get("/v1/orders", page_size=200)
    assert order["id"] not in {seen["id"] for seen in mine["items"]}
    assert {seen["parties"]["customer"]["id"] for seen in mine["items"]} <= own
    for filters in ({"account_id": world.foreign["id"]}, {"representative_id": world.other_rep.id}):
        listed = await world.rep.api.send("GET", "/v1/orders", params=filters)
        assert listed.status_code in {403, 404} or listed.json()["items"] == [], filters
    audit = await world.rep.api.send("GET", "/v1/audit-entries", params={"account_id": world.foreign["id"]})
    assert audit.status_code in {403, 404} or audit.json()["items"] == []
    budgets = await world.rep.api.send("GET", "/v1/budgets", params={"account_id": world.foreign["id"]})
    assert budgets.status_code in {403, 404} or budgets.json()["items"] == []
