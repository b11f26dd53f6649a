"""The payment provider for development speaks the contract of Mollie's Payments API, and can be told to misbehave."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from local.payprovider import LOCAL_KEY
from local.payprovider.pages import PayProviderPages

KEY = {"Authorization": f"Bearer {LOCAL_KEY}"}
ASKED: dict[str, Any] = {
    "amount": {"currency": "EUR", "value": "12.34"},
    "description": "2026-000123",
    "redirectUrl": "https://shop.example/thanks",
    "webhookUrl": "https://shop.example/hook",
    "locale": "nl_BE",
    "metadata": {"payment_id": "x"},
}


@pytest.fixture
async def provider() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(PayProviderPages(LOCAL_KEY, "http://pay"))
    async with httpx.AsyncClient(transport=transport, base_url="http://pay", headers=KEY) as client:
        await client.post("/switches", json={"webhooks": "held"})
        yield client


async def test_a_payment_is_made_shown_paid_and_refunded(provider: httpx.AsyncClient) -> None:
    made = await provider.post("/v2/payments", json=ASKED, headers={"Idempotency-Key": "k"})
    assert made.status_code == 201
    payment = made.json()
    assert payment["status"] == "open"
    assert payment["_links"]["checkout"]["href"] == f"http://pay/checkout/{payment['id']}"
    assert (
        await provider.post("/v2/payments", json=ASKED, headers={"Idempotency-Key": "k"})
    ).json() == payment
    page = await provider.get(f"/checkout/{payment['id']}")
    assert "12.34 EUR" in page.text
    clicked = await provider.post(f"/checkout/{payment['id']}", data={"action": "pay"})
    assert (clicked.status_code, clicked.headers["location"]) == (303, ASKED["redirectUrl"])
    shown = (await provider.get(f"/v2/payments/{payment['id']}")).json()
    assert (shown["status"], shown["amountRemaining"]["value"]) == ("paid", "12.34")
    assert "checkout" not in shown["_links"]
    refunds = f"/v2/payments/{payment['id']}/refunds"
    part = {"amount": {"currency": "EUR", "value": "2.34"}}
    refund = (await provider.post(refunds, json=part)).json()
    assert refund["status"] == "pending"
    await provider.post(f"/refunds/{refund['id']}:refunded")
    shown = (await provider.get(f"/v2/payments/{payment['id']}?embed=refunds")).json()
    assert [one["status"] for one in shown["_embedded"]["refunds"]] == ["refunded"]
    assert shown["amountRefunded"]["value"] == "2.34"
    too_much = await provider.post(refunds, json={"amount": {"currency": "EUR", "value": "10.01"}})
    assert (too_much.status_code, too_much.json()["field"]) == (422, "amount")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": {"currency": "EUR", "value": "12.3"}}, "amount"),
        ({"amount": {"currency": "JPY", "value": "12.30"}}, "amount"),
        ({"amount": {"currency": "EUR", "value": 12.34}}, "amount"),
        ({"amount": {"currency": "XXX", "value": "1.00"}}, "amount.currency"),
        ({"amount": {"currency": "EUR", "value": "99999999.00"}}, "amount"),
        ({"description": ""}, "description"),
        ({"redirectUrl": "ftp://x"}, "redirectUrl"),
        ({"locale": "nl"}, "locale"),
    ],
)
async def test_errors_name_the_field(provider: httpx.AsyncClient, change: dict[str, Any], field: str) -> None:
    refused = await provider.post("/v2/payments", json=ASKED | change)
    assert refused.status_code == 422
    assert refused.json()["field"] == field
    assert refused.headers["content-type"] == "application/hal+json"


async def test_strangers_are_refused_and_switches_obeyed(provider: httpx.AsyncClient) -> None:
    stranger = await provider.get("/v2/payments/tr_x", headers={"Authorization": "Bearer other"})
    assert stranger.status_code == 401
    assert (await provider.get("/v2/payments/tr_x")).status_code == 404
    await provider.post("/switches", json={"fail_status": 429, "fail_times": 1, "lose_answers": 1})
    answers = [
        (await provider.post("/v2/payments", json=ASKED, headers={"Idempotency-Key": "k"})).status_code
        for _ in range(3)
    ]
    assert answers == [429, 503, 201]
    assert len((await provider.get("/payments")).json()) == 1
    assert (await provider.post("/switches", json={"webhooks": "never"})).status_code == 400


async def test_webhooks_say_the_id_and_nothing_else() -> None:
    heard: list[bytes] = []

    def shop(request: httpx.Request) -> httpx.Response:
        heard.append(request.content)
        return httpx.Response(200)

    pages = PayProviderPages(LOCAL_KEY, "http://pay")
    pages._webhooks._http = httpx.AsyncClient(transport=httpx.MockTransport(shop))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(pages), base_url="http://pay", headers=KEY
    ) as client:
        await client.post("/switches", json={"webhooks": "early"})
        payment = (await client.post("/v2/payments", json=ASKED)).json()
        await client.post(f"/checkout/{payment['id']}", data={"action": "wait"})
        assert not heard  # as Mollie: not for pending
        await client.post(f"/checkout/{payment['id']}", data={"action": "pay"})
    assert [parse_qs(one.decode()) for one in heard] == [{"id": [payment["id"]]}]
