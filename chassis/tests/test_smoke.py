import asyncio

import sqlalchemy as sa
from google.protobuf.wrappers_pb2 import StringValue

from chassis import outbox
from chassis.consumer import Consumer, Subscription
from chassis.relay import Relay


async def test_flow(sessions, engine, nats_client):
    got = []

    async def handler(session, event, meta):
        got.append(event.value)

    relay = Relay(engine, nats_client, "orders")
    consumer = Consumer(
        sessions, nats_client, Subscription("COMMIS_ORDERS", "test-x", ("commis.orders.v1.>",), handler)
    )
    tasks = [asyncio.create_task(relay.run()), asyncio.create_task(consumer.run())]
    async with sessions.begin() as session:
        for n in range(500):
            outbox.add(session, StringValue(value=str(n)), subject="commis.orders.v1.x", aggregate_id="a")
    for _ in range(100):
        await asyncio.sleep(0.05)
        if len(got) == 500:
            break
    assert got == [str(n) for n in range(500)]
    await relay.stop()
    await consumer.stop()
    await asyncio.gather(*tasks)
    async with sessions() as s:
        assert (
            await s.execute(sa.text("select count(*) from outbox where publish_time is null"))
        ).scalar() == 0
