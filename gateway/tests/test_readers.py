"""Who leaves in the middle of a file, or stays and does not read it, keeps no service busy with it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from commis.catalog.v1 import exports_pb2
from commis.customers.v1 import privacy_pb2
from commis.orders.v1 import attachments_pb2, entry_pb2

from gateway import streaming
from gateway.config import Settings

from .fakes import ANY_ID, Services
from .test_order_files import ANSWERS
from .test_server import request, serving

CATALOG, ORDERS = exports_pb2.ExportCatalogResponse, entry_pb2.ExportOrdersResponse
ARCHIVE, FILE = privacy_pb2.DownloadDataExportResponse, attachments_pb2.ReadAttachmentResponse
HEADER = exports_pb2.ExportHeader(media_type="text/csv", file_name="prices.csv")
HUGE = attachments_pb2.Attachment(media_type="application/pdf", file_name="plan.pdf", size_bytes=2**50)
CHUNK = bytes(65536)


@dataclass(frozen=True)
class File:
    """`sent` brings an answer of `first` and endless `part`s of this RPC."""

    rpc: str
    sent: bytes
    first: Any
    part: Any


FILES = [
    File("ExportOrders", request("GET", "/v1/orders:export?format=csv"), ORDERS(), ORDERS(content=CHUNK)),
    File(
        "ExportCatalog",
        request("GET", "/v1/exports?kind=PRICES&format=CSV"),
        CATALOG(header=HEADER),
        CATALOG(content=CHUNK),
    ),
    File(
        "DownloadDataExport",
        request("GET", f"/v1/data-exports/{ANY_ID}/archive"),
        ARCHIVE(),
        ARCHIVE(content=CHUNK),
    ),
    File(
        "ReadAttachment",
        request("GET", f"/v1/orders/{ANY_ID}/attachments/{ANY_ID}/content"),
        FILE(attachment=HUGE),
        FILE(content=CHUNK),
    ),
    File("UploadOrders", request("POST", "/v1/order-batches", b'{"orders": []}'), ANSWERS[0], ANSWERS[1]),
]


@pytest.mark.spec("O-34")
@pytest.mark.parametrize("leaves", [True, False], ids=["leaves", "stays"])
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.rpc)
async def test_the_service_is_told_to_stop(
    settings: Settings, services: Services, monkeypatch: pytest.MonkeyPatch, file: File, leaves: bool
) -> None:
    monkeypatch.setattr(streaming, "_IDLE_SECONDS", 60 if leaves else 0.2)
    ended = asyncio.Event()

    def for_ever() -> Iterator[Any]:
        try:
            yield file.first
            while True:
                yield file.part
        finally:
            ended.set()

    services.answer(file.rpc, for_ever())
    async with serving(settings) as (host, port, _):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(file.sent)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        if leaves:
            writer.close()
        async with asyncio.timeout(20):
            await ended.wait()
        assert writer.is_closing() == leaves
        writer.transport.abort()
