"""GET /v1/data-exports/{id}/archive streams."""

from __future__ import annotations

import grpc
import httpx
import pytest
from commis.customers.v1 import privacy_pb2

from chassis.errors import Kind

from .fakes import ANY_ID, Services, refusal

PATH = f"/v1/data-exports/{ANY_ID}/archive"


def pieces(*contents: bytes) -> list[privacy_pb2.DownloadDataExportResponse]:
    return [privacy_pb2.DownloadDataExportResponse(content=content) for content in contents]


async def test_an_archive_passes_through_in_pieces(http: httpx.AsyncClient, services: Services) -> None:
    sent = [bytes([index]) * 200_000 for index in range(20)]
    services.answer("DownloadDataExport", pieces(*sent))
    async with http.stream("GET", PATH, headers={"Authorization": "Bearer abc"}) as answered:
        got = b"".join([chunk async for chunk in answered.aiter_raw()])
    assert answered.status_code == 200
    assert answered.headers["content-type"] == "application/zip"
    assert answered.headers["content-disposition"] == f'attachment; filename="data-export-{ANY_ID}.zip"'
    assert answered.headers["cache-control"] == "no-store"
    assert "content-length" not in answered.headers
    assert got == b"".join(sent)
    assert services.last.request.data_export_id == ANY_ID
    assert services.last.metadata["authorization"] == "Bearer abc"


async def test_a_refusal_before_the_first_piece_is_a_problem(
    http: httpx.AsyncClient, services: Services
) -> None:
    services.answer("DownloadDataExport", refusal(Kind.FAILED_PRECONDITION, "DATA_EXPORT_STATE"))
    answered = await http.get(PATH)
    assert (answered.status_code, answered.json()["reason"]) == (400, "DATA_EXPORT_STATE")
    unknown = await http.get("/v1/data-exports/not-an-id/archive")
    assert (unknown.status_code, unknown.json()["reason"]) == (404, "DATA_EXPORT_NOT_FOUND")


async def test_a_failure_later_cuts_the_answer_off(http: httpx.AsyncClient, services: Services) -> None:
    services.answer("DownloadDataExport", [*pieces(b"PK"), grpc.StatusCode.UNAVAILABLE])
    with pytest.raises(grpc.aio.AioRpcError):
        await http.get(PATH)
