"""A service that refuses while a file still arrives: that reaches the client, and never an INTERNAL of gRPC's."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar
from uuid import UUID

import httpx
import pytest
from commis.catalog.v1 import imports_pb2_grpc
from commis.orders.v1 import attachments_pb2_grpc

from chassis import access
from chassis.access import Rule
from chassis.errors import FailedPrecondition
from chassis.testing import as_customer, as_staff, grpc_server
from gateway.config import Settings

from .conftest import running
from .fakes import ANY_ID

# Answered while it is written to, one call of twenty or so would end with INTERNAL.
TIMES = 150
FILES = f"/v1/orders/{ANY_ID}/attachments"
CSV = {"Content-Type": "text/csv"}
STAFF = dict([as_staff("CATALOGUE")[0]])
CUSTOMER = dict([as_customer(UUID(ANY_ID), UUID(ANY_ID))[0]])


class Full(FailedPrecondition):
    reason = "FULL"


class Files(attachments_pb2_grpc.AttachmentServiceServicer):
    """Full after two messages."""

    RULES: ClassVar[Mapping[str, Rule]] = dict.fromkeys(
        ("AddAttachment", "ListAttachments", "ReadAttachment", "RemoveAttachment"), access.accounts()
    )

    async def AddAttachment(self, request: AsyncIterator[Any], ctx: Any) -> Any:
        for _ in range(2):
            await anext(aiter(request))
        raise Full("No more.")


class Imports(imports_pb2_grpc.ImportServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = dict.fromkeys(
        ("UploadImport", "FetchImport", "GetImport", "ListImports", "ListImportVerdicts", "CancelImport"),
        access.staff("CATALOGUE"),
    )


@pytest.fixture
async def http(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    files: Any = Files  # the other RPCs are not called
    imports: Any = Imports
    servicers: list[tuple[Any, Any, str]] = [
        (attachments_pb2_grpc.add_AttachmentServiceServicer_to_server, files(), "Files"),
        (imports_pb2_grpc.add_ImportServiceServicer_to_server, imports(), "Imports"),
    ]
    async with grpc_server(servicers) as server:
        targets = {"orders_target": server.target, "catalog_target": server.target}
        async with running(Settings(**(settings.model_dump() | targets))) as client:
            yield client


async def body(pieces: int) -> AsyncIterator[bytes]:
    for _ in range(pieces):
        yield b"a" * 100_000
        await asyncio.sleep(0)


@pytest.mark.spec("N-14")
@pytest.mark.parametrize(
    ("path", "headers", "answer"),
    [
        (FILES, STAFF, (403, "PERMISSION_DENIED")),
        (FILES, {}, (401, "UNAUTHENTICATED")),
        (FILES, CUSTOMER, (400, "FULL")),
        ("/v1/imports?kind=PRICES", CSV | CUSTOMER, (403, "PERMISSION_DENIED")),
    ],
)
async def test_the_refusal_arrives_each_time(
    http: httpx.AsyncClient, path: str, headers: dict[str, str], answer: tuple[int, str]
) -> None:
    seen: Counter[tuple[int, str]] = Counter()
    for _ in range(TIMES):
        answered = await http.post(path, content=body(80), headers=headers)
        seen[answered.status_code, answered.json()["reason"]] += 1
    assert seen == {answer: TIMES}


@pytest.mark.spec("N-14")
async def test_nobody_waits_for_the_rest_of_a_refused_file(http: httpx.AsyncClient) -> None:
    never = asyncio.Event()

    async def dawdling() -> AsyncIterator[bytes]:
        yield b"a" * 600_000
        await never.wait()

    async with asyncio.timeout(4):  # the service would read on for 5 seconds
        answered = await http.post(FILES, content=dawdling(), headers=STAFF)
    assert answered.status_code == 403
