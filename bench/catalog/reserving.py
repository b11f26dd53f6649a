"""Reservations of one popular variant and of a hundred, beside what pgbench reaches with the bare statements."""

from __future__ import annotations

import asyncio
import datetime
import random
import re
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa

from bench.catalog.world import World
from catalog.pricing.quote import Line
from catalog.reservations.use_cases import ReserveStock, Reserving, reserve_stock
from chassis.ids import new_id

SECONDS = 6.0
HOT = "SELECT variant_id, warehouse_id FROM stock_levels WHERE on_hand = 600000 ORDER BY variant_id LIMIT 100"
BARE = r"""
\set place random(1, {count})
SELECT variant_id, warehouse_id FROM bench_hot WHERE place = :place \gset
BEGIN;
SELECT gen_random_uuid() AS order_id \gset
INSERT INTO stock_holds (order_id, attempt_id, state, content_hash, answer, expire_time) VALUES
    (:order_id, :order_id, 'HELD', decode(repeat('ab', 32), 'hex'), decode(repeat('ab', 400), 'hex'), now());
INSERT INTO stock_reservations (order_id, line_id, variant_id, quantity, warehouse_ids, taken)
    VALUES (:order_id, '1', :variant_id, 1, ARRAY[CAST(:warehouse_id AS uuid)], ARRAY[1]);
UPDATE stock_levels SET reserved = reserved + 1
    WHERE variant_id = :variant_id AND warehouse_id = :warehouse_id AND on_hand - reserved >= 1;
COMMIT;
"""


async def measure(world: World, url: str, programs: Path) -> None:
    async with world.sessions.begin() as session:
        hot = [row.variant_id for row in await session.execute(sa.text(HOT))]
        await session.execute(
            sa.text(f"CREATE TABLE bench_hot AS SELECT row_number() OVER () AS place, h.* FROM ({HOT}) h")
        )
    needs = Reserving(world.engine, world.sessions, world.quoter, datetime.timedelta(minutes=15))
    for count, clients in ((1, 1), (1, 16), (100, 16)):
        done = await _reserve(world, needs, hot[:count], clients)
        floor = await asyncio.to_thread(_pgbench, url, programs, count, clients)
        rate = f"{done / SECONDS:7.0f}/s   pgbench {floor:7.0f}/s   {done / SECONDS / floor:5.1%}"
        print(f"reservations of {count:3} variants, {clients:2} clients {rate}", flush=True)


async def _reserve(world: World, needs: Reserving, variants: Sequence[UUID], clients: int) -> int:
    ends = time.perf_counter() + SECONDS
    done = 0

    async def client() -> None:
        nonlocal done
        while time.perf_counter() < ends:
            lines = (Line("1", random.choice(variants), "", 1),)
            await reserve_stock(needs, ReserveStock(new_id(), new_id(), world.customer, lines, "en", b"same"))
            done += 1

    await asyncio.gather(*(client() for _ in range(clients)))
    return done


def _pgbench(url: str, programs: Path, count: int, clients: int) -> float:
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(BARE.format(count=count))
        script.flush()
        options = [
            "-n",
            "-M",
            "prepared",
            "-T",
            str(int(SECONDS)),
            "-c",
            str(clients),
            "-j",
            "2",
            "-f",
            script.name,
        ]
        command = [str(programs / "pgbench"), *options, url]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"tps = ([\d.]+)", output)
    if found is None:
        raise SystemExit(f"pgbench failed: {output}")
    return float(found[1])
