"""Rates and memory of imports: ONIX as rich as a publisher's full record, CSV and XLSX, into an empty database.

``python -m bench.imports`` takes minutes; ``--onix 115000`` is a message of 2 GB. The memory is the most that the
importing process had resident at any time, the upload and its libraries included, and then that of the process that
reads for it; CPU is of both.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import resource
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from csv import reader as read_csv
from itertools import islice
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF
from zoneinfo import ZoneInfo

import openpyxl
import psutil
import uvloop
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.catalog.assortment import products
from bench.catalog.server import MIGRATIONS, server
from catalog.exports.rows import rows
from catalog.exports.sheets import as_csv, as_xlsx
from catalog.exports.snapshot import snapshot
from catalog.imports import store
from catalog.imports.runner import ImportRunner
from catalog.imports.upload import UploadImport, upload
from catalog.onix.mapping import store as mapping
from catalog.onix.mapping.domain import PriceRule
from catalog.pricing.lists import create
from catalog.pricing.quote import Quoter
from catalog.products.identifiers import gs1_check_digit
from chassis import db
from chassis.server import spare_the_collector

SAMPLE = Path(__file__).parents[1] / "services/catalog/tests/data/onix/Onix3.1-single-ref.xml"
PIECE = 500_000


def onix(records: int) -> Iterator[bytes]:
    """Copies of one real record of 17 kB, each a book of its own."""
    text = SAMPLE.read_bytes()
    head, _, rest = text.partition(b"<Product>")
    body, _, tail = rest.rpartition(b"</Product>")
    yield head
    for number in range(records):
        isbn = f"978{number:09d}"
        isbn += gs1_check_digit(isbn)
        record = body.replace(b"9780007232833", isbn.encode()).replace(
            b"com.globalbookinfo.onix", b"ref%d" % number
        )
        yield b"<Product>" + record.replace(b">Roseanna<", b">Roseanna %d<" % number) + b"</Product>"
    yield tail


def csv(records: int) -> Iterator[bytes]:
    return (row.encode() for row in products(records))


def xlsx(records: int, of: int) -> Iterator[bytes]:
    """The first records of the CSV file, as a spreadsheet program writes it, with a table of shared strings."""
    with tempfile.TemporaryFile() as file:
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet()
        for row in read_csv(line for part in islice(products(of), records) for line in part.splitlines()):
            sheet.append(row)
        book.save(file)
        file.seek(0)
        yield from iter(lambda: file.read(PIECE), b"")


async def pieces(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    waiting = io.BytesIO()
    for part in parts:
        waiting.write(part)
        if waiting.tell() >= PIECE:
            yield waiting.getvalue()
            waiting = io.BytesIO()
    yield waiting.getvalue()


class Bench:
    def __init__(self, engine: AsyncEngine) -> None:
        self.engine, self.sessions = engine, db.sessions(engine)
        self.runner = ImportRunner(engine, self.sessions, Quoter(ZoneInfo("Europe/Brussels"), "BE"), "en")

    async def lists(self) -> None:
        fields = {
            "display_name": "",
            "currency_code": "EUR",
            "tax_inclusive": False,
            "default_use": "NONE",
            "publisher_region_code": "",
        }
        async with self.sessions.begin() as session:
            retail = await create(session, {"code": "RETAIL", **fields})
            await mapping.lock(session)
            await mapping.replace(session, [PriceRule("01", "", "EUR", "BE", retail.id)], [])

    async def import_(self, form: str, parts: Iterator[bytes], records: int, note: str) -> None:
        job = await upload(
            self.sessions, UploadImport("PRODUCTS", form, "bench", "", None, b""), pieces(parts)
        )
        began, before = time.perf_counter(), cpu()
        watch = asyncio.create_task(reader_memory())
        await self.runner.run_next("PRODUCTS")
        watch.cancel()
        most = (await asyncio.gather(watch))[0]
        seconds, (own, reader) = time.perf_counter() - began, cpu()
        share = f"{(own - before[0]) / records * 1e6:5.0f} + {(reader - before[1]) / records * 1e6:3.0f} us CPU each"
        async with self.sessions() as session:
            ended = await store.get(session, job.id)
        taken = ended.accepted_count + ended.changed_count + ended.unchanged_count
        if (ended.state, taken) != ("SUCCEEDED", records):
            raise SystemExit(f"import failed: {ended}")
        size = f"{job.total_bytes / 1e6:7.1f} MB"
        rate = f"{records / seconds:6.0f} records/s   {share}"
        print(f"import {form:4} {records:7} records {size}   {rate}   {peak(most)}   {note}", flush=True)

    async def export(self, form: str) -> None:
        began, size = time.perf_counter(), 0
        async with snapshot(self.engine) as view:
            content = as_csv(rows(view, "PRODUCTS")) if form == "CSV" else as_xlsx(rows(view, "PRODUCTS"))
            async for part in content:
                size += len(part)
        seconds = time.perf_counter() - began
        print(f"export {form:4} {size / 1e6:7.1f} MB in {seconds:.1f} s   {peak()}", flush=True)


async def reader_memory() -> float:
    """The most megabytes that the process which reads had, until cancelled."""
    most = 0.0
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            for child in psutil.Process().children():
                with contextlib.suppress(psutil.Error):
                    if "onix.reading.apart" in " ".join(child.cmdline()):
                        most = max(most, child.memory_info().rss / 1024**2)
            await asyncio.sleep(0.1)
    return most


def peak(reader: float = 0) -> str:
    own = resource.getrusage(RUSAGE_SELF).ru_maxrss / 1024
    return f"peak {own:.0f} + {reader:.0f} MB"


def cpu() -> tuple[float, float]:
    """Seconds of this process, and of those it started that have ended."""
    found = [resource.getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    own, reader = (usage.ru_utime + usage.ru_stime for usage in found)
    return own, reader


async def run(url: str, sizes: argparse.Namespace) -> None:
    own = "postgresql+asyncpg://" + url.split("://", 1)[1]
    await db.alembic(own, MIGRATIONS, "upgrade", "head")
    engine = db.engine_for(own, "bench", pool_size=5)
    spare_the_collector()
    bench = Bench(engine)
    await bench.lists()
    print(
        f"{psutil.cpu_count()} processors, load {psutil.getloadavg()[0]:.1f}, {peak()} before",
        flush=True,
    )
    for note in ("new", "again"):
        await bench.import_("ONIX", onix(sizes.onix), sizes.onix, note)
    for note in ("new", "again"):
        await bench.import_("CSV", csv(sizes.csv), sizes.csv, note)
    await bench.import_("XLSX", xlsx(sizes.xlsx, sizes.csv), sizes.xlsx, "unchanged")
    for form in ("CSV", "XLSX"):
        await bench.export(form)
    await engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.imports", description=__doc__)
    for form, records in (("onix", 10_000), ("csv", 50_000), ("xlsx", 20_000)):
        parser.add_argument(f"--{form}", type=int, default=records, help="records")
    with server() as (url, _programs):
        uvloop.run(run(url, parser.parse_args()))


if __name__ == "__main__":
    main()
