"""A client that stays but does not read holds a file no longer than a while."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from commis.catalog.v1 import exports_pb2
from commis.orders.v1 import entry_pb2

from gateway import streaming
from gateway.config import Settings

from .fakes import Services
from .test_server import request, serving

CATALOG, ORDERS = exports_pb2.ExportCatalogResponse, entry_pb2.ExportOrdersResponse
HEADER = exports_pb2.ExportHeader(media_type="text/csv", file_name="prices.csv")


@pytest.mark.spec("O-34")
@pytest.mark.parametrize(
    ("rpc", "path", "first", "part"),
    [
        ("ExportOrders", "/v1/orders:export?format=csv", ORDERS(), ORDERS(content=bytes(65536))),
        (
            "ExportCatalog",
            "/v1/exports?kind=PRICES&format=CSV",
            CATALOG(header=HEADER),
            CATALOG(content=bytes(65536)),
        ),
    ],
)
async def test_the_service_is_told_to_stop(
    settings: Settings, services: Services, monkeypatch: pytest.MonkeyPatch,
    rpc: str, path: str, first: Any, part: Any,
) -> None:  # fmt: skip
    monkeypatch.setattr(streaming, "_IDLE_SECONDS", 0.2)
    ended = asyncio.Event()

    def for_ever() -> Iterator[Any]:
        try:
            yield first
            while True:
                yield part
        finally:
            ended.set()

    services.answer(rpc, for_ever())
    async with serving(settings) as (host, port, _):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(request("GET", path))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        async with asyncio.timeout(20):
            await ended.wait()
        assert not writer.is_closing()
        writer.transport.abort()
