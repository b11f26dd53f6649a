"""POST /v1/imports streams."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from commis.catalog.v1 import imports_pb2

from chassis.errors import Kind

from .fakes import ANY_ID, Services, refusal

CSV = {"Content-Type": "text/csv; charset=utf-8"}


def accepted() -> Any:
    response = imports_pb2.UploadImportResponse()
    getattr(response, "import").id = ANY_ID
    return response


async def test_the_file_arrives_in_pieces(http: httpx.AsyncClient, services: Services) -> None:
    services.answer("UploadImport", accepted())
    sent = [bytes([65 + index % 26]) * 70_000 for index in range(40)]

    async def content() -> AsyncIterator[bytes]:
        for chunk in sent:
            yield chunk

    url = "/v1/imports?kind=PRICES&file_name=prix%20d%27%C3%A9t%C3%A9.csv"
    headers = CSV | {"Idempotency-Key": ANY_ID}
    answered = await http.post(url, content=content(), headers=headers)
    assert answered.status_code == 202
    assert answered.headers["location"] == f"/v1/imports/{ANY_ID}"
    assert answered.json()["id"] == ANY_ID
    first, *pieces = services.last.request
    assert first.header.kind == imports_pb2.Import.KIND_PRICES
    assert first.header.format == imports_pb2.Import.FORMAT_CSV
    assert first.header.file_name == "prix d'été.csv"
    assert first.header.request_id == ANY_ID
    assert b"".join(piece.content for piece in pieces) == b"".join(sent)
    assert all(0 < len(piece.content) <= 1024 * 1024 for piece in pieces)
    assert len(pieces) < 10


async def test_an_empty_file_is_the_services_affair(http: httpx.AsyncClient, services: Services) -> None:
    assert (await http.post("/v1/imports?kind=STOCK", content=b"", headers=CSV)).status_code == 202
    assert [item.WhichOneof("part") for item in services.last.request] == ["header"]


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("", {"kind"}),
        ("?kind=", {"kind"}),
        ("?kind=CATS", {"kind"}),
        ("?kind=STOCK&kind=STOCK", {"kind"}),
        ("?kind=STOCK&format=CSV&file_name=a%00", {"format", "file_name"}),
    ],
)
async def test_bad_parameters(
    http: httpx.AsyncClient, services: Services, query: str, fields: set[str]
) -> None:
    answered = await http.post(f"/v1/imports{query}", content=b"a", headers=CSV)
    assert answered.status_code == 400
    assert {item["field"] for item in answered.json()["violations"]} == fields
    assert not services.calls


async def test_media_type_and_size(http: httpx.AsyncClient, gateway: Any, services: Services) -> None:
    url = "/v1/imports?kind=STOCK"
    assert (
        await http.post(url, content=b"a", headers={"Content-Type": "application/json"})
    ).status_code == 415
    small = await gateway(max_import_bytes=100_000)
    assert (await small.post(url, content=b"a" * 100_001, headers=CSV)).status_code == 413

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"a" * 50_000

    refused = await small.post(url, content=endless(), headers=CSV)
    assert refused.status_code == 413
    assert refused.json()["reason"] == "BODY_TOO_LARGE"


async def test_refusals_of_the_service(http: httpx.AsyncClient, services: Services) -> None:
    found = [("header.file_name", "too long", "TOO_LONG"), ("header.request_id", "no", "INVALID")]
    services.answer(
        "UploadImport",
        refusal(Kind.INVALID_ARGUMENT, "INVALID_FIELDS", violations=found),
        refusal(Kind.PERMISSION_DENIED, "PERMISSION_DENIED"),
    )
    answered = await http.post("/v1/imports?kind=STOCK", content=b"a", headers=CSV)
    assert [item["field"] for item in answered.json()["violations"]] == ["file_name", "Idempotency-Key"]
    assert (await http.post("/v1/imports?kind=STOCK", content=b"a", headers=CSV)).status_code == 403
