"""Payments over HTTP: opening a page, links by token, and what the provider posts."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from commis.orders.v1 import payments_pb2
from google.type import money_pb2
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from chassis import telemetry
from chassis.errors import Kind

from .fakes import ANY_ID, Services, refusal

NOTICE = "/v1/payment-notifications/mollie"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TOKEN = "c3RhcnQ_-aGVsbG8"


async def post_form(http: httpx.AsyncClient, form: Any, **headers: str) -> httpx.Response:
    content = form if isinstance(form, bytes) else urlencode(form).encode()
    return await http.post(NOTICE, content=content, headers=FORM | headers)


@pytest.mark.spec("O-22")
async def test_a_page_is_opened(http: httpx.AsyncClient, services: Services) -> None:
    answer = payments_pb2.StartPaymentResponse(
        payment=payments_pb2.Payment(
            id=ANY_ID,
            state=payments_pb2.Payment.STATE_OPEN,
            amount=money_pb2.Money(currency_code="EUR", units=12, nanos=340_000_000),
        ),
        checkout_address="https://pay.example/tr_1",
    )
    services.answer("StartPayment", answer)
    answered = await http.post(
        f"/v1/orders/{ANY_ID}:start-payment",
        json={"return_address": "https://shop.example/thanks"},
        headers={"Idempotency-Key": "once"},
    )
    assert answered.status_code == 200
    shown = answered.json()
    assert shown["checkout_address"] == "https://pay.example/tr_1"
    assert shown["payment"]["amount"] == {"amount": "12.34", "currency": "EUR"}
    request = services.last.request
    assert (request.order_id, request.return_address) == (ANY_ID, "https://shop.example/thanks")
    assert request.request_id


@pytest.mark.spec("O-12")
async def test_links_are_looked_at_and_paid_without_a_token_of_a_session(
    http: httpx.AsyncClient, services: Services
) -> None:
    services.answer("GetPaymentLink", payments_pb2.GetPaymentLinkResponse(order_number="2026-000123"))
    shown = await http.get(f"/v1/payment-links/{TOKEN}")
    assert (shown.status_code, shown.json()["order_number"]) == (200, "2026-000123")
    assert shown.headers["cache-control"] == "no-store"
    assert services.last.request.token == TOKEN
    services.answer("PayByLink", payments_pb2.PayByLinkResponse(checkout_address="https://pay.example/tr_1"))
    paid = await http.post(f"/v1/payment-links/{TOKEN}:pay")
    assert paid.json() == {"checkout_address": "https://pay.example/tr_1"}
    services.answer("GetPaymentLink", refusal(Kind.NOT_FOUND, "PAYMENT_LINK_NOT_FOUND"))
    assert (await http.get(f"/v1/payment-links/{TOKEN}")).status_code == 404


@pytest.mark.spec("O-22")
async def test_the_provider_is_heard_and_answered_alike(http: httpx.AsyncClient, services: Services) -> None:
    for form in ({"id": "tr_7UhSN1zuXS"}, {"id": "whatever"}, {"id": "tr_1", "other": "left alone"}):
        services.answer("NotifyPayment", payments_pb2.NotifyPaymentResponse())
        answered = await post_form(http, form)
        assert (answered.status_code, answered.content) == (200, b"")
        request = services.last.request
        assert (request.provider, request.provider_payment_id) == ("mollie", form["id"])


@pytest.mark.spec("O-22")
@pytest.mark.parametrize(
    ("form", "status"),
    [({}, 400), ({"id": ""}, 400), ({"id": "x" * 101}, 400), (b"id=\xff", 400), (b"id=%00", 400),
     (b"id=1&id=2", 400), (b"x=" + b"y" * 5000, 413)],
)  # fmt: skip
async def test_what_is_no_notice_is_a_problem(http: httpx.AsyncClient, form: Any, status: int) -> None:
    answered = await post_form(http, form)
    assert answered.status_code == status
    assert answered.headers["content-type"].startswith("application/problem+json")


@pytest.mark.spec("O-22")
async def test_while_orders_is_away_the_provider_has_to_call_again(
    http: httpx.AsyncClient, services: Services
) -> None:
    services.answer("NotifyPayment", refusal(Kind.UNAVAILABLE, "DATABASE_UNAVAILABLE"))
    assert (await post_form(http, {"id": "tr_1"})).status_code == 503
    assert (await http.post(NOTICE, json={"id": "tr_1"})).status_code == 415


@pytest.mark.spec("O-12")
async def test_no_trace_tells_a_payment_link(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry, "_tracer", provider.get_tracer("test"))
    await http.get(f"/v1/payment-links/{TOKEN}")
    await http.post(f"/v1/payment-links/{TOKEN}:pay", json={})
    spans = exporter.get_finished_spans()
    assert TOKEN not in "".join(span.to_json() for span in spans)
    assert {"GET /v1/payment-links/{token}", "POST /v1/payment-links/{token}:pay"} <= {
        span.name for span in spans
    }
