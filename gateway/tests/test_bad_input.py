"""Whatever a client sends, the answer is a problem that names what is wrong, never a 500."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from gateway.openapi import document
from gateway.operation import Operation
from gateway.routes import OPERATIONS
from gateway.wire import schema

from .fakes import ANY_ID, Services, path_with_ids, required_query

WITH_BODY = [item for item in OPERATIONS if item.body]
KEY = {"Idempotency-Key": "k"}
JSON = {"Content-Type": "application/json"}
# Never right for any member, whatever its type; the second list is wrong inside strings only.
WRONG: list[Any] = [12.5, {"x": 1}, [[]], 10**30, 1e300, [None]]
TEXTS = ["a\x00b", "2026-02-30", "99999999999999999999999", "NaN", "\U0001f600"]


async def violations(http: httpx.AsyncClient, item: Operation, content: bytes, **headers: str) -> Any:
    sent = KEY | JSON | headers
    answered = await http.request(item.method, path_with_ids(item), content=content, headers=sent)
    assert answered.status_code == 400, answered.text
    assert answered.headers["content-type"] == "application/problem+json"
    return answered.json()


@pytest.mark.parametrize("item", WITH_BODY, ids=lambda item: item.operation_id)
async def test_bodies_that_are_not_objects(
    http: httpx.AsyncClient, services: Services, item: Operation
) -> None:
    not_json = [b"{", b"nonsense", b'{"a": NaN}', b'{"a": "\\ud800"}', b"\xff\xfe", b"{'a': 1}", b"[" * 5000]
    for content in not_json:
        assert (await violations(http, item, content))["reason"] == "INVALID_JSON"
    for content in (b"[]", b"null", b'"x"', b"17", b"true"):
        problem = await violations(http, item, content)
        assert problem["violations"] == [{"field": "", "description": "must be an object", "reason": "TYPE"}]
    assert not services.calls


@pytest.mark.parametrize("item", WITH_BODY, ids=lambda item: item.operation_id)
async def test_unknown_and_read_only_members(
    http: httpx.AsyncClient, services: Services, item: Operation
) -> None:
    taken = ["id", "etag", "create_time", "request_id", "update_mask", "Note", "x" * 500, ""]
    problem = await violations(http, item, orjson.dumps(dict.fromkeys(taken, "x")))
    assert {found["field"] for found in problem["violations"]} == {name[:80] for name in taken}
    assert {found["reason"] for found in problem["violations"]} == {"UNKNOWN_FIELD"}
    assert not services.calls


def _wrong(kind: str, values: list[Any]) -> list[Any]:
    """Those of the values that are wrong for a member of this JSON type."""
    right = {"array": [[[]], [None]], "string": TEXTS[1:]}.get(kind, [])
    return [value for value in values if value not in right]


MEMBERS = [(item, name) for item in WITH_BODY for name in item.body_fields]


@pytest.mark.parametrize(
    ("item", "name"), MEMBERS, ids=[f"{item.operation_id}-{name}" for item, name in MEMBERS]
)
async def test_every_member_refuses_wrong_types(
    http: httpx.AsyncClient, services: Services, item: Operation, name: str
) -> None:
    for value in WRONG:
        problem = await violations(http, item, _dumps({name: value}))
        assert problem["violations"], value
        assert all(found["field"].startswith(name) for found in problem["violations"]), value
    assert not services.calls


def _dumps(value: Any) -> bytes:
    import json

    return json.dumps(value).encode()


@pytest.mark.parametrize("item", WITH_BODY, ids=lambda item: item.operation_id)
async def test_every_text_is_read_without_failing(
    http: httpx.AsyncClient, services: Services, item: Operation
) -> None:
    """Texts everywhere, at any depth: an answer of 2xx or 400, never more; NUL is always refused."""
    body = schema.example(item.body_fields, accepted=True)
    for text in TEXTS:
        content = orjson.dumps(_with_texts(body, text))
        answered = await http.request(item.method, path_with_ids(item), content=content, headers=KEY | JSON)
        assert answered.status_code in {item.status, 400}, answered.text
        if "\x00" in text and text in str(_with_texts(body, text)):
            assert answered.status_code == 400
            assert not services.calls


def _with_texts(value: Any, text: str) -> Any:
    if isinstance(value, dict):
        return {name: _with_texts(item, text) for name, item in value.items()}
    if isinstance(value, list):
        return [_with_texts(item, text) for item in value]
    return text if isinstance(value, str) else value


@pytest.mark.parametrize("item", WITH_BODY, ids=lambda item: item.operation_id)
async def test_media_types(http: httpx.AsyncClient, services: Services, item: Operation) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "", "application/json; charset=latin-1"):
        answered = await http.request(
            item.method, path_with_ids(item), content=b'{"x": 1}', headers=KEY | {"Content-Type": kind}
        )
        assert answered.status_code == 415
        assert answered.headers["accept"] == "application/json"
    packed = await http.request(
        item.method, path_with_ids(item), content=b"{}", headers=KEY | JSON | {"Content-Encoding": "gzip"}
    )
    assert packed.status_code == 415
    assert not services.calls


@pytest.mark.parametrize("item", [*OPERATIONS], ids=lambda item: item.operation_id)
async def test_query_parameters(http: httpx.AsyncClient, services: Services, item: Operation) -> None:
    """Unknown ones are named, on every route; known ones are checked; everything at once."""
    wrong = {"nonsense": ["1"], "Page_size": ["1"]}
    for query in item.queries:
        field = query.field(item.request)
        if field.enum_type is not None:
            wrong[query.name] = ["nonsense"]
        elif field.message_type is not None:
            wrong[query.name] = ["2026-13-01"]
        elif field.cpp_type == field.CPPTYPE_INT32:
            wrong[query.name] = ["99999999999"]
        elif field.cpp_type == field.CPPTYPE_BOOL:
            wrong[query.name] = ["yes"]
        else:
            wrong[query.name] = ["a\x00b"]
    body = b"{}" if item.body else b""
    headers = KEY | (JSON if item.body else {})
    answered = await http.request(
        item.method, path_with_ids(item), params=wrong, content=body, headers=headers
    )
    assert answered.status_code == 400
    assert {found["field"] for found in answered.json()["violations"]} == set(wrong)
    for raw in ("?a=%ff", "?" + "&".join("a=1" for _ in range(200)), "?=", "?%00=1", "?&&&;="):
        answered = await http.request(item.method, path_with_ids(item) + raw, content=body, headers=headers)
        assert answered.status_code in {400, item.status}
    twice = [query for query in item.queries if not query.field(item.request).is_repeated]
    if twice:
        repeated = await http.get(f"{path_with_ids(item)}?{twice[0].name}=a&{twice[0].name}=b")
        assert repeated.status_code == 400
        assert "REPEATED" in {found["reason"] for found in repeated.json()["violations"]}


IDS = [(item, name) for item in OPERATIONS for name in item.parameters if name.endswith("_id")]


@pytest.mark.parametrize(("item", "name"), IDS, ids=[f"{item.operation_id}-{name}" for item, name in IDS])
async def test_ids_that_cannot_exist_are_404(
    http: httpx.AsyncClient, services: Services, item: Operation, name: str
) -> None:
    template = item.path.replace(":id}", "}")
    others = {other: ANY_ID for other in item.parameters if other != name}
    for bad in (
        "1",
        "nonsense",
        "%00",
        "%ff",
        "%2e%2e",
        ANY_ID + "0",
        ANY_ID.replace("-", ""),
        "é",
        "a" * 900,
    ):
        path = template.format(**others | {name: bad})
        answered = await http.request(item.method, path, headers=KEY)
        assert answered.status_code == 404, (path, answered.text)
        assert answered.json()["reason"].endswith("_NOT_FOUND")
    assert not services.calls
    upper = template.format(**others | {name: ANY_ID.upper()}) + required_query(item)
    body = schema.example(item.body_fields, accepted=True) if item.body else None
    assert (await http.request(item.method, upper, json=body, headers=KEY)).status_code == item.status


@pytest.mark.parametrize("path", sorted(document()["paths"]))
async def test_methods(http: httpx.AsyncClient, services: Services, path: str) -> None:
    known = {name.upper() for name in document()["paths"][path]}
    # A feed has no head without a line, which would be held open for nobody.
    known |= {"HEAD"} if "GET" in known and not path.endswith("/feed") else set()
    concrete = path.replace("{group}", "LIBRARY")
    while "{" in concrete:
        start = concrete.index("{")
        concrete = concrete[:start] + ANY_ID + concrete[concrete.index("}") + 1 :]
    for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"} - known:
        answered = await http.request(method, concrete)
        assert answered.status_code == 405, method
        assert set(answered.headers["allow"].split(", ")) == known
        assert answered.headers["content-type"] == "application/problem+json"
    assert not services.calls


UNKNOWN = f"""
/ /v1 /v1/ /v1/orders/ /v2/orders //v1/orders /v1/orders/%2f /v1/%00 /%ff /v1/orders:place /.well-known
/docs/../etc/passwd /errors/x/y /v1/orders/{ANY_ID}:explode /v1/orders/{ANY_ID}/
"""


@pytest.mark.parametrize("path", UNKNOWN.split())
async def test_unknown_paths(http: httpx.AsyncClient, path: str) -> None:
    for method in ("GET", "POST"):
        answered = await http.request(method, path)
        assert answered.status_code == 404
        assert answered.json()["reason"].endswith("NOT_FOUND")


async def test_head_answers_like_get(http: httpx.AsyncClient) -> None:
    assert (await http.head(f"/v1/orders/{ANY_ID}")).status_code == 200


async def test_all_violations_at_once(http: httpx.AsyncClient, services: Services) -> None:
    answered = await http.post(
        "/v1/orders?dry=1",
        json={
            "lines": [{"quantity": "3"}, 7, {"quantity": 2**31, "colour": "red"}, None],
            "taken_time": "yesterday",
            "contact": {"email": 5},
            "payment_method": "PAYMENT_METHOD_PAY_LATER",
        },
        headers={"Idempotency-Key": "é".encode()},
    )
    found = {item["field"]: item["reason"] for item in answered.json()["violations"]}
    assert found == {
        "dry": "UNKNOWN_PARAMETER",
        "Idempotency-Key": "FORMAT",
        "lines[0].quantity": "TYPE",
        "lines[1]": "TYPE",
        "lines[2].quantity": "OUT_OF_RANGE",
        "lines[2].colour": "UNKNOWN_FIELD",
        "lines[3]": "TYPE",
        "taken_time": "FORMAT",
        "contact.email": "TYPE",
        "payment_method": "UNKNOWN_VALUE",
    }
    assert not services.calls
