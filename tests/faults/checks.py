"""What must hold after every fault, once everything has settled."""

from __future__ import annotations

import asyncio
import collections
import time
from collections.abc import Awaitable, Callable

import asyncpg

from local.suite import Suite
from tests.api import Json
from tests.world import World

SETTLE_SECONDS = 60


async def eventually(check: Callable[[], Awaitable[object]], seconds: float = SETTLE_SECONDS) -> None:
    """Repeat ``check`` until it passes; its own failure is shown when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            await check()
            return
        except Exception:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.25)


async def orders(world: World) -> list[Json]:
    """All orders as staff see them."""
    found: list[Json] = []
    token = ""
    while True:
        page = await world.admin.get("/v1/orders", page_size=200, page_token=token)
        found += page["items"]
        token = page["next_page_token"] or ""
        if not token:
            return found


async def rows(suite: Suite, service: str, query: str) -> list[asyncpg.Record]:
    """Rows of a service's own database, as its owner sees them."""
    connection = await asyncpg.connect(suite.database_url(service).replace("+asyncpg", ""))
    try:
        result: list[asyncpg.Record] = await connection.fetch(query)
        return result
    finally:
        await connection.close()


async def nothing_is_pending(suite: Suite) -> None:
    """Outboxes are empty and nothing was set aside."""
    for service in suite.services:
        waiting = await rows(suite, service, "SELECT subject FROM outbox WHERE publish_time IS NULL")
        assert not waiting, (service, waiting)
        dead = await rows(suite, service, "SELECT * FROM dead_letters")
        assert not dead, (service, dead)


async def holds_match_orders(suite: Suite, world: World) -> None:
    """What is reserved is what placed orders hold, to the piece: no hold is left over, none is missing."""
    placed = {order["id"] for order in await orders(world) if order["state"] == "PLACED"}
    assert placed, "nothing was placed: this check would prove nothing"
    expected: collections.Counter[str] = collections.Counter()
    for order_id in placed:
        for line in (await world.admin.get(f"/v1/orders/{order_id}"))["lines"]:
            expected[line["sku"]] += line["quantity"]
    levels = (await world.admin.get("/v1/stock", page_size=200))["items"]
    reserved = {level["sku"]: level["reserved_quantity"] for level in levels if level["reserved_quantity"]}
    assert reserved == dict(expected)


async def one_mail_each(world: World) -> None:
    """Exactly one confirmation and one mail to the vendor for every placed order, none for others."""
    numbers = collections.Counter(
        order["number"] for order in await orders(world) if order["state"] == "PLACED"
    )
    assert not [number for number, count in numbers.items() if count > 1], "an order number was given twice"
    subjects = collections.Counter(
        (mail["subject"], to) for mail in await world.mailbox.messages() for to in mail["to"]
    )
    doubled = {
        mail: count for mail, count in subjects.items() if count > 1 and any(n in mail[0] for n in numbers)
    }
    assert not doubled
    for number in numbers:
        count = sum(1 for subject, _to in subjects if number in subject)
        assert count == 2, (number, count)


async def all_is_well(suite: Suite, world: World) -> None:
    """Every invariant, each given time to settle."""
    await eventually(lambda: nothing_is_pending(suite))
    await eventually(lambda: holds_match_orders(suite, world))
    await eventually(lambda: one_mail_each(world))
