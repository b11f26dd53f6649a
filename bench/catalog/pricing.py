"""Quotes of few and of many lines, chosen anew each time: when the database reads them from its files, and when it
has had them in its memory before, as it has what a shop sells."""

from __future__ import annotations

import random

from bench.catalog.assortment import sku
from bench.catalog.world import World, timed
from catalog.pricing.quote import Line


async def measure(world: World) -> None:
    chance = random.Random(3)
    for count in (3, 1000):

        async def quote(count: int = count) -> None:
            skus = [sku(chance.randrange(world.variants)) for _ in range(count)]
            lines = [Line(str(n), None, code, 1 + n % 9) for n, code in enumerate(skus)]
            await world.quoter.quote_in_parts(world.hot, world.customer, lines, world.quoter.clock())

        await timed(f"quote of {count} lines, not read before", quote, times=100)
        await timed(f"quote of {count} lines", quote, times=100)
