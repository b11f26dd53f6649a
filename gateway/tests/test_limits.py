"""Sizes of requests and the rate of callers."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
from commis.customers.v1 import sessions_pb2

from chassis.context import Principal
from chassis.ids import new_id
from chassis.testkit.issuer import LocalIssuer
from gateway.limits import MAX_CALLERS, RateLimit

from .fakes import ANY_ID, Services

ORDER = f"/v1/orders/{ANY_ID}"


async def test_a_body_that_says_it_is_too_large(http: httpx.AsyncClient, services: Services) -> None:
    answered = await http.post("/v1/orders", content=b" " * (1024 * 1024 + 1))
    assert answered.status_code == 413
    assert answered.json()["metadata"] == {"limit": "1048576"}
    assert not services.calls


async def test_a_body_that_turns_out_too_large(http: httpx.AsyncClient, services: Services) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 100_000

    answered = await http.post("/v1/orders", content=endless(), headers={"Content-Type": "application/json"})
    assert answered.status_code == 413
    assert not services.calls


async def test_the_largest_body_passes(http: httpx.AsyncClient, services: Services) -> None:
    body = orjson.dumps({"note": "x"})
    padded = body + b" " * (1024 * 1024 - len(body))
    headers = {"Content-Type": "application/json"}
    assert (await http.post("/v1/orders", content=padded, headers=headers)).status_code == 201
    assert services.last.request.note == "x"


async def test_long_heads(http: httpx.AsyncClient, services: Services) -> None:
    assert (await http.get(ORDER, headers={"X-Long": "a" * 33_000})).status_code == 431
    assert (await http.get(f"/v1/products?query={'a' * 33_000}")).status_code == 431
    assert not services.calls


async def test_long_lists(http: httpx.AsyncClient, services: Services) -> None:
    answered = await http.post("/v1/orders", json={"lines": [{}] * 10_001})
    assert answered.status_code == 400
    assert answered.json()["violations"][0]["reason"] == "TOO_MANY"


async def test_many_violations_are_cut(http: httpx.AsyncClient) -> None:
    answered = await http.post("/v1/orders", json={f"x{index}": 1 for index in range(5000)})
    assert answered.status_code == 400
    assert len(answered.json()["violations"]) == 200
    assert len(answered.content) < 50_000


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_rate_limit_per_address(gateway: Any) -> None:
    clock = Clock()
    client = await gateway(rate_limit_per_minute=3, clock=clock)
    for left in (2, 1, 0):
        answered = await client.get(ORDER)
        assert answered.status_code == 200
        assert answered.headers["ratelimit-policy"] == '"caller";q=3;w=60'
        assert answered.headers["ratelimit"].startswith(f'"caller";r={left};t=')
    refused = await client.get(ORDER)
    assert refused.status_code == 429
    assert refused.json()["reason"] == "RATE_LIMITED"
    assert refused.headers["retry-after"] == "20"
    assert (await client.get("/readyz")).status_code == 200
    clock.now += 20
    assert (await client.get(ORDER)).status_code == 200
    assert (await client.get(ORDER)).status_code == 429


async def test_rate_limit_per_verified_caller(gateway: Any, services: Services) -> None:
    issuer = LocalIssuer()
    keys = sessions_pb2.GetJwksResponse(jwks_json=orjson.dumps(await issuer.jwks()).decode())
    services.answer("GetJwks", keys)
    client = await gateway(rate_limit_per_minute=4, clock=Clock())
    account, other = new_id(), new_id()
    mine = {"Authorization": f"Bearer {issuer.token(Principal(account, 'ACCOUNT', 'p1', 'PERSON'))}"}
    rep = {"Authorization": f"Bearer {issuer.token(Principal(account, 'ACCOUNT', 'r1', 'REP'))}"}
    theirs = {"Authorization": f"Bearer {issuer.token(Principal(other, 'ACCOUNT', 'p2', 'PERSON'))}"}
    forged = {"Authorization": "Bearer e30.e30.e30"}
    # The first sight of each token is charged to the address as well; then only to its caller.
    assert [(await client.get(ORDER, headers=mine)).status_code for _ in range(5)] == [200] * 4 + [429]
    assert [(await client.get(ORDER, headers=rep)).status_code for _ in range(5)] == [200] * 4 + [429]
    assert (await client.get(ORDER, headers=theirs)).status_code == 200
    # Invented tokens share what is left of their address.
    assert (await client.get(ORDER, headers=forged)).status_code == 200
    assert (await client.get(ORDER, headers=forged | {"X-Other": "1"})).status_code == 429
    assert (await client.get(ORDER, headers=theirs)).status_code == 200


def test_forgotten_callers_do_not_fill_the_memory() -> None:
    limit = RateLimit(1, time.monotonic)
    for index in range(MAX_CALLERS + 10):
        limit.take(str(index))
    assert len(limit._buckets) == MAX_CALLERS
    assert not limit.take(str(MAX_CALLERS + 9)).allowed


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
async def test_health_is_not_limited(gateway: Any, path: str) -> None:
    client = await gateway(rate_limit_per_minute=1, clock=Clock())
    assert [(await client.get(path)).status_code for _ in range(3)] == [200] * 3
