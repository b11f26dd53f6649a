"""Fills the database by the product's own import, prints its rates, and adds the grid of discounts."""

from __future__ import annotations

import resource
import time
from collections.abc import AsyncIterator, Callable, Iterator

import sqlalchemy as sa

from bench.catalog import assortment
from bench.catalog.world import World
from catalog.imports import store
from catalog.imports.runner import ImportRunner
from catalog.imports.upload import UploadImport, upload
from catalog.pricing.reference import touch
from chassis.ids import new_id

GRID_ROWS = 10_000
_LIST = """
    INSERT INTO price_lists (id, code, display_name, currency_code, tax_inclusive, default_use)
    VALUES (:id, 'NET', 'Net', 'EUR', false, 'BUSINESS')
"""
# A tenth for the customer's own group and account, on all levels; the rest is others' and must be passed by.
_GRID = """
    INSERT INTO discount_rows
        (id, account_id, group_name, variant_id, product_id, category_id, brand, min_quantity, percent, valid_from)
    SELECT gen_random_uuid(), CASE WHEN n % 20 = 0 THEN CAST(:account AS uuid) END,
        CASE WHEN n % 20 = 10 THEN 'BOOKSHOPS' WHEN n % 20 <> 0 THEN 'GROUP ' || n % 500 END,
        CASE WHEN n % 4 = 0 THEN v.id END, CASE WHEN n % 4 = 1 THEN v.product_id END,
        CASE WHEN n % 4 = 2 THEN c.id END, CASE WHEN n % 4 = 3 THEN 'Merk ' || n % 200 END,
        1 + n % 3 * 5, 1 + n % 40, DATE '2026-01-01'
    FROM (SELECT n, row_number() OVER () AS place FROM generate_series(1, :rows) AS n) numbers
    JOIN (SELECT id, product_id, row_number() OVER (ORDER BY id) AS place FROM variants LIMIT :rows) v USING (place)
    JOIN (SELECT id, row_number() OVER () - 1 AS place FROM categories) c
        ON c.place = n % (SELECT count(*) FROM categories)
"""


class Filler:
    def __init__(self, world: World) -> None:
        self._world = world
        self._runner = ImportRunner(world.engine, world.sessions, world.quoter, "en")

    async def fill(self) -> None:
        await self._import("PRODUCTS", assortment.products)
        await self._list()
        await self._import("PRICES", assortment.prices)
        await self._import("STOCK", assortment.stock)
        await self._import("PRODUCTS", assortment.products, "again, unchanged")
        await self._grid()
        async with self._world.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(sa.text("VACUUM ANALYZE"))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"peak memory of this process after the imports: {peak} MB", flush=True)

    async def _list(self) -> None:
        async with self._world.sessions.begin() as session:
            await session.execute(sa.text(_LIST), {"id": new_id()})
            await touch(session)

    async def _grid(self) -> None:
        async with self._world.sessions.begin() as session:
            rows = min(GRID_ROWS, self._world.variants)
            await session.execute(sa.text(_GRID), {"account": self._world.customer.account_id, "rows": rows})
            await touch(session)

    async def _import(self, kind: str, rows: Callable[[int], Iterator[str]], note: str = "") -> None:
        variants = self._world.variants

        async def parts() -> AsyncIterator[bytes]:
            batch: list[str] = []
            for row in rows(variants):
                batch.append(row)
                if len(batch) == 5000:
                    yield "".join(batch).encode()
                    batch.clear()
            yield "".join(batch).encode()

        sessions = self._world.sessions
        job = await upload(sessions, UploadImport(kind, "CSV", "bench.csv", "", None, b""), parts())
        began, cpu = time.perf_counter(), time.process_time()
        await self._runner.run_next(kind)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        async with sessions() as session:
            ended = await store.get(session, job.id)
        taken = ended.accepted_count + ended.changed_count + ended.unchanged_count
        if (ended.state, taken) != ("SUCCEEDED", variants):
            raise SystemExit(f"import failed: {ended}")
        share = f"{cpu / taken * 1e6:4.0f} us CPU of this process each"
        print(f"import {kind.lower():9} {taken / seconds:8.0f} records/s   {share}   {note}", flush=True)
