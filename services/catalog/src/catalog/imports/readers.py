"""What reads the file of a job, and what applies its records."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Protocol

from catalog.imports import columns
from catalog.imports.columns import Columns
from catalog.imports.domain import Finding, Record
from catalog.imports.job import Applier, Job
from catalog.imports.prices import PriceImport
from catalog.imports.products import ProductImport
from catalog.imports.reader import CsvReader
from catalog.imports.stock import StockImport
from catalog.imports.xlsx import XlsxReader
from catalog.onix.reading.apart import ReaderApart
from catalog.onix.reading.reader import OnixReader
from catalog.onix.taking.records import OnixImport

BREATH = 16  # records
LARGE = 2 * 1024**2  # bytes from which on a process is worth its start


class Reader(Protocol):
    """Bytes in, records out; numbers ascend. `header_line` is the number under which `findings` are kept."""

    @property
    def header_line(self) -> int: ...

    @property
    def findings(self) -> list[Finding]: ...

    @property
    def share(self) -> float | None:
        """How much of the file the records so far are; None: as much as was fed."""
        ...

    def feed(self, piece: bytes, *, last: bool = False) -> AsyncIterator[Record]:
        """The last piece is empty. Raises Unreadable, ReaderDied."""
        ...

    async def finish(self) -> None:
        """Raises Unreadable for a file that was cut off, or without content."""
        ...

    async def close(self) -> None: ...


class ReaderHere:
    """A reader within this process."""

    def __init__(self, reader: CsvReader | XlsxReader | OnixReader) -> None:
        self._reader = reader

    @property
    def header_line(self) -> int:
        return self._reader.header_line

    @property
    def findings(self) -> list[Finding]:
        return self._reader.findings

    @property
    def share(self) -> float | None:
        return self._reader.share

    async def feed(self, piece: bytes, *, last: bool = False) -> AsyncIterator[Record]:
        if last:
            await self._reader.open()
        for number, record in enumerate(self._reader.feed(piece, last=last)):
            yield record
            if number % BREATH == 0:
                await asyncio.sleep(0)  # reading takes CPU, and others share this loop

    async def finish(self) -> None:
        self._reader.finish()

    async def close(self) -> None:
        """Nothing stays open."""


def reader_of(job: Job) -> tuple[Reader, Applier]:
    if job.format == "ONIX":
        from_where: dict[str, Any] = {
            "done": job.record_number,
            "language": job.language,
            "country": job.country,
        }
        if job.total_bytes > LARGE:
            return ReaderApart(**from_where), OnixImport()
        return ReaderHere(OnixReader(**from_where)), OnixImport()
    known, applier = _OF_KIND[job.kind]
    if job.format == "XLSX":
        return ReaderHere(XlsxReader(known)), applier()
    return ReaderHere(CsvReader(job.encoding, known)), applier()


_OF_KIND: Mapping[str, tuple[Columns, Callable[[], Applier]]] = {
    "PRODUCTS": (columns.PRODUCTS, ProductImport),
    "PRICES": (columns.PRICES, PriceImport),
    "STOCK": (columns.STOCK, StockImport),
}
