"""CPU of one event through outbox, relay, broker and inbox: `python chassis/bench/events.py`."""

import asyncio
import sys
import time
from pathlib import Path

import nats
import psutil
import uvloop
from google.protobuf.wrappers_pb2 import StringValue

from chassis import db, logs, outbox
from chassis.consumer import Consumer, Subscription
from chassis.relay import Relay
from chassis.testkit.databases import create_database
from chassis.testkit.servers import NatsServer, PostgresServer

EVENTS = 4000
MIGRATIONS = Path(__file__).parents[1] / "tests" / "migrations"


def others():
    total = {"postgres": 0.0, "nats-server": 0.0}
    for process in psutil.process_iter(["name", "cpu_times"]):
        for name in total:
            if process.info["name"].startswith(name):
                times = process.info["cpu_times"]
                total[name] += times.user + times.system + times.children_user + times.children_system
    return total


async def add(sessions, count, per_commit):
    for _ in range(count // per_commit):
        async with sessions.begin() as session:
            for _ in range(per_commit):
                event = StringValue(value="x" * 200)
                outbox.add(
                    session, event, subject="commis.orders.v1.tested", aggregate_id="a", aggregate_version=1
                )


async def main():
    logs.configure("WARNING", "bench")
    postgres, broker = PostgresServer(), NatsServer()
    broker.start()
    try:
        await measure(await create_database(postgres.start(), "bench", MIGRATIONS), broker.url)
    finally:
        postgres.stop()
        broker.stop()


async def measure(url, nats_url):
    engine = db.engine_for(url)
    sessions = db.sessions(engine)
    client = await nats.connect(nats_url)
    applied = 0

    async def handler(session, event, meta):
        nonlocal applied
        applied += 1

    relay = Relay(engine, client, "orders")
    consumer = Consumer(
        sessions, client, Subscription("COMMIS_ORDERS", "bench", ("commis.orders.>",), handler)
    )

    async def timed(name, count, work):
        cpu, wall, servers = time.process_time(), time.perf_counter(), others()
        await work
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        text = " ".join(
            f"{key} {(value - servers[key]) / count * 1e6:.0f} us" for key, value in others().items()
        )
        sys.stdout.write(
            f"{name}: python {cpu / count * 1e6:.0f} us, wall {wall / count * 1e6:.0f} us, {text}\n"
        )

    async def until(total):
        while applied < total:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    async def published():
        from chassis.relay import backlog

        while (await backlog(engine))["pending"]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    await add(sessions, 50, 1)
    for per_commit in (1, 10):
        await timed(f"outbox.add, {per_commit} per transaction", 1000, add(sessions, 1000, per_commit))
    await add(sessions, EVENTS - 2050, 50)
    relaying = asyncio.create_task(relay.run())
    await timed("relay", EVENTS, published())
    consuming = asyncio.create_task(consumer.run())
    await timed("consumer", EVENTS, until(EVENTS))

    async def live(rate, total, *, wait):
        target = applied + total
        for _ in range(total):
            await add(sessions, 1, 1)
            await asyncio.sleep(1 / rate)
        if wait:
            await until(target)

    await timed("whole path at ~200/s, one event per transaction", 1000, live(200, 1000, wait=True))
    await relay.stop()
    await consumer.stop()
    await asyncio.gather(relaying, consuming)
    await timed("the same without relay and consumer", 1000, live(200, 1000, wait=False))
    await client.close()
    await engine.dispose()


uvloop.run(main())
