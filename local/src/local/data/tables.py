"""Compressed CSV files that come out byte for byte the same each time they are written."""

from __future__ import annotations

import csv
import gzip
import io
import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

Row = Mapping[str, str]


def write(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write a gzip-compressed UTF-8 CSV with a header; an absent value is an empty cell."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.getvalue().encode(), compresslevel=9, mtime=0))


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file, compressed or not."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def dice(*seed: str) -> random.Random:
    """Made-up numbers that depend on these words alone."""
    return random.Random("/".join(seed))  # noqa: S311 - demo data, nothing secret
