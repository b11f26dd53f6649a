"""Pasted and uploaded lines pass through the gateway as they are; the media type says what they are."""

from __future__ import annotations

import httpx
import pytest
from commis.orders.v1 import entry_pb2 as pb
from commis.orders.v1 import orders_pb2

from chassis.errors import Kind

from .fakes import ANY_ID, OTHER_ID, Services, refusal

pytestmark = pytest.mark.spec("O-04")
CHECK = f"/v1/orders/{ANY_ID}/entry:check"
ADD = f"/v1/orders/{ANY_ID}/entry:add"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("text/plain", pb.ENTRY_FORMAT_TEXT),
        ("text/plain; charset=iso-8859-1", pb.ENTRY_FORMAT_TEXT),
        ("text/tab-separated-values", pb.ENTRY_FORMAT_TEXT),
        ("TEXT/CSV", pb.ENTRY_FORMAT_CSV),
        (XLSX, pb.ENTRY_FORMAT_XLSX),
    ],
)
async def test_the_media_type_says_what_it_is(
    http: httpx.AsyncClient, services: Services, kind: str, expected: int
) -> None:
    row = pb.EntryRow(row=1, state=pb.EntryRow.STATE_BAD_QUANTITY, code="A", remark="why")
    services.answer("CheckEntry", pb.CheckEntryResponse(rows=[row], unread_columns=["Titre"]))
    answered = await http.post(CHECK, content=b"A;\xe9\x00", headers={"Content-Type": kind})
    assert answered.status_code == 200
    shown = answered.json()
    assert (shown["rows"][0]["state"], shown["rows"][0]["remark"], shown["ok_count"]) == (
        "BAD_QUANTITY",
        "why",
        0,
    )
    assert (shown["unread_columns"], shown["rows"][0]["line"]) == (["Titre"], None)
    sent = services.last.request
    assert (sent.order_id, sent.format, sent.content) == (ANY_ID, expected, b"A;\xe9\x00")


async def test_adding_has_a_key_a_version_and_gives_the_new_one(
    http: httpx.AsyncClient, services: Services
) -> None:
    services.answer(
        "AddEntry", pb.AddEntryResponse(added_count=1, order=orders_pb2.Order(id=ANY_ID, etag='"4"'))
    )
    headers = {"Content-Type": "text/plain", "Idempotency-Key": OTHER_ID, "If-Match": '"3"'}
    answered = await http.post(ADD, content=b"A;1", headers=headers)
    assert (answered.status_code, answered.headers["etag"]) == (200, '"4"')
    assert (answered.json()["added_count"], answered.json()["order"]["id"]) == (1, ANY_ID)
    sent = services.last.request
    assert (sent.request_id, sent.etag, sent.content) == (OTHER_ID, '"3"', b"A;1")


async def test_what_is_no_entry_is_refused_here(http: httpx.AsyncClient, services: Services) -> None:
    text = {"Content-Type": "text/plain"}
    for headers in ({}, {"Content-Type": "application/json"}, text | {"Content-Encoding": "gzip"}):
        refused = await http.post(ADD, content=b"A;1", headers=headers)
        assert (refused.status_code, refused.json()["reason"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
        assert XLSX in refused.headers["accept"]
    long = await http.post(CHECK, content=b"a" * (5 * 1024**2 + 1), headers=text)
    assert (long.status_code, long.json()["reason"]) == (413, "BODY_TOO_LARGE")
    nowhere = await http.post("/v1/orders/nothing/entry:add", content=b"A;1", headers=text)
    assert (nowhere.status_code, nowhere.json()["reason"]) == (404, "ORDER_NOT_FOUND")
    wrong = await http.post(
        f"{ADD}?order_id=x", content=b"A", headers=text | {"If-Match": "3", "Idempotency-Key": " "}
    )
    found = {item["field"] for item in wrong.json()["violations"]}
    assert (wrong.status_code, found) == (400, {"order_id", "If-Match", "Idempotency-Key"})
    assert not services.calls


async def test_refusals_name_what_the_client_knows(http: httpx.AsyncClient, services: Services) -> None:
    violations = [
        ("content", "has no rows", "REQUIRED"),
        ("rows[3]", "is no longer sold", "VARIANT_DISCONTINUED"),
    ]
    services.answer("AddEntry", refusal(Kind.INVALID_ARGUMENT, "INVALID_FIELDS", violations=violations))
    answered = await http.post(ADD, content=b"", headers={"Content-Type": "text/plain"})
    assert [item["field"] for item in answered.json()["violations"]] == ["body", "rows[3]"]
    services.answer("AddEntry", refusal(Kind.ABORTED, "ETAG_MISMATCH"))
    headers = {"Content-Type": "text/plain", "If-Match": '"1"'}
    assert (await http.post(ADD, content=b"A;1", headers=headers)).status_code == 412
