"""GET /v1/exports streams; uploads say by their media type what they are."""

from __future__ import annotations

import grpc
import httpx
import pytest
from commis.catalog.v1 import exports_pb2, imports_pb2, onix_pb2

from chassis.errors import Kind

from .fakes import ANY_ID, OTHER_ID, Services, refusal

PATH = "/v1/exports?kind=PRICES&format=CSV"
HEADER = exports_pb2.ExportCatalogResponse(
    header=exports_pb2.ExportHeader(file_name="prices.csv", media_type="text/csv; charset=utf-8")
)


def pieces(*contents: bytes) -> list[exports_pb2.ExportCatalogResponse]:
    return [HEADER, *(exports_pb2.ExportCatalogResponse(content=content) for content in contents)]


@pytest.mark.spec("C-05")
async def test_an_export_passes_through_in_pieces(http: httpx.AsyncClient, services: Services) -> None:
    sent = [bytes([index]) * 200_000 for index in range(20)]
    services.answer("ExportCatalog", pieces(*sent))
    async with http.stream("GET", PATH, headers={"Authorization": "Bearer abc"}) as answered:
        got = b"".join([chunk async for chunk in answered.aiter_raw()])
    assert answered.status_code == 200
    assert answered.headers["content-type"] == "text/csv; charset=utf-8"
    assert answered.headers["content-disposition"] == 'attachment; filename="prices.csv"'
    assert answered.headers["cache-control"] == "no-store"
    assert got == b"".join(sent)
    assert services.last.request.kind == exports_pb2.ExportCatalogRequest.KIND_PRICES
    assert services.last.request.format == exports_pb2.ExportCatalogRequest.FORMAT_CSV
    assert services.last.metadata["authorization"] == "Bearer abc"


@pytest.mark.spec("C-05")
async def test_exports_that_fail(http: httpx.AsyncClient, services: Services) -> None:
    bad = await http.get("/v1/exports?kind=CATS")
    assert bad.status_code == 400
    assert {item["field"] for item in bad.json()["violations"]} == {"kind", "format"}
    assert not services.calls
    services.answer("ExportCatalog", refusal(Kind.RESOURCE_EXHAUSTED, "EXPORTS_BUSY"))
    answered = await http.get(PATH)
    assert (answered.status_code, answered.json()["reason"]) == (429, "EXPORTS_BUSY")
    services.answer("ExportCatalog", [*pieces(b"a,b"), grpc.StatusCode.UNAVAILABLE])
    with pytest.raises(grpc.aio.AioRpcError):
        await http.get(PATH)


@pytest.mark.spec("C-04")
@pytest.mark.parametrize(
    ("media_type", "form"),
    [
        ("text/csv; charset=iso-8859-1", imports_pb2.Import.FORMAT_CSV),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", imports_pb2.Import.FORMAT_XLSX),
        ("application/xml", imports_pb2.Import.FORMAT_ONIX),
        ("text/xml; charset=utf-16", imports_pb2.Import.FORMAT_ONIX),
    ],
)
async def test_the_media_type_says_the_format(
    http: httpx.AsyncClient, services: Services, media_type: str, form: int
) -> None:
    response = imports_pb2.UploadImportResponse()
    getattr(response, "import").id = ANY_ID
    services.answer("UploadImport", response)
    url = "/v1/imports?kind=PRODUCTS"
    assert (await http.post(url, content=b"x", headers={"Content-Type": media_type})).status_code == 202
    assert services.last.request[0].header.format == form
    packed = {"Content-Type": media_type, "Content-Encoding": "gzip"}
    assert (await http.post(url, content=b"x", headers=packed)).status_code == 415


@pytest.mark.spec("C-04")
async def test_an_import_from_an_address_and_the_mapping(http: httpx.AsyncClient, services: Services) -> None:
    response = imports_pb2.FetchImportResponse()
    getattr(response, "import").id = ANY_ID
    services.answer("FetchImport", response)
    asked = {"kind": "PRODUCTS", "format": "ONIX", "source_address": "https://example.com/feed.xml"}
    answered = await http.post("/v1/imports:fetch", json=asked)
    assert (answered.status_code, answered.headers["location"]) == (202, f"/v1/imports/{ANY_ID}")
    assert services.last.request.source_address == "https://example.com/feed.xml"
    rule = {"price_type": "04", "currency_code": "EUR", "price_list_id": OTHER_ID}
    mapping = onix_pb2.OnixMapping(price_rules=[onix_pb2.OnixPriceRule(**rule)], etag='"3"')
    services.answer("SetOnixMapping", onix_pb2.SetOnixMappingResponse(mapping=mapping))
    body = {"price_rules": [rule], "subject_rules": []}
    answered = await http.put("/v1/onix-mapping", json=body, headers={"If-Match": '"2"'})
    assert (answered.status_code, answered.headers["etag"]) == (200, '"3"')
    assert answered.json()["price_rules"][0]["price_type"] == "04"
    assert services.last.request.etag == '"2"'
    assert services.last.request.mapping.price_rules[0].price_list_id == OTHER_ID
