"""Tokens for programs and the published keys."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

import grpc
import httpx
import pytest
from commis.customers.v1 import sessions_pb2

from chassis.errors import Kind

from .fakes import Services, refusal

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
GOOD = {"grant_type": "client_credentials", "client_id": "erp", "client_secret": "s", "scope": "a b"}


async def ask(http: httpx.AsyncClient, form: Any, **headers: str) -> httpx.Response:
    content = form if isinstance(form, bytes) else urlencode(form).encode()
    return await http.post("/v1/oauth/token", content=content, headers=FORM | headers)


async def test_a_token_by_form_or_basic(http: httpx.AsyncClient, services: Services) -> None:
    response = sessions_pb2.IssueServiceTokenResponse(access_token="t", scope="a b")
    response.expire_time.FromSeconds(int(time.time()) + 600)
    services.answer("IssueServiceToken", response, response)
    answered = await ask(http, GOOD)
    assert answered.status_code == 200
    shown = answered.json()
    assert 590 <= shown.pop("expires_in") <= 600
    assert shown == {"access_token": "t", "token_type": "Bearer", "scope": "a b"}
    assert answered.headers["cache-control"] == "no-store"
    by_form = services.last.request

    basic = await ask(
        http, {"grant_type": "client_credentials", "scope": "a b"}, Authorization="Basic ZXJwOnM="
    )
    assert basic.status_code == 200
    assert services.last.request == by_form
    assert "authorization" not in services.last.metadata


def found_in(*names: str) -> Any:
    violations = [(name, "must be right", "TOO_LONG") for name in names]
    return refusal(Kind.INVALID_ARGUMENT, "INVALID_FIELDS", violations=violations)


ASSERTED = {
    "grant_type": "client_credentials",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "client_assertion": "e30.e30.c2ln",
}


async def test_a_token_by_assertion(http: httpx.AsyncClient, services: Services) -> None:
    answered = await ask(http, ASSERTED | {"scope": "assisted"})
    assert answered.status_code == 200
    request = services.last.request
    assert (request.client_assertion, request.client_secret) == ("e30.e30.c2ln", "")
    assert (request.client_id, request.scope) == ("", "assisted")


@pytest.mark.parametrize(
    ("change", "headers"),
    [
        ({"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}, {}),
        ({"client_assertion": ""}, {}),
        ({"client_secret": "s"}, {}),
        ({}, {"Authorization": "Basic ZXJwOnM="}),
    ],
)
async def test_bad_assertions(
    http: httpx.AsyncClient, services: Services, change: Any, headers: dict[str, str]
) -> None:
    answered = await ask(http, ASSERTED | change, **headers)
    assert (answered.status_code, answered.json()["error"]) == (400, "invalid_request")
    assert not services.calls


async def test_an_assertion_needs_its_type(http: httpx.AsyncClient, services: Services) -> None:
    form = {name: value for name, value in ASSERTED.items() if name != "client_assertion_type"}
    assert (await ask(http, form)).json()["error"] == "invalid_request"
    assert not services.calls


@pytest.mark.parametrize(
    ("form", "error", "status"),
    [
        ({}, "invalid_request", 400),
        (b"\xff\xfe", "invalid_request", 400),
        (b"grant_type=%ff", "invalid_request", 400),
        (b"&".join(b"a=1" for _ in range(30)), "invalid_request", 400),
        (b"grant_type=client_credentials&grant_type=client_credentials", "invalid_request", 400),
        (GOOD | {"grant_type": "password"}, "unsupported_grant_type", 400),
        (GOOD | {"client_id": ""}, "invalid_client", 401),
        ({"grant_type": "client_credentials"}, "invalid_client", 401),
        (GOOD | {"client_secret": "a\x00"}, "invalid_request", 400),
    ],
)
async def test_bad_forms(
    http: httpx.AsyncClient, services: Services, form: Any, error: str, status: int
) -> None:
    answered = await ask(http, form)
    assert (answered.status_code, answered.json()["error"]) == (status, error)
    assert ("www-authenticate" in answered.headers) == (status == 401)
    assert not services.calls


@pytest.mark.parametrize(
    "header", ["Bearer abc", "Basic", "Basic !!!", "Basic ZXJw", "Basic gIA=", "nonsense"]
)
async def test_bad_basic(http: httpx.AsyncClient, services: Services, header: str) -> None:
    answered = await ask(http, {"grant_type": "client_credentials"}, Authorization=header)
    assert (answered.status_code, answered.json()["error"]) == (401, "invalid_client")
    assert not services.calls


async def test_two_ways_at_once(http: httpx.AsyncClient) -> None:
    answered = await ask(http, GOOD, Authorization="Basic ZXJwOnM=")
    assert (answered.status_code, answered.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("refused", "error", "status"),
    [
        (refusal(Kind.UNAUTHENTICATED, "CLIENT_REFUSED"), "invalid_client", 401),
        (refusal(Kind.INVALID_ARGUMENT, "INVALID_FIELDS"), "invalid_scope", 400),
        (found_in("scope"), "invalid_scope", 400),
        (found_in("client_id"), "invalid_client", 401),
        (found_in("scope", "client_secret"), "invalid_client", 401),
    ],
)
async def test_refusals(
    http: httpx.AsyncClient, services: Services, refused: Any, error: str, status: int
) -> None:
    services.answer("IssueServiceToken", refused)
    answered = await ask(http, GOOD)
    assert (answered.status_code, answered.json()["error"]) == (status, error)


async def test_other_failures_are_problems(http: httpx.AsyncClient, services: Services) -> None:
    services.answer("IssueServiceToken", grpc.StatusCode.UNAVAILABLE)
    assert (await ask(http, GOOD)).json()["reason"] == "SERVICE_UNAVAILABLE"
    assert (await http.post("/v1/oauth/token", json=GOOD)).status_code == 415
    assert (await ask(http, b"a" * 21_000)).status_code == 413


async def test_keys(http: httpx.AsyncClient, services: Services) -> None:
    services.answer("GetJwks", sessions_pb2.GetJwksResponse(jwks_json='{"keys":[]}'))
    answered = await http.get("/.well-known/jwks.json")
    assert answered.json() == {"keys": []}
    assert answered.headers["cache-control"] == "public, max-age=60"
