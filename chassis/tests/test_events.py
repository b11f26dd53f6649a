"""From outbox to effect: order, repeats, poison, and a broker that dies."""

import asyncio
import datetime
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from google.protobuf.wrappers_pb2 import StringValue
from nats.aio.client import Client as NatsClient
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from chassis import broker, db, dead_letters, outbox, relay
from chassis import consumer as consuming
from chassis.consumer import Consumer, Permanent, Subscription
from chassis.db import Sessions
from chassis.envelope import Meta
from chassis.errors import Unavailable
from chassis.ids import new_id
from chassis.relay import Relay
from chassis.testing import NatsServer

from .echo import until

STREAM = "COMMIS_ORDERS"
INSERT = sa.text("INSERT INTO effects (key, value) VALUES (:key, :value)")


async def effect(session: AsyncSession, event: StringValue, meta: Meta) -> None:
    await session.execute(INSERT, {"key": event.value, "value": str(meta.id)})


def subscription(handler: Any = effect, durable: str = "test-effects", **options: Any) -> Subscription:
    return Subscription(STREAM, durable, ("commis.orders.v1.>",), handler, **options)


async def emit(sessions: Sessions, *values: str) -> None:
    async with sessions.begin() as session:
        for value in values:
            subject = "commis.orders.v1.tested"
            outbox.add(session, StringValue(value=value), subject=subject, aggregate_id="a")


async def keys(sessions: Sessions) -> list[str]:
    async with sessions() as session:
        return list((await session.execute(sa.text("SELECT key FROM effects ORDER BY position"))).scalars())


async def count(sessions: Sessions, query: str) -> int:
    async with sessions() as session:
        return int((await session.execute(sa.text(f"SELECT count(*) FROM {query}"))).scalar_one())


def reached(sessions: Sessions, number: int) -> Callable[[], Any]:
    async def check() -> bool:
        return len(await keys(sessions)) >= number

    return check


@asynccontextmanager
async def running(*tasks: Any) -> AsyncIterator[None]:
    started = [asyncio.create_task(task.run()) for task in tasks]
    try:
        yield
    finally:
        async with asyncio.timeout(20):
            await asyncio.gather(*(task.stop() for task in tasks))
            await asyncio.gather(*started)


async def test_events_arrive_once_and_in_order(
    sessions: Sessions, engine: AsyncEngine, nats_client: NatsClient
) -> None:
    values = [str(number) for number in range(1000)]
    async with running(Relay(engine, nats_client, "orders"), Consumer(sessions, nats_client, subscription())):
        for start in range(0, 1000, 100):
            await emit(sessions, *values[start : start + 100])
        await until(reached(sessions, 1000))
    assert await keys(sessions) == values
    assert await count(sessions, "outbox WHERE publish_time IS NULL") == 0


async def test_two_relays_do_not_publish_twice_and_one_takes_over(
    sessions: Sessions, engine: AsyncEngine, nats_client: NatsClient
) -> None:
    first, second = Relay(engine, nats_client, "orders"), Relay(engine, nats_client, "orders")
    consumer = Consumer(sessions, nats_client, subscription())
    async with running(second, consumer):
        async with running(first):
            await emit(sessions, "a", "b")
            await until(reached(sessions, 2))
        await emit(sessions, "c")
        await until(reached(sessions, 3))
    info = await nats_client.jetstream().stream_info(STREAM)
    assert info.state.messages == 3


