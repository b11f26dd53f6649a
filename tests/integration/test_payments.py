"""Paying online through the gateway: at the provider's page, by a link that a representative had mailed, and back."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from tests.api import Api, Json, sign_in
from tests.stack import Stack
from tests.world import PASSWORD, World, activate

BUYER = "payer@shops.example"


@pytest.fixture(scope="module")
async def customer(world: World) -> Api:
    """Somebody with an account of their own, who signed in."""
    account = await world.admin.post(
        "/v1/accounts",
        {"first_name": "Lies", "last_name": "Betaalt", "email": BUYER, "language_code": "nl",
         "business_profile": {"company_name": "Boekhandel Betaalt", "vat_number": "BE0403170701",
                              "b2b_active": True, "pay_later_allowed": True},
         "addresses": [{"label": "home", "default_billing": True, "default_delivery": True, "address": {
             "street_lines": ["Kerkstraat 12"], "postal_code": "1000", "city": "Brussel", "region_code": "BE",
             "phone": "+32 2 501 02 11"}}]},
    )  # fmt: skip
    await world.admin.call("PUT", f"/v1/representatives/{world.rep.id}/accounts/{account['id']}")
    await activate(world.api, world.mailbox, BUYER)
    return await sign_in(world.api, BUYER, PASSWORD)


@pytest.fixture
async def provider(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=stack.payprovider_url, timeout=10) as client:
        yield client
        await client.post("/switches", json={})


async def placed(session: Api, world: World, sku: str, **fields: Any) -> Json:
    order = await world.sheet(session, (sku, 2), **fields)
    checkout = await session.get(f"/v1/orders/{order['id']}/checkout")
    answer = await session.place(order["id"], checkout)
    assert answer.status_code == 200, answer.text
    shown: Json = answer.json()
    return shown


async def until(session: Api, order_id: str, right: Callable[[Json], bool], seconds: float = 20) -> Json:
    deadline = time.monotonic() + seconds
    while not right(order := await session.get(f"/v1/orders/{order_id}")):
        assert time.monotonic() < deadline, (order["state"], order["payment_state"], order["not_undone"])
        await asyncio.sleep(0.1)
    return order


async def click(provider: httpx.AsyncClient, address: str, action: str) -> httpx.Response:
    """What the customer does on the provider's page, wherever this installation has it."""
    path = httpx.URL(address).raw_path.decode()
    page = await provider.get(path)
    assert page.status_code == 200
    return await provider.post(path, data={"action": action})


@pytest.mark.spec("O-22", "O-33", "M-01")
async def test_a_customer_pays_at_the_providers_page_and_gets_it_back(
    world: World, customer: Api, provider: httpx.AsyncClient
) -> None:
    order = await world.sheet(customer, ("SKU-00052", 2), payment_method="ELECTRONIC")
    checkout = await customer.get(f"/v1/orders/{order['id']}/checkout")
    assert "ELECTRONIC" in checkout["payment_methods"]
    assert (await customer.place(order["id"], checkout)).status_code == 200
    number = (await customer.get(f"/v1/orders/{order['id']}"))["number"]
    assert await world.mailbox.wait_for(to=BUYER, subject=number)
    early = await world.admin.send("POST", f"/v1/orders/{order['id']}:process")
    assert (early.status_code, early.json()["reason"]) == (400, "ORDER_NOT_PAID")

    await provider.post("/switches", json={"webhooks": "doubled"})
    wanted = {"return_address": "https://shops.example/thanks"}
    failed = await customer.post(f"/v1/orders/{order['id']}:start-payment", wanted)
    await click(provider, failed["checkout_address"], "fail")
    deadline = time.monotonic() + 20
    while True:
        started = await customer.post(f"/v1/orders/{order['id']}:start-payment", wanted)
        if started["payment"]["id"] != failed["payment"]["id"]:
            break
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    back = await click(provider, started["checkout_address"], "pay")
    assert (back.status_code, back.headers["location"]) == (303, wanted["return_address"])
    await until(customer, order["id"], lambda one: one["payment_state"] == "PAID")
    payments = (await customer.get(f"/v1/orders/{order['id']}/payments"))["payments"]
    assert [one["state"] for one in payments] == ["FAILED", "PAID"]
    told = [
        entry["detail"]
        for entry in (await customer.get(f"/v1/orders/{order['id']}/history"))["items"]
        if entry["action"] == "payment_changed"
    ]
    assert told == ["FAILED", "PAID"]

    cancelled = await customer.post(f"/v1/orders/{order['id']}:cancel", {"reason": "too much"})
    assert "PAYMENT_REFUND_PENDING" in cancelled["not_undone"]
    name = next(
        one["id"] for one in (await provider.get("/payments")).json() if one["description"] == number
        and one["status"] == "paid"
    )  # fmt: skip
    deadline = time.monotonic() + 20
    while not (
        refunds := (await provider.get(f"/v2/payments/{name}?embed=refunds", headers=_key())).json()[
            "_embedded"
        ]["refunds"]
    ):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    assert len(refunds) == 1
    await provider.post(f"/refunds/{refunds[0]['id']}:refunded")
    after = await until(customer, order["id"], lambda one: one["payment_state"] == "REFUNDED")
    assert "PAYMENT_REFUND_PENDING" not in after["not_undone"]


