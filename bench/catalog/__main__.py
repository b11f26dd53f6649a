"""Benchmark of the catalog alone: imports, search, quotes, and reservations beside the floor that pgbench sets on the
same PostgreSQL.

``python -m bench.catalog [--variants 1000000]`` starts a PostgreSQL of its own, with durable commits, in a temporary
directory and deletes it afterwards. The use cases and the search's servicer run in this process, without the wire.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import uvloop

from bench.catalog import pricing, reserving, searching
from bench.catalog.filling import Filler
from bench.catalog.server import MIGRATIONS, server
from bench.catalog.world import World
from chassis import db
from chassis.server import spare_the_collector


async def run(url: str, programs: Path, variants: int) -> None:
    own = "postgresql+asyncpg://" + url.split("://", 1)[1]
    await db.alembic(own, MIGRATIONS, "upgrade", "head")
    engine = db.engine_for(own, "bench", pool_size=20)
    world = World(engine, variants)
    await Filler(world).fill()
    spare_the_collector()
    await searching.measure(world)
    await pricing.measure(world)
    await reserving.measure(world, url, programs)
    await world.hot.dispose()
    await engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.catalog", description=__doc__)
    parser.add_argument("--variants", type=int, default=100_000)
    variants = parser.parse_args().variants
    with server() as (url, programs):
        uvloop.run(run(url, programs, variants))


if __name__ == "__main__":
    main()
