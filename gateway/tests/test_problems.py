"""Errors of services as problem+json (RFC 9457)."""

from __future__ import annotations

from typing import Any

import grpc
import httpx
import pytest

from chassis.errors import Kind
from gateway.problems import HTTP_STATUS

from .fakes import ANY_ID, Services, refusal

ORDER = f"/v1/orders/{ANY_ID}"
MEMBERS = {
    *("type", "title", "status", "detail", "reason"),
    *("domain", "metadata", "violations", "request_id"),
}


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (Kind.INVALID_ARGUMENT, 400),
        (Kind.FAILED_PRECONDITION, 400),
        (Kind.OUT_OF_RANGE, 400),
        (Kind.UNAUTHENTICATED, 401),
        (Kind.PERMISSION_DENIED, 403),
        (Kind.NOT_FOUND, 404),
        (Kind.ALREADY_EXISTS, 409),
        (Kind.ABORTED, 409),
        (Kind.RESOURCE_EXHAUSTED, 429),
        (Kind.UNAVAILABLE, 503),
        (Kind.DEADLINE_EXCEEDED, 504),
    ],
)
async def test_named_errors(http: httpx.AsyncClient, services: Services, kind: Kind, status: int) -> None:
    # Three times, because reads are repeated while a service is UNAVAILABLE.
    services.answer("GetOrder", *[refusal(kind, "SOMETHING_HAPPENED", order_id="17")] * 3)
    answered = await http.get(ORDER, headers={"X-Request-Id": "r-1"})
    assert answered.status_code == status
    assert answered.headers["content-type"] == "application/problem+json"
    assert answered.json() == {
        "type": "/errors/test.commis/SOMETHING_HAPPENED",
        "title": "Something happened",
        "status": status,
        "detail": "SOMETHING_HAPPENED happened.",
        "reason": "SOMETHING_HAPPENED",
        "domain": "test.commis",
        "metadata": {"order_id": "17"},
        "violations": [],
        "request_id": "r-1",
    }


def test_every_code_has_a_status() -> None:
    assert set(HTTP_STATUS) == set(grpc.StatusCode) - {grpc.StatusCode.OK}


@pytest.mark.parametrize(
    "code", sorted(set(grpc.StatusCode) - {grpc.StatusCode.OK}, key=lambda item: item.name)
)
async def test_errors_without_details_tell_nothing_internal(
    http: httpx.AsyncClient, services: Services, code: grpc.StatusCode
) -> None:
    services.answer("GetOrder", *[code] * 3)
    answered = await http.get(ORDER)
    assert answered.status_code == HTTP_STATUS[code]
    problem = answered.json()
    assert set(problem) == MEMBERS
    assert "10.0.0.7" not in answered.text
    assert problem["domain"] == "gateway.commis"


async def test_internal_errors_keep_their_text_to_themselves(
    http: httpx.AsyncClient, services: Services
) -> None:
    services.answer("GetOrder", refusal(Kind.INTERNAL, "INTERNAL", secret="s3cr3t"))
    answered = await http.get(ORDER)
    assert answered.status_code == 500
    assert answered.json()["detail"] == "Internal error."
    assert answered.json()["metadata"] == {}


@pytest.mark.parametrize(("delay", "seconds"), [(2.0, "2"), (0.2, "1"), (1.2, "2"), (None, "1")])
async def test_retry_after(
    http: httpx.AsyncClient, services: Services, delay: float | None, seconds: str
) -> None:
    services.answer("CreateOrder", refusal(Kind.UNAVAILABLE, "DATABASE_UNAVAILABLE", retry_after=delay))
    answered = await http.post("/v1/orders", json={})
    assert answered.status_code == 503
    assert answered.headers["retry-after"] == seconds


async def test_a_stale_if_match_is_412_and_otherwise_409(http: httpx.AsyncClient, services: Services) -> None:
    stale = refusal(Kind.ABORTED, "ETAG_MISMATCH", current_etag='"4"')
    services.answer("UpdateOrder", stale, stale)
    with_match = await http.patch(ORDER, json={"note": "x"}, headers={"If-Match": '"3"'})
    assert with_match.status_code == 412
    assert with_match.json()["metadata"] == {"current_etag": '"4"'}
    assert (await http.patch(ORDER, json={"note": "x"})).status_code == 409


async def test_a_key_used_for_another_request_is_422(http: httpx.AsyncClient, services: Services) -> None:
    services.answer("PlaceOrder", refusal(Kind.INVALID_ARGUMENT, "REQUEST_ID_REUSED"))
    answered = await http.post(f"{ORDER}:place", json={}, headers={"Idempotency-Key": "k"})
    # The terms are required as documented, but it is the service that says so.
    assert answered.status_code == 422


