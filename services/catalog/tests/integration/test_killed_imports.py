"""An import whose process is killed again and again ends as one that was left alone.

COMMIS_KILLED_RECORDS sets the size of the message; 100000 takes minutes.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from catalog.exports.rows import KINDS, rows
from catalog.exports.snapshot import snapshot
from catalog.imports import store
from catalog.imports.upload import UploadImport, upload
from catalog.onix.mapping import store as mapping
from catalog.onix.mapping.domain import PriceRule
from chassis.db import Sessions
from chassis.testing import empty

from .. import factories as a
from .. import onix
from .importing import Importing

RECORDS = int(os.environ.get("COMMIS_KILLED_RECORDS", "5000"))
KILLS = 5
SCRIPT = """
import asyncio, sys
from zoneinfo import ZoneInfo
from catalog.imports.runner import ImportRunner
from catalog.pricing.quote import Quoter
from chassis import db
async def main():
    engine = db.engine_for(sys.argv[1])
    runner = ImportRunner(engine, db.sessions(engine), Quoter(ZoneInfo("Europe/Brussels"), "BE"), "en")
    while await runner.run_next("PRODUCTS"):
        pass
asyncio.run(main())
"""


def record(number: int) -> str:
    ref = f"r{number}"
    if number % 97 == 0:
        return f"<Product><RecordReference>{ref}</RecordReference><a></Product>"
    if number % 89 == 1:
        return onix.product(f"r{number - 1}", notification="05", number=number - 1)
    if number % 83 == 2:
        return onix.product(f"r{number - 2}", onix.publishing("07"), notification="04", number=number - 2)
    blocks = (
        onix.descriptive(f"Title {number}", more=onix.subject("93", f"F{number % 7}")),
        onix.publishing(),
    )
    prices = onix.supply(onix.price(f"{5 + number % 20}.95"), onix.price("4", quantity=10))
    return onix.product(ref, *blocks, prices, number=number)


async def message() -> AsyncIterator[bytes]:
    begin, end = onix.message("\x00").split("\x00")
    yield begin.encode()
    for start in range(0, RECORDS, 500):
        yield "".join(record(number) for number in range(start, min(start + 500, RECORDS))).encode()
    yield end.encode()


async def uploaded(sessions: Sessions) -> object:
    retail = await a.a_list(sessions, "RETAIL", tax_inclusive=True)
    async with sessions.begin() as session:
        await mapping.lock(session)
        await mapping.replace(session, [PriceRule("04", "", "EUR", "BE", retail)], [])
    job = await upload(sessions, UploadImport("PRODUCTS", "ONIX", "kill", "me", None, b""), message())
    return job.id


async def everything(engine: AsyncEngine, sessions: Sessions) -> dict[str, object]:
    found: dict[str, object] = {}
    async with snapshot(engine) as view:
        for kind in KINDS:
            found[kind] = [row async for batch in rows(view, kind) for row in batch]
    async with sessions() as session:
        for name, text in {
            "job": "SELECT state, total_bytes, processed_bytes, record_number, accepted_count, changed_count,"
            " unchanged_count, refused_count, error FROM imports",
            "verdicts": "SELECT record_number, record_ref, outcome, findings FROM import_verdicts ORDER BY 1",
            "known": "SELECT record_ref, publishing_status, availability, withdrawn FROM onix_records ORDER BY 1",
            "versions": "SELECT product_ref, version FROM products ORDER BY 1",
            "history": "SELECT count(*) FROM prices",
            "found": "SELECT count(*), sum(cardinality(facet_ids)) FROM search_documents",
            "events": "SELECT subject, count(*) FROM outbox GROUP BY 1",
            "left": "SELECT (SELECT count(*) FROM import_pieces), (SELECT count(*) FROM import_seen)",
        }.items():
            found[name] = [tuple(row) for row in (await session.execute(sa.text(text))).all()]
    return found


@pytest.mark.spec("C-04")
@pytest.mark.timeout(3600)
async def test_killed_at_random_and_gone_on_with(
    importing: Importing, engine: AsyncEngine, sessions: Sessions
) -> None:
    await uploaded(sessions)
    await importing.runner.run_next("PRODUCTS")
    alone = await everything(engine, sessions)
    await empty(engine, a.KEPT)
    chance = random.Random(5)
    job_id = await uploaded(sessions)
    url = engine.url.render_as_string(hide_password=False)
    kills = 0
    for place in sorted(chance.sample(range(1, RECORDS), KILLS)):
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", SCRIPT, url)
        while process.returncode is None:
            async with sessions() as session:
                view = await store.get(session, job_id)  # type: ignore[arg-type]
            done = view.accepted_count + view.changed_count + view.unchanged_count + view.refused_count
            if done >= place or view.state not in ("PENDING", "RUNNING"):
                break
            await asyncio.sleep(0.02)
        await asyncio.sleep(chance.random() * 0.3)
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        await process.wait()
    assert kills >= 2
    await importing.runner.run_next("PRODUCTS")
    await importing.runner.tidy()
    assert await everything(engine, sessions) == alone
    assert len(alone["verdicts"]) == RECORDS  # type: ignore[arg-type]
