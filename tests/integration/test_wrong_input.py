"""Wrong input on every route: a problem document that names field and rule, never a 500.

The routes and their fields are read from the OpenAPI document, so a new route is covered without a new test.
"""

import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.api import Json
from tests.world import World

METHODS = ("get", "post", "put", "patch", "delete")
WRONG_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 2**31, 2**63, 2**70, 1.5, "", " ", "x" * 5000, "\x00", "a\x00b", "\ud800", "é́" * 3, "-5",
    "NaN", "1e400", "2026-13-45", "0000-00-00", "9999-99-99T99:99:99Z", [], [None], [[]], {}, {"": None},
    {"amount": 1.5, "currency": "EUR"}, {"amount": "1.23456", "currency": "EUR"}, {"amount": "1", "currency": "XXX"},
    str(uuid.uuid4()), ["x"] * 3000,
)  # fmt: skip
WRONG_BODIES: tuple[bytes, ...] = (
    b"", b"{", b"null", b"[]", b'"text"', b"12", b'{"a":}', b"\xff\xfe", b'{"a":1e999}', b'{"nobody_knows_this": 1}',
    b'{"a":' * 2000, b'{"\\ud800": 1}',
)  # fmt: skip
UPLOAD = "/v1/imports"
# Would end the very session that the test runs in.
ENDS_SESSION = "/v1/sessions:sign-out"


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in sorted(document["paths"].items()):
        for method in METHODS:
            if method in item and path != ENDS_SESSION:
                yield method.upper(), path, item[method]


def resolve(document: Json, schema: Json) -> Json:
    while "$ref" in schema:
        node: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            node = node[part]
        schema = node
    return schema


def body_fields(document: Json, operation: Json) -> list[str]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return []
    return sorted(resolve(document, content["schema"]).get("properties", {}))


def demanded(operation: Json) -> dict[str, str]:
    """The query parameters that the gateway demands, with values that it accepts: a choice or a date."""
    found = {}
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "query" and parameter["required"]:
            found[parameter["name"]] = parameter["schema"].get("enum", ["2026-11-21"])[0]
    return found


def body_of(operation: Json) -> tuple[bytes, str]:
    """A body of a type that the route takes, and that type."""
    taken = list(operation.get("requestBody", {}).get("content", {})) or ["application/json"]
    return (b"{}", "application/json") if "application/json" in taken else (b"x", taken[0])


def concrete(path: str) -> str:
    return re.sub(r"\{[^}]+\}", lambda _: str(uuid.uuid4()), path)


def is_problem(response: httpx.Response) -> bool:
    document = response.json()
    return (
        response.headers["content-type"].startswith("application/problem+json")
        and document["status"] == response.status_code
        and bool(document["reason"])
        and bool(document["detail"] or document["title"])
    )


def judge(response: httpx.Response, context: object) -> None:
    """Refused requests answer a problem; nothing a client sends may answer 5xx."""
    assert response.status_code < 500, (context, response.status_code, response.text[:500])
    if response.status_code >= 400 and "oauth/token" not in str(response.url):
        assert is_problem(response), (context, response.text[:500])
        if response.json()["reason"] == "INVALID_FIELDS":
            violations = response.json()["violations"]
            assert violations, context
            for violation in violations:  # field is empty when the body as a whole is wrong
                assert violation["description"], context
                assert violation["field"] or len(violations) == 1, context


@pytest.fixture(scope="module")
async def document(world: World) -> Json:
    return await world.api.get("/openapi.json")


async def test_every_route_answers_a_bad_token_with_401(world: World, document: Json) -> None:
    forged = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."
    checked = 0
    for method, path, operation in operations(document):
        # {}: works without a token, too.
        if not (needed := operation.get("security", document.get("security"))) or {} in needed:
            continue
        for token in ("garbage", forged, ""):
            # What the gateway demands itself is right, so that the service is asked: it alone judges tokens.
            content, media_type = body_of(operation)
            headers = {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": media_type}
            response = await world.api.as_(token).send(
                method, concrete(path), content=content, headers=headers, params=demanded(operation)
            )
            assert response.status_code == 401, (method, path, token, response.text)
            assert is_problem(response)
            checked += 1
    assert checked > 100


async def test_unknown_ids_answer_404(world: World, document: Json) -> None:
    checked = 0
    for method, path, _operation in operations(document):
        if method != "GET" or "{" not in path:
            continue
        for identifier in (str(uuid.uuid4()), "nonsense", "%00", "a" * 3000, "..%2f..", "é"):
            response = await world.admin.send(method, re.sub(r"\{[^}]+\}", identifier, path))
            judge(response, (method, path, identifier))
            if identifier == "nonsense" and "{group}" not in path:
                assert response.status_code in {400, 404}, (path, response.text)
            checked += 1
    assert checked > 50


async def test_wrong_bodies_are_refused_on_every_route(world: World, document: Json) -> None:
    headers = {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/json"}
    for method, path, operation in operations(document):
        if "requestBody" not in operation or path == UPLOAD:
            continue
        for body in WRONG_BODIES:
            response = await world.admin.send(method, concrete(path), content=body, headers=headers)
            judge(response, (method, path, body[:40]))
            if body in {b"{", b"[]", b"12", b'{"nobody_knows_this": 1}'}:
                assert 400 <= response.status_code < 500, (method, path, body, response.text[:300])


async def test_wrong_values_in_every_field_are_refused_or_understood(world: World, document: Json) -> None:
    checked = 0
    for method, path, operation in operations(document):
        for field in body_fields(document, operation):
            for value in WRONG_VALUES:
                content = json_bytes({field: value})
                headers = {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/json"}
                response = await world.admin.send(method, concrete(path), content=content, headers=headers)
                judge(response, (method, path, field, str(value)[:40]))
                checked += 1
    assert checked > 1000


async def test_wrong_query_parameters_are_refused_or_understood(world: World, document: Json) -> None:
    checked = 0
    for method, path, operation in operations(document):
        for parameter in operation.get("parameters", []):
            if parameter["in"] != "query":
                continue
            for value in (
                "",
                "-1",
                "99999999999999999999",
                "x" * 3000,
                "\x00",
                "é",
                "NaN",
                "{}",
                "2026-02-30",
            ):
                response = await world.admin.send(method, concrete(path), params={parameter["name"]: value})
                judge(response, (method, path, parameter["name"], value[:40]))
                checked += 1
        response = await world.admin.send(method, concrete(path), params={"nobody_knows_this": "1"})
        judge(response, (method, path))
    assert checked > 200


async def test_malformed_preconditions_and_keys_are_refused(world: World, document: Json) -> None:
    for method, path, _operation in operations(document):
        if method == "GET" or path == UPLOAD:
            continue
        for headers in (
            {"If-Match": "not an etag"}, {"If-Match": '"' + "9" * 400 + '"'}, {"If-Match": '"-1"'},
            {"Idempotency-Key": "x" * 5000}, {"Idempotency-Key": "a b"}, {"Content-Type": "application/xml"},
        ):  # fmt: skip
            response = await world.admin.send(method, concrete(path), content=b"{}", headers=headers)
            judge(response, (method, path, headers))


def json_bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True).encode()
