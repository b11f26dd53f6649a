"""Transactions: idempotent commands, collected events, named constraints, migrations."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from google.protobuf.wrappers_pb2 import StringValue
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis import context, db, housekeeping, idempotency, outbox
from chassis.context import Request
from chassis.db import Sessions
from chassis.errors import InvalidFields, RequestIdReused
from chassis.ids import new_id
from chassis.testing import create_database

MIGRATIONS = Path(__file__).parent / "migrations"


async def effects(sessions: Sessions) -> int:
    async with sessions() as session:
        return int((await session.execute(sa.text("SELECT count(*) FROM effects"))).scalar_one())


async def subjects(sessions: Sessions) -> list[str]:
    async with sessions() as session:
        return list(
            (await session.execute(sa.text("SELECT subject FROM outbox ORDER BY position"))).scalars()
        )


async def command(
    sessions: Sessions, request_id: str, text: str, *, caller: str = "a", fail: bool = False
) -> StringValue:
    request = StringValue(value=text)
    key: dict[str, Any] = {"caller": caller, "method": "Do", "request_id": request_id}
    async with sessions.begin() as session:
        stored = await idempotency.once(session, **key, request=request, response_type=StringValue)
        if stored is not None:
            return stored
        await session.execute(sa.text("INSERT INTO effects (key) VALUES (:key)"), {"key": text})
        if fail:
            raise RuntimeError("after the effect")
        response = StringValue(value=str(new_id()))
        await idempotency.remember(session, **key, response=response)
        return response


async def test_fifty_parallel_repeats_have_one_effect_and_one_answer(sessions: Sessions) -> None:
    request_id = str(new_id())
    answers = await asyncio.gather(*(command(sessions, request_id, "x") for _ in range(50)))
    assert len({answer.value for answer in answers}) == 1
    assert await effects(sessions) == 1


async def test_a_key_belongs_to_its_request_and_caller(sessions: Sessions) -> None:
    request_id = str(new_id())
    first = await command(sessions, request_id, "x")
    with pytest.raises(RequestIdReused):
        await command(sessions, request_id, "y")
    assert (await command(sessions, request_id, "x", caller="b")).value != first.value
    assert await effects(sessions) == 2


async def test_a_failed_command_gives_its_key_back(sessions: Sessions) -> None:
    request_id = str(new_id())
    with pytest.raises(RuntimeError):
        await command(sessions, request_id, "x", fail=True)
    assert await effects(sessions) == 0
    await command(sessions, request_id, "x")
    assert await effects(sessions) == 1


async def test_a_waiting_repeat_runs_when_the_first_fails(sessions: Sessions) -> None:
    request_id = str(new_id())
    async with sessions() as first:
        await first.begin()
        await idempotency.once(
            first,
            caller="a",
            method="Do",
            request_id=request_id,
            request=StringValue(value="x"),
            response_type=StringValue,
        )
        second = asyncio.create_task(command(sessions, request_id, "x"))
        async with sessions() as observer:
            blocked = sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            while not (await observer.execute(blocked)).scalar():
                await asyncio.sleep(0.01)
                await observer.rollback()
        await first.rollback()
    await second
    assert await effects(sessions) == 1


async def test_without_request_id_every_call_counts_and_a_bad_one_is_refused(sessions: Sessions) -> None:
    await command(sessions, "", "x")
    await command(sessions, "", "x")
    assert await effects(sessions) == 2
    for bad in ("nope", "\x00", "x" * 10_000):
        with pytest.raises(InvalidFields):
            await command(sessions, bad, "x")


def test_the_fingerprint_ignores_only_the_request_id() -> None:
    from google.protobuf.struct_pb2 import Struct

    one, two = Struct(), Struct()
    one.update({"a": 1, "b": 2})
    two.update({"b": 2, "a": 1})
    assert idempotency.fingerprint(one) == idempotency.fingerprint(two)
    two.update({"b": 3})
    assert idempotency.fingerprint(one) != idempotency.fingerprint(two)


def event(name: str) -> dict[str, str]:
    return {"subject": f"commis.orders.v1.{name}", "aggregate_id": "a"}


async def test_events_are_stored_in_order_with_their_transaction(sessions: Sessions) -> None:
    told: list[str] = []
    outbox.nudges.add(nudge := lambda: told.append("nudge"))
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    try:
        with context.bind(Request("r", traceparent=trace)):
            async with sessions.begin() as session:
                for name in ("one", "two", "three"):
                    outbox.add(session, StringValue(value=name), **event(name), aggregate_version=7)
                assert told == []
        async with sessions() as session:
            outbox.add(session, StringValue(), **event("never"))
            await session.rollback()
            await session.commit()
    finally:
        outbox.nudges.discard(nudge)
    assert told == ["nudge"]
    assert await subjects(sessions) == [f"commis.orders.v1.{name}" for name in ("one", "two", "three")]
    async with sessions() as session:
        row = (await session.execute(sa.text("SELECT id, headers, payload FROM outbox LIMIT 1"))).one()
    headers = row.headers
    assert headers["ce-id"] == headers["Nats-Msg-Id"] == str(row.id)
    assert headers["ce-type"] == "google.protobuf.StringValue"
    assert (headers["ce-source"], headers["ce-subject"], headers["ce-aggregateversion"]) == (
        "/orders",
        "a",
        "7",
    )
    assert headers["traceparent"] == trace
    assert StringValue.FromString(row.payload).value == "one"


async def test_a_savepoint_takes_only_its_own_events_back(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        outbox.add(session, StringValue(), **event("before"))
        savepoint = await session.begin_nested()
        outbox.add(session, StringValue(), **event("inside"))
        await savepoint.rollback()
        async with session.begin_nested():
            outbox.add(session, StringValue(), **event("kept"))
        outbox.add(session, StringValue(), **event("after"))
    assert await subjects(sessions) == [f"commis.orders.v1.{name}" for name in ("before", "kept", "after")]


async def test_after_commit_runs_after_the_outermost_commit_only(sessions: Sessions) -> None:
    told: list[str] = []
    async with sessions.begin() as session:
        async with session.begin_nested():
            db.after_commit(session.sync_session, lambda: told.append("x"))
        assert told == []
    assert told == ["x"]
    async with sessions() as session:
        db.after_commit(session.sync_session, lambda: told.append("y"))
        await session.execute(sa.text("SELECT 1"))
        await session.rollback()
        await session.execute(sa.text("SELECT 1"))
        await session.commit()
    assert told == ["x"]


async def test_violated_constraints_have_names(sessions: Sessions) -> None:
    insert = sa.text("INSERT INTO inbox (consumer, message_id) VALUES ('c', :id)")
    identity = new_id()
    async with sessions() as session:
        await session.execute(insert, {"id": identity})
        with pytest.raises(IntegrityError) as caught:
            await session.execute(insert, {"id": identity})
    assert db.constraint_name(caught.value) == "pk_inbox"
    assert db.unavailable(caught.value) is None


async def test_a_lock_wait_ends_and_can_be_retried(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await session.execute(sa.text("INSERT INTO effects (key) VALUES ('x')"))
    lock = sa.text("SELECT key FROM effects FOR UPDATE")
    async with sessions.begin() as first, sessions() as second:
        await first.execute(lock)
        await second.execute(sa.text("SET LOCAL lock_timeout = '50ms'"))
        with pytest.raises(DBAPIError) as caught:
            await second.execute(lock)
        await second.rollback()
    busy = db.unavailable(caught.value)
    assert busy is not None
    assert (busy.reason, busy.metadata["cause"]) == ("DATABASE_UNAVAILABLE", "lock timeout")


async def test_a_connection_that_died_in_the_pool_is_replaced(engine: AsyncEngine) -> None:
    async with db.driver(engine) as first, db.driver(engine) as second:
        died = await first.fetchval("SELECT pg_backend_pid()")
        asleep = asyncio.create_task(first.fetchval("SELECT pg_sleep(5)"))
        await asyncio.sleep(0.1)
        await second.execute("SELECT pg_terminate_backend($1)", died)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)) as caught:
            await asleep
    assert db.unavailable(caught.value) is not None
    async with db.driver(engine) as one, db.driver(engine) as other:
        assert died not in [await each.fetchval("SELECT pg_backend_pid()") for each in (one, other)]


async def test_errors_of_the_driver_are_known(sessions: Sessions, engine: AsyncEngine) -> None:
    async with sessions.begin() as session:
        await session.execute(sa.text("INSERT INTO effects (key) VALUES ('x')"))
    async with sessions.begin() as session:
        await session.execute(sa.text("SELECT key FROM effects FOR UPDATE"))
        async with db.driver(engine) as connection:
            with pytest.raises(asyncpg.PostgresError) as caught:
                await connection.fetch("SELECT key FROM effects FOR UPDATE NOWAIT")
            with pytest.raises(asyncpg.PostgresError) as mistake:
                await connection.fetch("SELECT nothing_of_that_name")
            assert await connection.fetchval("SELECT 1") == 1
    busy = db.unavailable(caught.value)
    assert busy is not None
    assert busy.metadata["cause"] == "lock timeout"
    assert db.unavailable(mistake.value) is None


async def test_timeouts_are_set_on_every_connection(sessions: Sessions) -> None:
    async with sessions() as session:
        for name, value in {
            "statement_timeout": "10s",
            "lock_timeout": "2s",
            "idle_in_transaction_session_timeout": "10s",
        }.items():
            assert (await session.execute(sa.text(f"SHOW {name}"))).scalar() == value


async def test_tables_and_migrations_agree(postgres_url: str) -> None:
    url = await create_database(postgres_url, "check", MIGRATIONS)
    await db.alembic(url, MIGRATIONS, "check")
    await db.alembic(url, MIGRATIONS, "downgrade", "base")
    await asyncio.gather(*(db.alembic(url, MIGRATIONS, "upgrade", "head") for _ in range(3)))


async def test_old_keys_and_inbox_rows_are_purged(sessions: Sessions, engine: AsyncEngine) -> None:
    for days in (0, 3, 30):
        async with sessions.begin() as session:
            await session.execute(
                sa.text(
                    "INSERT INTO inbox VALUES ('c', :id, now() - :days * interval '1 day')",
                ),
                {"id": new_id(), "days": days},
            )
            await session.execute(
                sa.text(
                    "INSERT INTO idempotency VALUES ('c', 'm', :id, '', '', now() - :days * interval '1 day')"
                ),
                {"id": new_id(), "days": days},
            )
    assert await housekeeping.purge(sessions) == 3
    async with sessions() as session:
        assert (await session.execute(sa.text("SELECT count(*) FROM inbox"))).scalar() == 2
        assert (await session.execute(sa.text("SELECT count(*) FROM idempotency"))).scalar() == 1
