"""The reader of a stream, apart from the feeds: what it hears, on one connection after the other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import nats
import pytest
from nats.aio.client import Client as NatsClient

from chassis import broker
from gateway.live.reader import Reader


@contextlib.asynccontextmanager
async def reading(reader: Reader, url: str) -> AsyncIterator[None]:
    """On a connection of its own, which is closed afterwards."""
    connection = await nats.connect(url)
    task = asyncio.create_task(reader.run(connection))
    try:
        async with asyncio.timeout(10):
            while not reader.attached:
                await asyncio.sleep(0.01)
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await connection.close()


@pytest.mark.spec("N-11")
async def test_with_another_connection_it_goes_on_where_it_stopped(
    nats_client: NatsClient, nats_url: str
) -> None:
    stream, heard, lost = nats_client.jetstream(), [], []
    await broker.ensure_stream(stream, "orders")
    arrived = asyncio.Event()

    def receive(_subject: str, data: bytes, _headers: dict[str, str]) -> None:
        heard.append(data)
        arrived.set()

    reader = Reader("COMMIS_ORDERS", ["commis.orders.v1.sheets.*"], receive, lambda: lost.append(1))
    for said in (b"one", b"three"):
        async with reading(reader, nats_url), asyncio.timeout(10):
            arrived.clear()
            await stream.publish("commis.orders.v1.sheets.7", said)
            while said not in heard:
                arrived.clear()
                await arrived.wait()
        if said == b"one":
            await stream.publish("commis.orders.v1.sheets.7", b"two")
    assert (heard, lost) == ([b"one", b"two", b"three"], [])


@pytest.mark.spec("N-11")
async def test_a_subscription_that_is_gone_already_is_no_reason_to_stop(
    nats_client: NatsClient, nats_url: str
) -> None:
    stream, heard = nats_client.jetstream(), asyncio.Event()
    await broker.ensure_stream(stream, "orders")
    reader = Reader(
        "COMMIS_ORDERS", ["commis.orders.v1.sheets.*"], lambda *_: heard.set(), lambda: pytest.fail("lost")
    )
    async with reading(reader, nats_url), asyncio.timeout(10):
        await reader._subscription.unsubscribe()
        reader._broken.set()
        await stream.publish("commis.orders.v1.sheets.7", b"said")
        await heard.wait()
