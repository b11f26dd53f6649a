"""Orders come out as files, and go in as uploads that are answered one by one."""

from __future__ import annotations

import grpc
import httpx
import orjson
import pytest
from commis.orders.v1 import entry_pb2, orders_pb2

from chassis.errors import Kind

from .fakes import ANY_ID, OTHER_ID, Services, refusal

EXPORT, BATCHES = "/v1/orders:export", "/v1/order-batches"
ANSWERS = [
    entry_pb2.UploadOrdersResponse(
        order_id=ANY_ID,
        outcome=entry_pb2.UploadOrdersResponse.OUTCOME_PLACED,
        number="2026-000123",
        state=orders_pb2.Order.STATE_PLACED,
    ),
    entry_pb2.UploadOrdersResponse(
        order_id=OTHER_ID,
        outcome=entry_pb2.UploadOrdersResponse.OUTCOME_NEEDS_ATTENTION,
        reasons=[orders_pb2.PlacementObstacle(field="lines[0].shown_unit_price", reason="PRICE_CHANGED")],
        shared_order=True,
    ),
]
LINE = {"line": {"sku": "A", "quantity": 2}, "shown_unit_price": {"amount": "12.3456", "currency": "EUR"}}
OFFLINE = {"order_id": ANY_ID, "account_id": OTHER_ID, "lines": [LINE], "taken_time": "2026-11-02T15:30:00Z"}


@pytest.mark.spec("O-34")
async def test_an_export_passes_through_with_the_filters_of_the_list(
    http: httpx.AsyncClient, services: Services
) -> None:
    sent = [bytes([index]) * 200_000 for index in range(10)]
    services.answer("ExportOrders", [entry_pb2.ExportOrdersResponse(content=each) for each in sent])
    query = "format=xlsx&state=PLACED&state=CLOSED&placed_from=2026-01-02&query=linde&sort=total_highest"
    answered = await http.get(f"{EXPORT}?{query}&account_id={ANY_ID}")
    assert answered.content == b"".join(sent)
    assert answered.headers["content-type"].endswith("spreadsheetml.sheet")
    assert answered.headers["content-disposition"] == 'attachment; filename="orders.xlsx"'
    request = services.last.request
    assert request.format == entry_pb2.ExportOrdersRequest.FORMAT_XLSX
    assert list(request.filter.states) == [orders_pb2.Order.STATE_PLACED, orders_pb2.Order.STATE_CLOSED]
    assert (request.filter.account_id, request.filter.query) == (ANY_ID, "linde")
    assert (request.filter.place_from_date.day, request.filter.sort) == (
        2,
        orders_pb2.ORDER_SORT_TOTAL_HIGHEST,
    )


@pytest.mark.spec("O-34")
async def test_exports_that_are_refused(http: httpx.AsyncClient, services: Services) -> None:
    bad = await http.get(f"{EXPORT}?sort=NEWEST&placed_to=x&page_size=1")
    assert bad.status_code == 400
    assert {each["field"] for each in bad.json()["violations"]} == {
        "format",
        "sort",
        "placed_to",
        "page_size",
    }
    (sort,) = [each for each in bad.json()["violations"] if each["field"] == "sort"]
    assert sort["description"] == "must be one of newest, oldest, placed_newest, total_highest"
    assert not services.calls
    wrong = [
        ("filter.states[1]", "x", "INVALID"),
        ("filter.query", "x", "TOO_LONG"),
        ("format", "x", "REQUIRED"),
    ]
    services.answer("ExportOrders", refusal(Kind.INVALID_ARGUMENT, "INVALID_FIELDS", violations=wrong))
    answered = await http.get(f"{EXPORT}?format=csv")
    assert [each["field"] for each in answered.json()["violations"]] == ["state[1]", "query", "format"]
    services.answer("ExportOrders", refusal(Kind.RESOURCE_EXHAUSTED, "EXPORTS_BUSY"))
    assert (await http.get(f"{EXPORT}?format=csv")).status_code == 429
    services.answer(
        "ExportOrders", [entry_pb2.ExportOrdersResponse(content=b"a"), grpc.StatusCode.UNAVAILABLE]
    )
    with pytest.raises(grpc.aio.AioRpcError):
        await http.get(f"{EXPORT}?format=csv")