async def test_who_waits_for_the_lead_is_not_woken_by_its_own_commits(
    sessions: Sessions, engine: AsyncEngine, nats_client: NatsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    dedicated = db.dedicated

    class Watched:
        def __init__(self, connection: Any) -> None:
            self._connection = connection

        def __getattr__(self, name: str) -> Any:
            return getattr(self._connection, name)

        async def fetchval(self, query: str, *given: Any) -> Any:
            asked.append(query)
            return await self._connection.fetchval(query, *given)

    async def watched(of: AsyncEngine) -> Any:
        return Watched(await dedicated(of))

    async with running(Relay(engine, nats_client, "orders")):
        await emit(sessions, "first")
        await until(lambda: _published(sessions))
        monkeypatch.setattr(db, "dedicated", watched)
        async with running(Relay(engine, nats_client, "orders")):
            await until(lambda: _true(asked))
            for number in range(30):
                await emit(sessions, str(number))
            assert len(asked) <= 3  # once a second


async def _true(value: object) -> bool:
    return bool(value)


async def test_a_repeated_message_has_one_effect(
    sessions: Sessions, engine: AsyncEngine, nats_client: NatsClient
) -> None:
    async with running(Relay(engine, nats_client, "orders"), Consumer(sessions, nats_client, subscription())):
        await emit(sessions, "a", "b")
        await until(reached(sessions, 2))
        async with sessions() as session:
            query = sa.text("SELECT payload, headers FROM outbox ORDER BY position")
            rows = (await session.execute(query)).all()
        for payload, headers in rows * 2:
            # Without its id: the broker's own window must not be what saves us.
            plain = {name: value for name, value in headers.items() if name != "Nats-Msg-Id"}
            await nats_client.jetstream().publish("commis.orders.v1.tested", payload, headers=plain)
        await emit(sessions, "c")
        await until(reached(sessions, 3))
    assert await keys(sessions) == ["a", "b", "c"]


async def test_one_bad_event_does_not_hold_up_its_batch(
    sessions: Sessions, engine: AsyncEngine, nats_client: NatsClient
) -> None:
    async def picky(session: AsyncSession, event: StringValue, meta: Meta) -> None:
        await effect(session, event, meta)
        if event.value == "poison":
            raise Permanent("never")

    await emit(sessions, "a", "poison", "b")
    bad = subscription(picky)
    async with running(Relay(engine, nats_client, "orders"), Consumer(sessions, nats_client, bad)):
        await until(reached(sessions, 2))
        await until(lambda: letters(sessions))
    assert await keys(sessions) == ["a", "b"]
    (letter,) = await dead_letters.waiting(sessions)
    assert letter["consumer"] == "test-effects"
    assert "never" in letter["error"]
    with pytest.raises(Permanent):
        await dead_letters.replay(sessions, [bad], letter["id"])
    assert await dead_letters.replay(sessions, [subscription()], letter["id"])
    assert not await dead_letters.replay(sessions, [subscription()], letter["id"])
    assert await keys(sessions) == ["a", "b", "poison"]
    assert await dead_letters.waiting(sessions) == []
    assert await count(sessions, "dead_letters WHERE replay_time IS NOT NULL") == 1


async def test_a_letter_is_replayed_by_the_subscription_to_its_own_stream(
    sessions: Sessions, engine: AsyncEngine, nats_client: NatsClient
) -> None:
    """Two subscriptions to different streams may have one durable name."""

    async def wrong(_session: AsyncSession, _event: StringValue, _meta: Meta) -> None:
        raise AssertionError("of another stream")

    async def never(_session: AsyncSession, _event: StringValue, _meta: Meta) -> None:
        raise Permanent("never")

    other = Subscription("COMMIS_CUSTOMERS", "test-effects", ("commis.customers.v1.>",), wrong)
    await emit(sessions, "a")
    async with running(
        Relay(engine, nats_client, "orders"), Consumer(sessions, nats_client, subscription(never))
    ):
        await until(lambda: letters(sessions))
    (letter,) = await dead_letters.waiting(sessions)
    with pytest.raises(LookupError, match="test-effects of COMMIS_ORDERS"):
        await dead_letters.replay(sessions, [other], letter["id"])
    assert await dead_letters.replay(sessions, [other, subscription()], letter["id"])
    assert await keys(sessions) == ["a"]


async def letters(sessions: Sessions) -> int:
    return await count(sessions, "dead_letters")


async def test_an_error_is_tried_again_and_then_set_aside(
    sessions: Sessions, engine: AsyncEngine, nats_client: NatsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consuming, "BACKOFF", (0.05,))
    monkeypatch.setattr(consuming, "MAX_DELIVERIES", 3)
    tries: list[int] = []
    passes: list[int] = []

    async def broken(session: AsyncSession, event: StringValue, meta: Meta) -> None:
        if event.value == "bug":
            tries.append(meta.deliveries)
            raise KeyError("bug")
        passes.append(meta.deliveries)
        if len(passes) < 8:
            raise Unavailable("later")  # more often than MAX_DELIVERIES: it is nobody's fault
        await effect(session, event, meta)

    await emit(sessions, "bug", "late")
    async with running(
        Relay(engine, nats_client, "orders"), Consumer(sessions, nats_client, subscription(broken))
    ):
        await until(reached(sessions, 1))
        await until(lambda: letters(sessions))
    assert sorted(set(tries)) == [1, 2, 3]
    assert await keys(sessions) == ["late"]


async def test_unreadable_messages_are_set_aside(sessions: Sessions, nats_client: NatsClient) -> None:
    js = nats_client.jetstream()
    good = {
        "ce-id": str(new_id()),
        "ce-type": "google.protobuf.StringValue",
        "ce-time": "2026-01-01T00:00:00+00:00",
    }
    await broker.ensure_stream(js, "orders")
    async with running(Consumer(sessions, nats_client, subscription())):
        for headers, payload in (
            ({}, b""),
            ({**good, "ce-id": "x"}, b""),
            ({**good, "ce-type": "commis.nobody.v1.Knows"}, b""),
            ({**good, "ce-time": "yesterday"}, b""),
            (good, b"\xff\xff"),
            (good, StringValue(value="fine").SerializeToString()),
        ):
            await js.publish("commis.orders.v1.tested", payload, headers=headers or None)
        await until(reached(sessions, 1))
    assert await letters(sessions) == 5
    assert await keys(sessions) == ["fine"]


async def test_prepared_and_bulk_handlers(
    sessions: Sessions, engine: AsyncEngine, nats_client: NatsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consuming, "BACKOFF", (0.05,))
    asked: list[str] = []
    batches: list[int] = []

    async def prepare(event: Any, meta: Meta) -> str:
        asked.append(event.value)
        if event.value == "7" and asked.count("7") == 1:
            raise Unavailable("the other service is starting")
        return f"<{event.value}>"

    async def many(session: AsyncSession, items: Any) -> None:
        batches.append(len(items))
        await session.execute(
            INSERT, [{"key": prepared, "value": event.value} for event, _, prepared in items]
        )

    async def single(session: AsyncSession, event: StringValue, prepared: str) -> None:
        await session.execute(INSERT, {"key": "single", "value": prepared})

    bulk = subscription(None, prepare=prepare, handle_many=many, workers=1)
    await emit(sessions, *(str(number) for number in range(120)))
    async with running(Relay(engine, nats_client, "orders")):
        async with running(Consumer(sessions, nats_client, bulk)):
            await until(reached(sessions, 120))
        async with running(
            Consumer(sessions, nats_client, subscription(single, "test-single", prepare=prepare))
        ):
            await until(reached(sessions, 240))
    assert max(batches) > 10
    assert sorted(key for key in await keys(sessions) if key != "single") == sorted(
        f"<{n}>" for n in range(120)
    )
    assert await letters(sessions) == 0


async def test_a_killed_broker_loses_nothing(
    sessions: Sessions, engine: AsyncEngine, nats_client: NatsClient, nats_server: NatsServer, nats_url: str
) -> None:
    if nats_url != nats_server.url:
        pytest.skip("needs the embedded broker")
    values = [str(number) for number in range(600)]
    async with running(Relay(engine, nats_client, "orders"), Consumer(sessions, nats_client, subscription())):
        for round_number in range(3):
            chunk = values[round_number * 200 : (round_number + 1) * 200]
            await emit(sessions, *chunk[:100])
            await asyncio.sleep(0.05)
            nats_server.kill()
            await emit(sessions, *chunk[100:])  # commits do not wait for the broker
            nats_server.start()
            await until(reached(sessions, (round_number + 1) * 200), 40)
    assert sorted(await keys(sessions), key=int) == values


async def test_a_lost_stream_is_rebuilt_from_the_outbox(
    sessions: Sessions, engine: AsyncEngine, nats_client: NatsClient
) -> None:
    since = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=1)
    js = nats_client.jetstream()
    async with running(Relay(engine, nats_client, "orders")):
        async with running(Consumer(sessions, nats_client, subscription())):
            await emit(sessions, "a", "b")
            await until(reached(sessions, 2))
        await emit(sessions, "c")
        await until(lambda: _published(sessions))
        await js.delete_stream(STREAM)
        async with running(Consumer(sessions, nats_client, subscription())):
            assert await relay.reconcile(engine, since) == 3
            await until(reached(sessions, 3))
            await js.delete_stream(STREAM)  # also under a running consumer
            await emit(sessions, "d")
            await until(reached(sessions, 4), 30)
    assert await keys(sessions) == ["a", "b", "c", "d"]


