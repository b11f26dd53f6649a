"""The real server on a real socket: clients that leave, dawdle or talk nonsense, and the orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from commis.orders.v1 import orders_pb2

from gateway import server
from gateway.config import Settings

from .fakes import ANY_ID, Services

PLACE = b'{"terms_version":"1","terms_hash":"h"}'


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    lines = {
        "Host": "gateway",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **headers,
    }
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


@contextlib.asynccontextmanager
async def serving(settings: Settings, **changed: Any) -> AsyncIterator[tuple[str, int, Any]]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    made = server.build(Settings(**(settings.model_dump() | {"port": port, "drain_seconds": 0} | changed)))
    made.config.load()
    task = asyncio.create_task(made._serve())
    while not made.started:
        assert not task.done(), task
        await asyncio.sleep(0.01)
    try:
        yield "127.0.0.1", port, made
    finally:
        made.should_exit = True
        await task


async def talk(host: str, port: int, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(sent)
    async with asyncio.timeout(20):
        answered = await reader.read()
    writer.close()
    return answered


async def test_a_client_that_leaves_does_not_stop_a_placing(settings: Settings, services: Services) -> None:
    entered, leave, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def place(_request: Any) -> Any:
        entered.set()
        await leave.wait()
        done.set()
        return orders_pb2.PlaceOrderResponse()

    services.answer("PlaceOrder", place)
    async with serving(settings) as (host, port, _):
        _, writer = await asyncio.open_connection(host, port)
        writer.write(request("POST", f"/v1/orders/{ANY_ID}:place", PLACE, Idempotency_Key="k"))
        await asyncio.wait_for(entered.wait(), 10)
        writer.transport.abort()
        await asyncio.sleep(0.1)  # time for the gateway to see it, and to cancel if it would
        leave.set()
        await asyncio.wait_for(done.wait(), 10)


async def test_running_requests_end_before_the_server(settings: Settings, services: Services) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def place(_request: Any) -> Any:
        entered.set()
        await leave.wait()
        return orders_pb2.PlaceOrderResponse(order={"id": ANY_ID})

    services.answer("PlaceOrder", place)
    async with serving(settings, drain_seconds=0.3) as (host, port, made):
        sent = request("POST", f"/v1/orders/{ANY_ID}:place", PLACE, Idempotency_Key="k", Connection="close")
        placing = asyncio.create_task(talk(host, port, sent))
        await asyncio.wait_for(entered.wait(), 10)
        made.handle_exit(signal.SIGTERM, None)
        ready = await talk(host, port, request("GET", "/readyz", Connection="close"))
        assert ready.startswith(b"HTTP/1.1 503 ")
        assert b'"status":"not ready"' in ready
        while not made.should_exit:
            await asyncio.sleep(0.01)
        leave.set()
        assert (await placing).startswith(b"HTTP/1.1 200 ")


HOST = b"HTTP/1.1\r\nHost: a\r\n"
NOT_HTTP = [
    b"nonsense\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"GET /\xff " + HOST + b"\r\n",
    b"GET / " + HOST + b"Content-Length: x\r\n\r\n",
    b"GET / " + HOST + b"A\x00: b\r\n\r\n",
    b"POST /v1/orders " + HOST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
]


@pytest.mark.parametrize("sent", NOT_HTTP)
async def test_what_is_not_http_is_a_400(settings: Settings, services: Services, sent: bytes) -> None:
    async with serving(settings) as (host, port, _):
        answered = await talk(host, port, sent)
    assert answered.startswith(b"HTTP/1.1 400 "), answered
    assert b"application/problem+json" in answered
    assert not services.calls


@pytest.mark.parametrize("sent", [b"GET /" + b"a" * 100_000, b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000])
async def test_a_head_that_does_not_end(settings: Settings, services: Services, sent: bytes) -> None:
    async with serving(settings) as (host, port, _):
        answered = await talk(host, port, sent)
    assert answered.startswith(b"HTTP/1.1 431 ")


async def test_a_head_that_dawdles(
    settings: Settings, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.05)
    async with serving(settings) as (host, port, _):
        for sent in (b"", b"GET / HTT"):
            assert (await talk(host, port, sent)).startswith(b"HTTP/1.1 408 ")


async def test_large_bodies_and_several_requests_on_one_connection(
    settings: Settings, services: Services
) -> None:
    body = b'{"note":"' + b"n" * 500_000 + b'"}'
    async with serving(settings) as (host, port, _):
        sent = request("POST", "/v1/orders", body) + request("POST", "/v1/orders", b" " * 2_000_000)
        sent += request("POST", "/v1/orders", b"{}", Connection="close")
        answered = await talk(host, port, sent)
        assert re.findall(rb"HTTP/1.1 (\d+)", answered) == [b"201", b"413", b"201"]
        assert len(services.calls[0].request.note) == 500_000


async def test_an_import_is_refused_while_it_is_sent(settings: Settings, services: Services) -> None:
    async with serving(settings, max_import_bytes=1_000_000) as (host, port, _):
        reader, writer = await asyncio.open_connection(host, port)
        head = b"POST /v1/imports?kind=STOCK HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\n"
        writer.write(head + b"Transfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(60):
                writer.write(b"8000\r\n" + b"a" * 0x8000 + b"\r\n")
                await writer.drain()
        async with asyncio.timeout(20):
            answered = await reader.readuntil(b"\r\n")
        writer.close()
    assert answered.startswith(b"HTTP/1.1 413 ")


async def test_an_import_whose_client_leaves_is_not_taken_for_complete(
    settings: Settings, services: Services
) -> None:
    async with serving(settings) as (host, port, _):
        _, writer = await asyncio.open_connection(host, port)
        head = b"POST /v1/imports?kind=STOCK HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\n"
        writer.write(head + b"Content-Length: 100000\r\n\r\nabc")
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.transport.abort()
        await asyncio.sleep(0.2)
    assert not services.calls  # the service never saw the end of the stream


async def test_the_command(settings: Settings) -> None:
    """`python -m gateway serve` ends with 0 on SIGTERM, and with 78 and names on bad settings."""
    environment = os.environ | {"GATEWAY_PORT": "0", "GATEWAY_DRAIN_SECONDS": "0", "GATEWAY_PROFILE": "local"}
    command = (sys.executable, "-m", "gateway", "serve")
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    async with asyncio.timeout(60):
        while b'"event": "serving"' not in await process.stdout.readline():
            assert not process.stdout.at_eof()  # it also says that there is no broker
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0

    wrong = environment | {"GATEWAY_PORT": "many", "GATEWAY_TRUSTED_PROXIES": "nowhere"}
    process = await asyncio.create_subprocess_exec(*command, env=wrong, stderr=asyncio.subprocess.PIPE)
    _, told = await process.communicate()
    assert process.returncode == 78
    assert b"GATEWAY_PORT" in told
    assert b"GATEWAY_TRUSTED_PROXIES" in told