@pytest.mark.spec("O-11")
async def test_an_upload_is_answered_order_by_order(http: httpx.AsyncClient, services: Services) -> None:
    services.answer("UploadOrders", ANSWERS, ANSWERS)
    body = {"orders": [OFFLINE, OFFLINE | {"order_id": OTHER_ID}]}
    listed = await http.post(BATCHES, json=body)
    assert (listed.status_code, listed.headers["content-type"]) == (200, "application/json")
    first, second = listed.json()["items"]
    assert (first["order_id"], first["outcome"], first["number"]) == (ANY_ID, "PLACED", "2026-000123")
    assert (second["outcome"], second["shared_order"]) == ("NEEDS_ATTENTION", True)
    assert second["reasons"][0]["reason"] == "PRICE_CHANGED"
    sent = services.last.request.orders[0]
    assert (sent.lines[0].line.sku, sent.lines[0].shown_unit_price.nanos) == ("A", 345_600_000)
    assert sent.taken_time.ToDatetime().hour == 15
    by_line = await http.post(BATCHES, json=body, headers={"Accept": "application/x-ndjson"})
    assert by_line.headers["content-type"] == "application/x-ndjson"
    assert [orjson.loads(line) for line in by_line.content.splitlines()] == [first, second]
    assert by_line.content.endswith(b"\n")


@pytest.mark.spec("O-11")
async def test_uploads_that_are_refused(http: httpx.AsyncClient, services: Services) -> None:
    bad = await http.post(BATCHES, json={"orders": [OFFLINE | {"surprise": 1}], "more": 1})
    assert bad.status_code == 400
    assert {each["field"] for each in bad.json()["violations"]} == {"orders[0].surprise", "more"}
    assert (await http.post(BATCHES)).status_code == 400
    too_long = {"orders": [OFFLINE | {"note": "x" * 9_000_000}]}
    assert (await http.post(BATCHES, json=too_long)).status_code == 413
    assert not services.calls
    wrong = [("orders[1].order_id", "is there already", "REPEATED")]
    services.answer("UploadOrders", refusal(Kind.INVALID_ARGUMENT, "INVALID_FIELDS", violations=wrong))
    answered = await http.post(BATCHES, json={"orders": [OFFLINE, OFFLINE]})
    assert (answered.status_code, answered.json()["violations"][0]["field"]) == (400, "orders[1].order_id")
    services.answer("UploadOrders", [ANSWERS[0], grpc.StatusCode.UNAVAILABLE])
    with pytest.raises(grpc.aio.AioRpcError):
        await http.post(BATCHES, json={"orders": [OFFLINE]})


@pytest.mark.spec("O-13")
async def test_figures_of_a_representative(http: httpx.AsyncClient, services: Services) -> None:
    path = f"/v1/representatives/{ANY_ID}/figures?from=2026-01-01&to=2026-06-30"
    await http.get(f"{path}&by=PRODUCT&currency_code=CHF")
    request = services.last.request
    assert (request.representative_id, request.by) == (
        ANY_ID,
        entry_pb2.ListRepresentativeFiguresRequest.BY_PRODUCT,
    )
    assert (request.to_date.month, request.currency_code) == (6, "CHF")
    missing = await http.get(path.replace("&to=2026-06-30", "&by=MOOD"))
    assert {each["field"] for each in missing.json()["violations"]} == {"to", "by"}
    nowhere = await http.get("/v1/representatives/x/statistics?from=2026-01-01&to=2026-01-02")
    assert (nowhere.status_code, nowhere.json()["reason"]) == (404, "REPRESENTATIVE_NOT_FOUND")