ACCOUNT = f"/v1/accounts/{ANY_ID}"
PRODUCT = {"name": {}, "vat_class": "", "variants": []}
VAT = "business_profile.vat_number"
STREET = "delivery_address.postal_code"
BUDGETS, SHIPPING = "/v1/budgets", "/v1/shipping-methods"
BUDGET = {"account_id": ANY_ID, "code": "A", "total": {"amount": "1", "currency": "EUR"}}
BUDGET |= {"period_start_date": "2026-01-01", "period_end_date": "2026-12-31"}
METHOD = {"code": "A", "name": {}, "currency_code": "EUR"}
BAND = "zones[0].bands[1].price"
RULE = "price_rules[0].currency_code"
PATHS: list[tuple[str, str, Any, str, str, str]] = [
    ("PATCH", ACCOUNT, {"email": "x"}, "UpdateAccount", "account.email", "email"),
    ("PATCH", ACCOUNT, {}, "UpdateAccount", f"account.{VAT}", VAT),
    (
        "POST",
        f"{ACCOUNT}/addresses",
        {"address": {}},
        "CreateAddress",
        "address.address.city",
        "address.city",
    ),
    ("POST", "/v1/orders", {}, "CreateOrder", "lines[0].quantity", "lines[0].quantity"),
    ("POST", "/v1/orders", {}, "CreateOrder", STREET, STREET),
    ("POST", "/v1/orders", {}, "CreateOrder", "request_id", "Idempotency-Key"),
    ("PATCH", ORDER, {}, "UpdateOrder", "order.etag", "If-Match"),
    ("DELETE", f"{ORDER}/lines/{ANY_ID}", None, "RemoveOrderLine", "etag", "If-Match"),
    ("PATCH", f"{ORDER}/lines/{ANY_ID}", {}, "UpdateOrderLine", "line.quantity", "quantity"),
    ("GET", "/v1/orders", None, "ListOrders", "states[1]", "state[1]"),
    ("GET", "/v1/orders", None, "ListOrders", "place_from_date", "placed_from"),
    ("POST", "/v1/quotes", {"lines": []}, "QuoteLines", "language_code", "language"),
    ("POST", "/v1/products", PRODUCT, "CreateProduct", "product.name.texts.fr", "name.fr"),
    ("POST", "/v1/products", PRODUCT, "CreateProduct", 'product.name.texts["fr"]', "name.fr"),
    ("POST", "/v1/products", PRODUCT, "CreateProduct", "product.variants[2].gtin", "variants[2].gtin"),
    ("POST", BUDGETS, BUDGET, "CreateBudget", "budget.total.currency_code", "total.currency"),
    ("POST", BUDGETS, BUDGET, "CreateBudget", "total.units", "total.amount"),
    ("POST", SHIPPING, METHOD, "CreateShippingMethod", f"shipping_method.{BAND}.nanos", f"{BAND}.amount"),
    ("POST", SHIPPING, METHOD, "CreateShippingMethod", "shipping_method.currency_code", "currency_code"),
    ("PUT", "/v1/onix-mapping", {}, "SetOnixMapping", f"mapping.{RULE}", RULE),
]


@pytest.mark.parametrize(("method", "path", "body", "rpc", "told", "known"), PATHS)
async def test_violations_name_fields_as_the_client_sent_them(
    http: httpx.AsyncClient,
    services: Services,
    method: str,
    path: str,
    body: Any,
    rpc: str,
    told: str,
    known: str,
) -> None:
    found = refusal(Kind.INVALID_ARGUMENT, "INVALID_FIELDS", violations=[(told, "must be right", "FORMAT")])
    services.answer(rpc, found)
    answered = await http.request(method, path, json=body)
    assert answered.status_code == 400
    problem = answered.json()
    assert problem["violations"] == [{"field": known, "description": "must be right", "reason": "FORMAT"}]
    assert problem["detail"] == f"Invalid fields: {known}."
    assert problem["domain"] == "test.commis"


async def test_findings_against_placing_are_all_there(http: httpx.AsyncClient, services: Services) -> None:
    findings = [
        ("lines[0]", "only 2 left", "STOCK_SHORTAGE"),
        ("terms_version", "outdated", "TERMS_OUTDATED"),
    ]
    services.answer(
        "PlaceOrder", refusal(Kind.FAILED_PRECONDITION, "ORDER_NOT_PLACEABLE", violations=findings)
    )
    body = {"terms_version": "1", "terms_hash": "h"}
    answered = await http.post(f"{ORDER}:place", json=body, headers={"Idempotency-Key": "k"})
    assert answered.status_code == 400
    assert [item["reason"] for item in answered.json()["violations"]] == ["STOCK_SHORTAGE", "TERMS_OUTDATED"]


@pytest.mark.parametrize(
    ("token", "challenge"), [(None, "Bearer"), ("Bearer abc", 'Bearer error="invalid_token"')]
)
async def test_challenge(
    http: httpx.AsyncClient, services: Services, token: str | None, challenge: str
) -> None:
    services.answer("GetOrder", refusal(Kind.UNAUTHENTICATED, "UNAUTHENTICATED"))
    answered = await http.get(ORDER, headers={"Authorization": token} if token else {})
    assert answered.status_code == 401
    assert answered.headers["www-authenticate"] == challenge


async def test_a_service_that_is_away(gateway: Any) -> None:
    client = await gateway(orders_target="127.0.0.1:1")
    answered = await client.get(ORDER)
    assert answered.status_code == 503
    assert answered.headers["retry-after"] == "1"
    assert answered.json()["reason"] == "SERVICE_UNAVAILABLE"
    assert "127.0.0.1" not in answered.text
    assert (await client.get("/readyz")).json()["services"]["orders"] in {"connecting", "transient_failure"}


async def test_every_call_has_a_deadline(http: httpx.AsyncClient, services: Services) -> None:
    await http.get(ORDER)
    assert 0 < services.last.seconds_left < 11


async def test_reads_are_repeated_and_writes_are_not(http: httpx.AsyncClient, services: Services) -> None:
    away = refusal(Kind.UNAVAILABLE, "DATABASE_UNAVAILABLE")
    services.answer("GetOrder", away)
    assert (await http.get(ORDER)).status_code == 200
    services.answer("CreateOrder", away)
    assert (await http.post("/v1/orders", json={})).status_code == 503
    services.answer("PlaceOrder", away)
    body = {"terms_version": "1", "terms_hash": "h"}
    placed = await http.post(f"{ORDER}:place", json=body, headers={"Idempotency-Key": "k"})
    assert placed.status_code == 200
    first, second = services.calls[-2:]
    assert first.request.request_id == second.request.request_id
