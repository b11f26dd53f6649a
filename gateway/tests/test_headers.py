"""Idempotency-Key, If-Match, correlation, identity, client address, security headers, CORS, methods."""

from __future__ import annotations

import base64
import json
import uuid
from typing import Any

import httpx
import pytest

from .fakes import ANY_ID, Services

ORDER = f"/v1/orders/{ANY_ID}"
PLACE = {"terms_version": "1", "terms_hash": "h"}


def token_of(subject: str, actor: str | None = None) -> str:
    claims = {"sub": subject, **({"act": {"sub": actor}} if actor else {})}
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"Bearer e30.{payload}.c2ln"


async def request_id(http: httpx.AsyncClient, services: Services, key: str, token: str | None = None) -> str:
    headers = {"Idempotency-Key": key, **({"Authorization": token} if token else {})}
    answered = await http.post("/v1/orders", json={}, headers=headers)
    assert answered.status_code == 201, answered.text
    return str(services.last.request.request_id)


async def test_a_uuid_is_the_request_id(http: httpx.AsyncClient, services: Services) -> None:
    key = str(uuid.uuid4())
    assert await request_id(http, services, key) == key
    assert await request_id(http, services, key.upper()) == key


async def test_another_key_becomes_a_uuid_of_caller_and_key(
    http: httpx.AsyncClient, services: Services
) -> None:
    first = await request_id(http, services, "order 17", token_of("a"))
    assert uuid.UUID(first).version == 5
    assert await request_id(http, services, "order 17", token_of("a")) == first
    others = {
        await request_id(http, services, "order 18", token_of("a")),
        await request_id(http, services, "order 17", token_of("b")),
        await request_id(http, services, "order 17", token_of("a", "rep")),
        await request_id(http, services, "order 17"),
        await request_id(http, services, "order 17", "Bearer not-a-jwt"),
        await request_id(http, services, "order 17", "Bearer a.W10.b"),
    }
    assert first not in others
    assert len(others) == 4  # the three without readable claims are one caller


@pytest.mark.parametrize("key", ["", " ", "a" * 256, "é", "tab\tinside"])
async def test_a_key_that_cannot_be(http: httpx.AsyncClient, services: Services, key: str) -> None:
    answered = await http.post("/v1/orders", json={}, headers={"Idempotency-Key": key.encode("utf-8")})
    assert answered.status_code == 400
    assert answered.json()["violations"][0]["field"] == "Idempotency-Key"
    assert not services.calls


async def test_placing_needs_a_key(http: httpx.AsyncClient, services: Services) -> None:
    answered = await http.post(f"{ORDER}:place", json=PLACE)
    assert answered.status_code == 400
    assert answered.json()["violations"] == [
        {"field": "Idempotency-Key", "description": "is required here", "reason": "REQUIRED"}
    ]
    assert not services.calls


@pytest.mark.parametrize(("sent", "etag"), [('"3"', '"3"'), ('W/"3"', 'W/"3"'), ("*", "")])
async def test_if_match(http: httpx.AsyncClient, services: Services, sent: str, etag: str) -> None:
    await http.post(f"{ORDER}:cancel", headers={"If-Match": sent})
    assert services.last.request.etag == etag


@pytest.mark.parametrize("sent", ["3", '"3', '"3", "4"', '"é"', '"' + "3" * 100 + '"', ""])
async def test_an_if_match_that_cannot_be(http: httpx.AsyncClient, services: Services, sent: str) -> None:
    answered = await http.post(f"{ORDER}:cancel", headers={"If-Match": sent.encode()})
    assert answered.status_code == 400
    assert answered.json()["violations"][0]["field"] == "If-Match"
    assert not services.calls


async def test_correlation_goes_in_and_out(http: httpx.AsyncClient, services: Services) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    answered = await http.get(ORDER, headers={"X-Request-Id": "client-17", "traceparent": trace})
    assert answered.headers["x-request-id"] == "client-17"
    assert services.last.metadata["x-request-id"] == "client-17"
    assert services.last.metadata["traceparent"] == trace