def _key() -> dict[str, str]:
    return {"Authorization": "Bearer test_local_only_moves_no_money_000"}


@pytest.mark.spec("O-12", "M-01")
async def test_a_rep_has_a_link_mailed_and_the_customer_pays_by_it(
    world: World, customer: Api, provider: httpx.AsyncClient
) -> None:
    account = await customer.get("/v1/session")
    session = await world.ordering({"id": account["subject"]["id"]})
    order = await placed(session, world, "SKU-00053")
    for refused in (
        await session.send("POST", f"/v1/orders/{order['id']}:start-payment",
                           json={"return_address": "https://shops.example/"}),
        await customer.send("POST", f"/v1/orders/{order['id']}:send-payment-link", json={}),
    ):  # fmt: skip
        assert (refused.status_code, refused.json()["reason"]) == (403, "PAYMENT_NOT_ALLOWED")
    electronic = await session.send("PATCH", f"/v1/orders/{(await session.post('/v1/cart'))['id']}",
                                    json={"payment_method": "ELECTRONIC"})  # fmt: skip
    assert electronic.status_code == 400
    answer = await session.post(f"/v1/orders/{order['id']}:send-payment-link")
    assert set(answer) == {"expire_time"}

    (mail, *_) = await world.mailbox.wait_for(to=BUYER, subject="online")
    found = re.search(r"#token=([A-Za-z0-9_\-]+)", mail["text"])
    assert found, mail["text"]
    kept = (await world.admin.get("/v1/mails", order_id=order["id"]))["items"]
    [shown] = [one for one in kept if one["template"] == "payment_link"]
    assert found[1] not in str(await world.admin.get(f"/v1/mails/{shown['id']}"))
    link = await world.api.get(f"/v1/payment-links/{found[1]}")
    assert (link["order_number"], link["paid"]) == (order["number"], False)
    assert link["amount"] == order["totals"]["total"]

    await provider.post("/switches", json={"webhooks": "early"})
    paid = await world.api.post(f"/v1/payment-links/{found[1]}:pay")
    await click(provider, paid["checkout_address"], "pay")
    await until(session, order["id"], lambda one: one["payment_state"] == "PAID")
    assert (await world.api.get(f"/v1/payment-links/{found[1]}"))["paid"]
    seen = str(await session.get(f"/v1/orders/{order['id']}")) + str(
        await session.get(f"/v1/orders/{order['id']}/payments")
    )
    assert found[1] not in seen
    assert "checkout" not in seen


@pytest.mark.spec("O-22")
async def test_anybody_may_say_that_a_payment_changed_and_learns_nothing(world: World) -> None:
    answers = [
        await world.api.send("POST", "/v1/payment-notifications/mollie", data={"id": name})
        for name in ("tr_unknown", "whatever", "é")
    ]
    assert {(one.status_code, one.content) for one in answers} == {(200, b"")}
