"""Workbooks are read by a process of their own; what that suffers is refused, and nobody else's trouble."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import Process
from pathlib import Path
from typing import Any

import pytest

from chassis.errors import InvalidFields
from orders.entry import apart, workbooks
from orders.entry.apart import AT_ONCE, ReaderFailed, WorkbookReader
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


def stands_in(monkeypatch: pytest.MonkeyPatch, folder: Path, source: str) -> None:
    """For the library that reads workbooks, in the process that does."""
    (folder / "openpyxl.py").write_text(source)
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])


def reading(how: str) -> str:
    return f"import os\n\ndef load_workbook(*_given, **_named):\n    {how}\n"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("raise ImportError('no such part')", "ImportError: no such part"),
        ("raise MemoryError", "MemoryError"),  # nothing was read yet
        (reading("raise Exception('9782' + '070')"), "Exception"),
        (reading("os.kill(os.getpid(), 15)"), "status -15"),
    ],
    ids=["import", "start", "reading", "ended by others"],
)
async def test_what_is_wrong_with_us_is_not_told_as_the_workbooks_fault(
    source: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stands_in(monkeypatch, tmp_path, source)
    with pytest.raises(ReaderFailed) as caught:
        await WorkbookReader().records(BOOK)
    message = str(caught.value)
    assert told in message
    assert "9782070" not in message, "what stands in a workbook is nobody's who reads the log"
    assert len(message) < 5_000


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ("[bytearray(1024**2) for _ in range(1_000)]", 3),
        ("os.kill(os.getpid(), 9)", -9),
        ("os.kill(os.getpid(), 24)", -24),
        ("os.abort()", -6),
    ],
)
async def test_a_limit_that_was_reached_is_the_workbooks_and_what_was_told_is_in_the_log(
    how: str, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stands_in(monkeypatch, tmp_path, reading(f"os.write(2, b'x' * 20_000 + b'last words'); {how}"))
    logged: list[dict[str, Any]] = []
    monkeypatch.setattr(apart.log, "warning", lambda _text, **said: logged.append(said))
    assert await refusal(WorkbookReader(), BOOK) == ("content", "UNREADABLE")
    [entry] = logged
    assert entry["status"] == status
    assert entry["told"].endswith("xlast words")
    assert len(entry["told"]) == 4 * 1024


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
