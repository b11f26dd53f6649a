"""Large messages are read by a process of their own; what that does or suffers never harms the import."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import pytest

from catalog.imports import readers
from catalog.imports.domain import ReaderDied, Record, Unreadable
from catalog.onix.reading.apart import ReaderApart
from catalog.onix.reading.reader import OnixReader

from .. import onix
from .importing import Importing, counts


def message(records: int) -> bytes:
    products = (onix.product(f"r{n}", onix.descriptive(f"T{n}"), number=n) for n in range(records))
    return onix.message(*products, "<Product><broken></Product>").encode()


async def apart(content: bytes, piece: int, done: int = 0) -> list[Record]:
    reader = ReaderApart(done=done, language="en", country="BE")
    found: list[Record] = []
    try:
        for start in range(0, len(content), piece):
            found += [record async for record in reader.feed(content[start : start + piece])]
        found += [record async for record in reader.feed(b"", last=True)]
        await reader.finish()
    finally:
        await reader.close()
    return found


@pytest.mark.spec("C-04")
async def test_it_reads_what_would_be_read_here() -> None:
    content = message(300)
    here = OnixReader(done=7, language="en", country="BE")
    expected = [*here.feed(content), *here.feed(b"", last=True)]
    for piece in (1000, 40_000, 1 << 20):
        assert await apart(content, piece, done=7) == expected
    assert await apart(onix.message().encode(), 10) == []
    with pytest.raises(Unreadable, match="cut off"):
        await apart(content[:-5], 40_000)
    with pytest.raises(Unreadable, match="not an ONIX message"):
        await apart(b"<html>" + content, 40_000)


@pytest.mark.spec("C-04")
async def test_it_knows_no_secrets_and_ends_with_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATALOG_DATABASE_URL", "postgresql://secret")
    reader = ReaderApart(done=0, language="en", country="BE")
    process = await reader._start()
    environment = Path(f"/proc/{process.pid}/environ")
    if environment.exists():
        assert b"secret" not in environment.read_bytes()
    assert process.stdin is not None
    process.stdin.close()  # as when we are killed
    assert await asyncio.wait_for(process.wait(), 30) == 0


@pytest.mark.spec("C-04")
async def test_an_import_survives_the_death_of_its_reader(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "LARGE", 0)
    original, starts = ReaderApart._start, 0

    async def killed_at_first(self: ReaderApart) -> Process:
        nonlocal starts
        starts += 1
        process = await original(self)
        if starts < 3:
            process.kill()
        return process

    monkeypatch.setattr(ReaderApart, "_start", killed_at_first)
    job = await importing.upload("PRODUCTS", message(50), file_format="ONIX")
    for _ in range(2):
        with pytest.raises(ReaderDied):
            await importing.runner.run_next("PRODUCTS")
    await importing.runner.run_next("PRODUCTS")
    done = await importing.view(job.id)
    assert (done.state, counts(done)) == ("SUCCEEDED", (50, 0, 0, 1))


@pytest.mark.spec("C-04")
async def test_a_file_that_kills_its_reader_again_and_again_fails(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "LARGE", 0)

    async def dies(self: ReaderApart) -> Process:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "import sys; sys.stdin.buffer.read(4); raise SystemExit(7)",
            stdin=PIPE, stdout=PIPE, env={"PYTHONPATH": os.pathsep},
        )  # fmt: skip
        return self._process

    monkeypatch.setattr(ReaderApart, "_start", dies)
    job = await importing.upload("PRODUCTS", message(5), file_format="ONIX")
    for _ in range(2):
        with pytest.raises(ReaderDied):
            await importing.runner.run_next("PRODUCTS")
    await importing.runner.run_next("PRODUCTS")
    done = await importing.view(job.id)
    assert (done.state, done.error) == ("FAILED", "the process that reads the file ended with status 7")
