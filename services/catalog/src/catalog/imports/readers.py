"""What reads the file of a job, and what applies its records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from catalog.imports import columns
from catalog.imports.columns import Columns
from catalog.imports.domain import Finding, Record
from catalog.imports.job import Applier, Job
from catalog.imports.prices import PriceImport
from catalog.imports.products import ProductImport
from catalog.imports.reader import CsvReader
from catalog.imports.stock import StockImport
from catalog.imports.xlsx import XlsxReader
from catalog.onix.reading.reader import OnixReader
from catalog.onix.taking.records import OnixImport


class Reader(Protocol):
    """Bytes in, records out; numbers ascend. `header_line` is the number under which `findings` are kept."""

    header_line: int
    findings: list[Finding]

    @property
    def share(self) -> float | None:
        """How much of the file the records so far are; None: as much as was fed."""
        ...

    async def open(self) -> None:
        """After all pieces were fed, and before the last, which is empty. Raises Unreadable."""
        ...

    def feed(self, piece: bytes, *, last: bool = False) -> Iterator[Record]:
        """Raises Unreadable."""
        ...

    def finish(self) -> None:
        """Raises Unreadable for a file that was cut off, or without content."""
        ...


def reader_of(job: Job) -> tuple[Reader, Applier]:
    if job.format == "ONIX":
        reading = OnixReader(done=job.record_number, language=job.language, country=job.country)
        return reading, OnixImport()
    known, applier = _OF_KIND[job.kind]
    if job.format == "XLSX":
        return XlsxReader(known), applier()
    return CsvReader(job.encoding, known), applier()


_OF_KIND: Mapping[str, tuple[Columns, Callable[[], Applier]]] = {
    "PRODUCTS": (columns.PRODUCTS, ProductImport),
    "PRICES": (columns.PRICES, PriceImport),
    "STOCK": (columns.STOCK, StockImport),
}
