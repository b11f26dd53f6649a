"""Workbooks are read by a process of their own; what that suffers is refused, and nobody else's trouble."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import Process
from pathlib import Path

import pytest

from chassis.errors import InvalidFields
from orders.entry import workbooks
from orders.entry.apart import AT_ONCE, WorkbookReader
from services.orders.tests.unit.test_entry_workbooks import changed, workbook

pytestmark = pytest.mark.spec("O-04")
BOOK = workbook(("ISBN", "Qté"), ("9782070360024", 3), ("déjà", 1))


async def refusal(reader: WorkbookReader, content: bytes) -> tuple[str, str]:
    with pytest.raises(InvalidFields) as caught:
        await reader.records(content)
    [violation] = caught.value.violations
    return violation.field, violation.reason


async def test_it_reads_and_refuses_what_would_be_here() -> None:
    reader = WorkbookReader()
    assert await reader.records(BOOK) == workbooks.records(BOOK)
    assert await refusal(reader, b"") == ("content", "UNREADABLE")
    assert await refusal(reader, b"PK" * 2_000_000) == ("content", "UNREADABLE")
    many = workbook(*((f"A{number}", 1) for number in range(2002)))
    assert await refusal(reader, many) == ("content", "TOO_MANY")


@pytest.mark.parametrize(("cpu_seconds", "memory"), [(1, 1024**3), (30, 160 * 1024**2)])
async def test_a_small_file_that_unfolds_is_refused(cpu_seconds: int, memory: int) -> None:
    styles = (
        b'<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs>%b</cellXfs>'
    )
    bomb = changed(BOOK, "xl/styles.xml", styles % (b"<xf/>" * 1_000_000) + b"</styleSheet>")
    assert len(bomb) < 20_000
    reader = WorkbookReader(cpu_seconds, memory)
    assert await refusal(reader, bomb) == ("content", "UNREADABLE")
    assert await reader.records(BOOK) == workbooks.records(BOOK)


async def test_it_knows_no_secrets_and_ends_with_who_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERS_DATABASE_URL", "postgresql://secret")
    reader = WorkbookReader()
    started: list[Process] = []
    original = WorkbookReader._start

    async def start(self: WorkbookReader) -> Process:
        started.append(await original(self))
        return started[-1]

    monkeypatch.setattr(WorkbookReader, "_start", start)
    waiting = [asyncio.create_task(reader.records(BOOK)) for _ in range(AT_ONCE + 2)]
    while len(started) < AT_ONCE:
        await asyncio.sleep(0.001)
    environment = Path(f"/proc/{started[0].pid}/environ")
    if environment.exists():
        assert b"secret" not in environment.read_bytes()
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert len(started) == AT_ONCE
    assert all(process.returncode is not None for process in started)
