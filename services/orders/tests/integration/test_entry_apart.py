"""Workbooks are read by a process of their own; what that suffers is refused, and nobody else's trouble."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import Process
from pathlib import Path
from typing import Any

import pytest
from commis.orders.v1 import entry_pb2 as pb
from commis.orders.v1 import entry_pb2_grpc

from chassis import context
from chassis.context import Principal, Request
from chassis.errors import InvalidFields
from chassis.ids import new_id
from chassis.testing import as_customer
from orders.entry import apart, workbooks
from orders.entry.apart import AT_ONCE, ReaderFailed, WorkbookReader, WorkbooksBusy
from orders.entry.given import Record
from services.orders.tests.shop import Shop, refused
from services.orders.tests.unit.test_entry_workbooks import changed, workbook

pytestmark = pytest.mark.spec("O-04")
BOOK = workbook(("ISBN", "Qté"), ("9782070360024", 3), ("déjà", 1))


async def refusal(reader: WorkbookReader, content: bytes) -> tuple[str, str]:
    with pytest.raises(InvalidFields) as caught:
        await reader.records(content)
    [violation] = caught.value.violations
    return violation.field, violation.reason


def given_by(person: str, reader: WorkbookReader, content: bytes = BOOK) -> asyncio.Task[list[Record]]:
    with context.bind(Request("r1", principal=Principal("account", "ACCOUNT", person, "PERSON"))):
        return asyncio.create_task(reader.records(content))


class Held:
    """Readings that begin and wait."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.began = asyncio.Semaphore(0)
        self.gate = asyncio.Event()
        original = WorkbookReader._start

        async def start(reader: WorkbookReader) -> Process:
            self.began.release()
            await self.gate.wait()
            return await original(reader)

        monkeypatch.setattr(WorkbookReader, "_start", start)


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
    waiting = [given_by(f"person {number}", reader) for number in range(AT_ONCE + 2)]
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


async def test_who_gives_one_workbook_after_the_other_keeps_nobody_from_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held, reader = Held(monkeypatch), WorkbookReader()
    first = given_by("loop", reader)
    await held.began.acquire()
    for _ in range(AT_ONCE):
        with pytest.raises(WorkbooksBusy) as caught:
            await given_by("loop", reader)
    assert caught.value.retry_after
    others = [given_by("other", reader), given_by("third", reader)]  # the third waits, and that is its one
    await held.began.acquire()
    with pytest.raises(WorkbooksBusy):
        await given_by("third", reader)
    held.gate.set()
    assert all(found == workbooks.records(BOOK) for found in await asyncio.gather(first, *others))


async def test_whatever_became_of_a_workbook_the_caller_may_give_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held, reader = Held(monkeypatch), WorkbookReader()
    left = given_by("person", reader)
    await held.began.acquire()
    left.cancel()
    await asyncio.wait((left,))
    held.gate.set()
    with pytest.raises(InvalidFields):
        await given_by("person", reader, b"none")
    assert await given_by("person", reader) == workbooks.records(BOOK)


async def test_it_is_the_caller_of_the_rpc_who_has_one(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    held, administrator = Held(monkeypatch), as_customer(new_id(), shop.account)
    request = pb.CheckEntryRequest(
        order_id=(await shop.sheet()).id, format=pb.ENTRY_FORMAT_XLSX, content=BOOK
    )

    def check(who: Any) -> Any:
        return entry_pb2_grpc.QuickEntryServiceStub(shop.channel).CheckEntry(request, metadata=who)

    mine = check(shop.customer)
    await held.began.acquire()
    async with refused("WORKBOOKS_BUSY"):
        await check(shop.customer)
    theirs = check(administrator)
    await held.began.acquire()
    held.gate.set()
    assert [len((await call).rows) for call in (mine, theirs)] == [2, 2]
