"""What no live feed on this machine can be faster than: JetStream from publish to push, and a bare WebSocket."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import nats
from nats.js.api import DeliverPolicy, StreamConfig
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

_STREAM, _SUBJECT = "BENCH_FLOOR", "bench.floor"
_SIZE = 2000


async def measure(nats_url: str, rate: float, seconds: float) -> dict[str, dict[str, float]]:
    """p50 and p99 in milliseconds of each, at that rate, while everything else goes on."""
    stored, framed = await asyncio.gather(_jetstream(nats_url, rate, seconds), _socket(rate, seconds))
    return {"JetStream from publish to push": _shown(stored), "a frame over a bare WebSocket": _shown(framed)}


def _shown(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        "p50": 1000 * ordered[len(ordered) // 2],
        "p99": 1000 * ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))],
    }


async def _jetstream(nats_url: str, rate: float, seconds: float) -> list[float]:
    connection = await nats.connect(nats_url)
    js = connection.jetstream()
    await js.add_stream(StreamConfig(name=_STREAM, subjects=[_SUBJECT]))
    times: list[float] = []

    async def arrived(msg: Any) -> None:
        times.append(time.perf_counter() - float(msg.headers["Sent"]))

    await js.subscribe(_SUBJECT, cb=arrived, ordered_consumer=True, deliver_policy=DeliverPolicy.NEW)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        await js.publish(_SUBJECT, bytes(_SIZE), headers={"Sent": str(time.perf_counter())})
        await asyncio.sleep(1 / rate)
    await js.delete_stream(_STREAM)
    await connection.close()
    return times


async def _socket(rate: float, seconds: float) -> list[float]:
    """To an echo in this process and back."""

    async def echo(socket: Any) -> None:
        async for frame in socket:
            await socket.send(frame)

    times: list[float] = []
    async with serve(echo, "127.0.0.1", 0, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}", compression=None) as socket:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                begin = time.perf_counter()
                await socket.send(bytes(_SIZE))
                await socket.recv()
                times.append(time.perf_counter() - begin)
                await asyncio.sleep(1 / rate)
    return times
