"""What all parts of the benchmark share: one database, one customer, and how a figure is taken."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncEngine

from catalog import direct
from catalog.pricing.quote import Customer, Quoter
from chassis import db
from chassis.ids import new_id


class World:
    def __init__(self, engine: AsyncEngine, variants: int) -> None:
        self.engine, self.sessions, self.variants = engine, db.sessions(engine), variants
        self.hot = direct.planning_once(db.engine_for(engine.url, "bench", pool_size=20))
        self.quoter = Quoter(ZoneInfo("Europe/Brussels"), "BE")
        self.customer = Customer(new_id(), groups=("BOOKSHOPS",), region_code="BE", business=True)


async def timed(
    name: str, work: Callable[[], Awaitable[object]], times: int = 200, clients: int = 1
) -> list[float]:
    """Runs it so often, by so many clients at once; prints and answers the milliseconds each took."""
    taken: list[float] = []

    async def client() -> None:
        for _ in range(times // clients):
            began = time.perf_counter()
            await work()
            taken.append((time.perf_counter() - began) * 1000)

    await asyncio.gather(*(client() for _ in range(clients)))
    show(name, taken)
    return taken


def show(name: str, taken: list[float]) -> None:
    ordered = sorted(taken)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    print(f"{name:32} p50 {statistics.median(ordered):7.1f} ms   p95 {p95:7.1f} ms", flush=True)
