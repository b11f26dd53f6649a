"""The driver's own connection: errors as the engine would raise them, and no transaction left behind."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from catalog import direct
from catalog.products import codes
from catalog.products.queries import get_product
from catalog.reservations.use_cases import reserve_stock
from chassis import db
from chassis.db import Sessions

from .. import factories as a

OPEN = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND datname = current_database()"


async def idle_in_transaction(engine: AsyncEngine) -> int:
    async with direct.transaction(engine) as connection:
        return int(await connection.fetchval(OPEN))


async def test_an_error_rolls_back_and_leaves_the_connection_clean(
    engine: AsyncEngine, sessions: Sessions
) -> None:
    chair = await a.a_variant(sessions, stock=5)

    async def fail() -> None:
        async with direct.transaction(engine) as connection:
            await direct.fetch(connection, "UPDATE stock_levels SET reserved = 1")
            await direct.fetch(connection, "SELECT 1 / 0")

    for _ in range(5):
        with pytest.raises(DBAPIError):
            await fail()
    assert await a.level(sessions, chair) == (5, 0)
    assert await idle_in_transaction(engine) == 0


async def test_a_cancelled_task_leaves_the_connection_clean(engine: AsyncEngine, sessions: Sessions) -> None:
    async def slow() -> None:
        async with direct.transaction(engine) as connection:
            await direct.fetch(connection, "SELECT pg_sleep(30)")

    tasks = [asyncio.create_task(slow()) for _ in range(5)]
    await asyncio.sleep(0.3)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert await idle_in_transaction(engine) == 0


async def test_connections_that_died_in_the_pool_are_replaced(
    engine: AsyncEngine, sessions: Sessions
) -> None:
    chair = await a.a_variant(sessions, "CHAIR", stock=5)

    async def read() -> None:
        async with sessions() as session:
            await asyncio.sleep(0)
            assert (await get_product(session, chair.product_id)).id == chair.product_id
            assert (await codes.resolve(session, ["CHAIR"], "en"))[0].matches

    await asyncio.gather(*(read() for _ in range(10)))
    other = await db.dedicated(engine)
    await other.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await other.close()
    for _ in range(3):
        await read()
    order = a.a_reservation([a.a_line(chair)])
    await reserve_stock(a.reserving(sessions), order)
    assert await a.level(sessions, chair) == (5, 1)
    await asyncio.gather(*(read() for _ in range(10)))


@pytest.mark.spec("C-21")
async def test_a_locked_row_makes_the_database_busy_and_not_us_wrong(
    engine: AsyncEngine, sessions: Sessions
) -> None:
    chair = await a.a_variant(sessions, stock=5)
    async with direct.transaction(engine) as blocker:
        await blocker.execute("SELECT 1 FROM stock_levels FOR UPDATE")
        with pytest.raises(DBAPIError) as caught:
            await reserve_stock(a.reserving(sessions), a.a_reservation([a.a_line(chair)]))
        busy = db.unavailable(caught.value)
        assert busy is not None
        assert busy.metadata["cause"] == "lock timeout"
    assert await a.level(sessions, chair) == (5, 0)
