"""Imports from an address: by pieces, within limits, never from this network unless that is allowed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from catalog.imports import fetching, store
from catalog.imports.domain import ImportView
from catalog.imports.runner import ImportRunner
from catalog.imports.upload import UploadImport, new_row
from catalog.pricing.quote import Quoter
from chassis.db import Sessions
from chassis.ids import new_id
from chassis.outward import ForeignHttp

from .. import factories as a
from .importing import Importing, counts

ROWS = 200_000
FILE = b"sku,name_en\n" + b"".join(b"S%d,Thing\n" % n for n in range(30)) + b"\n" * ROWS


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    path = head.split()[1]
    if path == b"/cut":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(FILE) + 10) + FILE)
    elif path == b"/moved":
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /file\r\nContent-Length: 0\r\n\r\n")
    elif path == b"/packed":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx")
    else:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(FILE) + FILE)
    writer.close()


@pytest.fixture
async def port() -> AsyncIterator[int]:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def fetched(importing: Importing, address: str) -> ImportView:
    import_id = new_id()
    command = UploadImport("PRODUCTS", "CSV", "feed", "me", None, b"", source_address=address)
    async with importing.sessions.begin() as session:
        await store.add(session, new_row(import_id, command, "PENDING"))
    await importing.runner.run_next("PRODUCTS")
    return await importing.view(import_id)


@pytest.fixture
def inside(engine: AsyncEngine, sessions: Sessions) -> Importing:
    """With the local network allowed."""
    http = ForeignHttp(internal_allowed=True)
    return Importing(sessions, ImportRunner(engine, sessions, Quoter(a.BRUSSELS, "BE"), "en", http))


@pytest.mark.spec("C-04")
async def test_a_file_is_fetched_and_imported(inside: Importing, port: int) -> None:
    job = await fetched(inside, f"http://127.0.0.1:{port}/file")
    assert (job.state, counts(job), job.total_bytes) == ("SUCCEEDED", (30, 0, 0, 0), len(FILE))
    assert job.source_address.endswith("/file")
    assert await inside.all("SELECT count(*) FROM import_pieces") == [(0,)]


@pytest.mark.spec("C-04")
@pytest.mark.parametrize(
    ("path", "error"),
    [("/cut", "could not be fetched"), ("/moved", "302"), ("/packed", "compressed")],
)
async def test_answers_that_are_no_file(inside: Importing, port: int, path: str, error: str) -> None:
    job = await fetched(inside, f"http://127.0.0.1:{port}{path}")
    assert (job.state, counts(job)) == ("FAILED", (0, 0, 0, 0))
    assert error in job.error


@pytest.mark.spec("C-04")
@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "localhost", "[::1]"])
async def test_the_own_network_is_never_asked(importing: Importing, port: int, host: str) -> None:
    for scheme in ("http", "https"):
        job = await fetched(importing, f"{scheme}://{host}:{port}/file")
        assert job.state == "FAILED"
        assert "internal network" in job.error or "https" in job.error


@pytest.mark.spec("C-04")
async def test_a_fetch_that_was_interrupted_begins_again(
    inside: Importing, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, times = fetching.Receiver.end, 0

    async def interrupted(self: fetching.Receiver) -> None:
        nonlocal times
        times += 1
        await original(self)
        if times == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(fetching.Receiver, "end", interrupted)
    with pytest.raises(KeyboardInterrupt):
        await fetched(inside, f"http://127.0.0.1:{port}/file")
    await inside.runner.run_next("PRODUCTS")
    found = await inside.all("SELECT state, accepted_count FROM imports")
    assert found == [("SUCCEEDED", 30)]


@pytest.mark.spec("C-04")
async def test_a_fetch_can_be_cancelled(
    inside: Importing, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = fetching.Receiver.take

    async def cancelled(self: fetching.Receiver, part: bytes) -> None:
        self.size += 5 * 1024**2
        await original(self, part)
        async with inside.sessions.begin() as session:
            (found,) = await store.list_page(session, None, 1)
            await store.cancel(session, found.id)

    monkeypatch.setattr(fetching.Receiver, "take", cancelled)
    job = await fetched(inside, f"http://127.0.0.1:{port}/file")
    assert (job.state, counts(job)) == ("CANCELLED", (0, 0, 0, 0))
