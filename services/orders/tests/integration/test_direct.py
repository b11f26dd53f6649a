"""Statements straight over the driver survive what the pool would hide from SQLAlchemy's users."""

import asyncio

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from chassis.errors import DatabaseUnavailable
from orders import direct
from services.orders.tests.shop import Shop

PID = direct.statement("SELECT pg_backend_pid() AS pid")
SLEEP = direct.statement("SELECT pg_sleep(:seconds)")


async def kill_backends(engine: AsyncEngine) -> None:
    other = create_async_engine(engine.url, poolclass=sa.NullPool)
    async with other.connect() as connection:
        await connection.execute(
            sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND pid <> pg_backend_pid()")
        )  # fmt: skip
    await other.dispose()


def test_names_become_numbers_once_each() -> None:
    made = direct.statement("SELECT :a, CAST(:b AS int), :a::text, now()::date")
    assert made.text == "SELECT $1, CAST($2 AS int), $1::text, now()::date"
    assert made.names == ("a", "b")


async def test_connections_that_died_in_the_pool_are_replaced(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    await kill_backends(shop.infra.engine)
    await asyncio.sleep(0.1)
    assert (await shop.get(sheet.id)).id == sheet.id
    assert (await shop.place(sheet.id)).number


async def test_a_connection_that_dies_during_a_statement_is_unavailable_and_not_reused(
    engine: AsyncEngine,
) -> None:
    async def sleep() -> None:
        async with engine.connect() as connection:
            await direct.first(connection, SLEEP, {"seconds": 5})

    task = asyncio.create_task(sleep())
    await asyncio.sleep(0.3)
    await kill_backends(engine)
    with pytest.raises(DatabaseUnavailable):
        await task
    async with engine.connect() as connection:
        assert (await direct.first(connection, PID, {}))["pid"]


async def test_a_statement_alone_whose_connection_dies_is_without_an_answer(engine: AsyncEngine) -> None:
    task = asyncio.create_task(direct.alone(engine, SLEEP, {"seconds": 5}))
    await asyncio.sleep(0.3)
    await kill_backends(engine)
    with pytest.raises(direct.Unanswered):
        await task
    assert (await direct.alone(engine, PID, {}))["pid"]


async def test_a_statement_alone_on_a_busy_row_certainly_had_no_effect(shop: Shop) -> None:
    await shop.sheet(("A", 1))
    lock = direct.statement("SELECT id FROM orders FOR UPDATE NOWAIT")
    async with shop.infra.engine.begin() as holder:
        await holder.execute(sa.text("SELECT 1 FROM orders FOR UPDATE"))
        with pytest.raises(DatabaseUnavailable):
            await direct.alone(shop.infra.engine, lock, {})
    assert await direct.alone(shop.infra.engine, lock, {})


async def test_a_busy_row_is_unavailable_and_the_connection_lives_on(shop: Shop) -> None:
    await shop.sheet(("A", 1))
    lock = direct.statement("SELECT id FROM orders FOR UPDATE NOWAIT")
    async with shop.infra.engine.begin() as holder:
        await holder.execute(sa.text("SELECT 1 FROM orders FOR UPDATE"))
        async with shop.infra.engine.connect() as connection:
            with pytest.raises(DatabaseUnavailable):
                await direct.first(connection, lock, {})
            assert await direct.first(connection, PID, {})


async def test_a_mistake_in_a_statement_is_no_outage(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        with pytest.raises(Exception, match="does not exist"):
            await direct.first(connection, direct.statement("SELECT nothing_of_that_name"), {})