@pytest.mark.parametrize("sent", ["", "a b", "x" * 65, "a\x7fb", "é", '"};drop'])
async def test_a_harmful_request_id_is_replaced(
    http: httpx.AsyncClient, services: Services, sent: str
) -> None:
    answered = await http.get(ORDER, headers={"X-Request-Id": sent.encode(), "traceparent": sent.encode()})
    assert uuid.UUID(answered.headers["x-request-id"]).version == 7
    assert services.last.metadata["x-request-id"] == answered.headers["x-request-id"]
    assert "traceparent" not in services.last.metadata


async def test_the_token_is_passed_on(http: httpx.AsyncClient, services: Services) -> None:
    await http.get(ORDER, headers={"Authorization": "bearer abc.def-_~+/=="})
    assert services.last.metadata["authorization"] == "Bearer abc.def-_~+/=="
    await http.get(ORDER)
    assert "authorization" not in services.last.metadata


MALFORMED = ["Basic YTpi", "Bearer", "Bearer ", "Bearer a b", "abc", "Bearer é", "Bearer a\x00b"]
MALFORMED += ["Bearer " + "a" * 9000]


@pytest.mark.parametrize("sent", MALFORMED)
async def test_a_malformed_token_is_401(http: httpx.AsyncClient, services: Services, sent: str) -> None:
    answered = await http.get(ORDER, headers={"Authorization": sent.encode()})
    assert answered.status_code == 401
    assert answered.headers["www-authenticate"].startswith("Bearer")
    assert not services.calls


@pytest.mark.parametrize(
    ("trusted", "forwarded", "address"),
    [
        ("", "198.51.100.7", "192.0.2.1"),
        ("203.0.113.0/24", "198.51.100.7", "192.0.2.1"),
        ("192.0.2.0/24", "198.51.100.7", "198.51.100.7"),
        ("192.0.2.0/24", "6.6.6.6, 198.51.100.7", "198.51.100.7"),
        ("192.0.2.0/24,198.51.100.0/24", "2001:db8::1, 198.51.100.7", "2001:db8::1"),
        ("192.0.2.0/24", "nonsense", "192.0.2.1"),
        ("192.0.2.0/24", "", "192.0.2.1"),
    ],
)
async def test_client_address(
    gateway: Any, services: Services, trusted: str, forwarded: str, address: str
) -> None:
    client = await gateway(trusted_proxies=trusted)
    await client.get(ORDER, headers={"X-Forwarded-For": forwarded})
    assert services.last.metadata["x-forwarded-for"] == address


async def test_security_headers(http: httpx.AsyncClient, gateway: Any) -> None:
    for path in (ORDER, "/v1/nowhere", "/livez"):
        headers = (await http.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert "strict-transport-security" not in headers
    production = await gateway(profile="production")
    assert "strict-transport-security" in (await production.get("/livez")).headers


async def test_cors_is_off_by_default(http: httpx.AsyncClient) -> None:
    answered = await http.get(ORDER, headers={"Origin": "https://shop.example.org"})
    assert "access-control-allow-origin" not in answered.headers
    asked = {"Origin": "https://shop.example.org", "Access-Control-Request-Method": "GET"}
    assert (await http.options(ORDER, headers=asked)).status_code == 405


async def test_cors_for_named_origins(gateway: Any) -> None:
    client = await gateway(cors_origins="https://shop.example.org, https://desk.example.org")
    asked = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "If-Match"}
    allowed = await client.options(ORDER, headers=asked | {"Origin": "https://shop.example.org"})
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == "https://shop.example.org"
    assert (
        await client.options(ORDER, headers=asked | {"Origin": "https://evil.example"})
    ).status_code == 400
    answered = await client.get("/v1/orders/bad", headers={"Origin": "https://desk.example.org"})
    assert answered.headers["access-control-allow-origin"] == "https://desk.example.org"
    assert "ETag" in answered.headers["access-control-expose-headers"]
    foreign = await client.get(ORDER, headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in foreign.headers