async def _published(sessions: Sessions) -> bool:
    return await count(sessions, "outbox WHERE publish_time IS NULL") == 0


async def test_a_refused_event_holds_its_followers_and_is_parked_at_last(
    sessions: Sessions, engine: AsyncEngine, nats_client: NatsClient
) -> None:
    consumer = Consumer(sessions, nats_client, subscription())
    async with running(Relay(engine, nats_client, "orders"), consumer):
        await emit(sessions, "a", "x" * 2_000_000, "b")
        await until(lambda: _attempts(sessions))
        await until(reached(sessions, 1))
        assert await keys(sessions) == ["a"]
        async with sessions.begin() as session:
            await session.execute(
                sa.text("UPDATE outbox SET attempts = 19, next_attempt_time = NULL WHERE attempts > 0")
            )
        await until(reached(sessions, 2))
    assert await keys(sessions) == ["a", "b"]
    assert await relay.backlog(engine) == pytest.approx({"pending": 0, "parked": 1, "oldest": 30}, abs=30)


async def test_what_is_published_is_not_looked_at_again(sessions: Sessions) -> None:
    """A week of events lies in the table; what waits is found by an index of its own."""
    async with sessions.begin() as session:
        await session.execute(
            sa.text(
                "INSERT INTO outbox (id, subject, payload, headers, publish_time)"
                " SELECT gen_random_uuid(), 's', '', '{}', now() FROM generate_series(1, 5000)"
            )
        )
        await session.execute(sa.text("ANALYZE outbox"))
    await emit(sessions, "a")
    backlog = relay._BACKLOG.replace("$1", str(relay.MAX_ATTEMPTS))
    async with sessions() as session:
        for query in (relay._SELECT, backlog):
            plan = "\n".join((await session.execute(sa.text(f"EXPLAIN {query}"))).scalars())
            assert "ix_outbox_pending" in plan, plan


