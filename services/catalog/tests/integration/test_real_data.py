"""Catalogues that nobody here made go in, come out, and go in again: real books, and clothing in sizes and
colours. The files are those of the demonstration, with their licences beside them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from catalog.exports.rows import rows
from catalog.exports.sheets import as_csv
from catalog.exports.snapshot import snapshot
from chassis.db import Sessions
from chassis.testing import empty

from .. import factories as a
from .importing import Importing

DATA = Path(__file__).parents[4] / "local/src/local/data"


async def exported(engine: AsyncEngine, kind: str) -> bytes:
    async with snapshot(engine) as view:
        return b"".join([part async for part in as_csv(rows(view, kind))])


async def refused(importing: Importing, content: bytes, kind: str) -> int:
    job = await importing(kind, content)
    assert job.state == "SUCCEEDED"
    assert job.accepted_count > 1000
    return job.refused_count


@pytest.mark.spec("C-05", "C-04")
async def test_real_catalogues_survive_the_round_trip(
    importing: Importing, engine: AsyncEngine, sessions: Sessions
) -> None:
    files = [("PRODUCTS", "books/products"), ("PRODUCTS", "clothing/products"), ("STOCK", "clothing/stock")]
    for kind, name in files:
        content = gzip.decompress((DATA / f"{name}.csv.gz").read_bytes())
        await refused(importing, content, kind)
    before = {kind: await exported(engine, kind) for kind in ("PRODUCTS", "STOCK")}
    assert before["PRODUCTS"].count(b"\r\n") > 3000
    await empty(engine, a.KEPT)
    await a.a_list(sessions)
    for kind, content in before.items():
        assert await refused(importing, content, kind) == 0
    assert {kind: await exported(engine, kind) for kind in before} == before