async def test_publishing_again_goes_by_small_steps(
    sessions: Sessions, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "STEP", 2)
    assert await relay.reconcile(engine, datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)) == 0
    await emit(sessions, *"abcdefg")
    async with sessions.begin() as session:
        for change in (
            "DELETE FROM outbox WHERE position = 1",
            "UPDATE outbox SET publish_time = now() WHERE position > 2",
            "UPDATE outbox SET publish_time = now() - interval '2 days' WHERE position = 3",
            "UPDATE outbox SET attempts = 20 WHERE position = 2",
        ):
            await session.execute(sa.text(change))
        await session.execute(
            sa.text(
                "CREATE FUNCTION few() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                " IF (SELECT count(*) FROM changed) > 2 THEN RAISE EXCEPTION 'many at once'; END IF;"
                " RETURN NULL; END $$"
            )
        )
        await session.execute(
            sa.text(
                "CREATE TRIGGER few AFTER UPDATE ON outbox REFERENCING NEW TABLE AS changed"
                " FOR EACH STATEMENT EXECUTE FUNCTION few()"
            )
        )
    try:
        yesterday = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
        assert await relay.reconcile(engine, yesterday) == 5
    finally:
        async with sessions.begin() as session:
            await session.execute(sa.text("DROP FUNCTION few CASCADE"))
    assert await count(sessions, "outbox WHERE publish_time IS NULL AND attempts = 0") == 5


async def _attempts(sessions: Sessions) -> bool:
    return await count(sessions, "outbox WHERE attempts > 1") == 1


async def test_published_rows_are_kept_for_a_week(
    sessions: Sessions, engine: AsyncEngine, nats_client: NatsClient
) -> None:
    await emit(sessions, "a", "b")
    async with sessions.begin() as session:
        await session.execute(sa.text("UPDATE outbox SET publish_time = now() - interval '6 days'"))
        await session.execute(
            sa.text("UPDATE outbox SET publish_time = now() - interval '8 days' WHERE position = 1")
        )
    async with running(Relay(engine, nats_client, "orders")):
        await until(lambda: _left(sessions))


async def _left(sessions: Sessions) -> bool:
    return await count(sessions, "outbox") == 1


async def test_what_is_not_applied_at_the_end_is_handed_back(
    sessions: Sessions, engine: AsyncEngine, nats_client: NatsClient
) -> None:
    release = asyncio.Event()

    async def slow(session: AsyncSession, event: StringValue, meta: Meta) -> None:
        await release.wait()
        await effect(session, event, meta)

    await emit(sessions, *(str(number) for number in range(10)))
    first = Consumer(sessions, nats_client, subscription(slow, batch=1))
    async with running(Relay(engine, nats_client, "orders")):
        task = asyncio.create_task(first.run())
        await until(lambda: len(first._puller.queue) == 9)
        stopping = asyncio.create_task(first.stop())
        await asyncio.sleep(0)
        release.set()
        await stopping
        await task
        assert len(await keys(sessions)) == 1
        async with running(Consumer(sessions, nats_client, subscription())):
            await until(reached(sessions, 10), 10)  # before the ack wait of 20 s
    assert sorted(await keys(sessions), key=int) == [str(number) for number in range(10)]


async def test_what_concerns_nobody_leaves_no_trace(
    sessions: Sessions, engine: AsyncEngine, nats_client: NatsClient
) -> None:
    wanted = subscription(concerns=lambda event: event.value != "noise")
    async with running(Relay(engine, nats_client, "orders"), Consumer(sessions, nats_client, wanted)):
        await emit(sessions, "noise", "signal", "noise")
        await until(reached(sessions, 1))
    assert await keys(sessions) == ["signal"]
    assert await count(sessions, "inbox") == 1
