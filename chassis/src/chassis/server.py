"""One process of a service: gRPC server, health, background tasks, orderly end on SIGTERM."""

from __future__ import annotations

import asyncio
import gc
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import grpc
from grpc_health.v1 import _async as health_aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from nats.aio.client import Client as NatsClient
from prometheus_client import generate_latest
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis import logs, metrics, paging, telemetry
from chassis.config import ServiceSettings
from chassis.logs import log
from chassis.rpc import RefusedToStart, Surroundings
from chassis.tokens import Verifier

__all__ = ["OPTIONS", "Background", "RefusedToStart", "Servicer", "build", "serve"]

OPTIONS = [
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.max_connection_age_ms", 300_000),
    ("grpc.max_connection_age_grace_ms", 30_000),
    ("grpc.max_metadata_size", 65_536),
    ("grpc.absolute_max_metadata_size", 131_072),
    ("grpc.max_receive_message_length", 16 * 1024 * 1024),
    ("grpc.so_reuseport", 0),
]
Servicer = tuple[Callable[[Any, Any], None], Any, str]  # generated adder, servicer, full service name
Ready = Callable[[], Awaitable[object]]


class Background(Protocol):
    """Relay, consumers: `run` until `stop`, which returns when nothing is in flight."""

    async def run(self) -> None: ...
    async def stop(self) -> None: ...


def build(
    servicers: Sequence[Servicer], verifier: Verifier, domain: str
) -> tuple[grpc.aio.Server, Surroundings, health_aio.HealthServicer]:
    """A server with all servicers wrapped, health and reflection. Raises RefusedToStart without a rule."""
    server = grpc.aio.server(options=OPTIONS)
    surroundings = Surroundings(verifier, domain)
    names = [health.SERVICE_NAME, reflection.SERVICE_NAME]
    for adder, servicer, name in servicers:
        surroundings.add(server, adder, servicer)
        names.append(name)
    checks = health_aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    reflection.enable_server_reflection(names, server)
    return server, surroundings, checks


async def serve(
    settings: ServiceSettings,
    *,
    servicers: Sequence[Servicer],
    verifier: Verifier,
    engine: AsyncEngine | None = None,
    nats: NatsClient | None = None,
    background: Sequence[Background] = (),
    on_start: Sequence[Callable[[], Awaitable[None]]] = (),
    ready: Mapping[str, Ready] | None = None,
    stop: asyncio.Event | None = None,
    on_bound: Callable[[int], None] | None = None,
) -> None:
    """Serve until SIGTERM, SIGINT or `stop`; then in this order: unready, drain_seconds for balancers to see
    it, no new RPCs and grace_seconds for the running ones, background tasks, broker, database."""
    stop = _prepare(settings, stop or asyncio.Event())
    server, surroundings, checks = build(servicers, verifier, settings.domain)
    admin = _Admin(ready or {}, engine, nats)
    for start in on_start:
        await start()
    port = _listen(server, settings)
    await server.start()
    http = await admin.listen(settings) if settings.admin_port else None
    tasks = [asyncio.create_task(work) for work in (admin.watch(), *map(_supervise, background))]
    for name in ("", *(name for _, _, name in servicers)):
        await checks.set(name, health_pb2.HealthCheckResponse.SERVING)
    spare_the_collector()
    admin.ready = True
    log.info("serving", port=port)
    if on_bound is not None:
        on_bound(port)
    await stop.wait()
    admin.ready = False
    await checks.enter_graceful_shutdown()
    await asyncio.sleep(settings.drain_seconds)
    await server.stop(settings.grace_seconds)
    await surroundings.finish(settings.grace_seconds)
    await _wind_down(background, tasks, nats, engine)
    if http is not None:
        http.close()


def _prepare(settings: ServiceSettings, stop: asyncio.Event) -> asyncio.Event:
    logs.configure(settings.log_level, settings.service_name)
    telemetry.configure(settings)
    paging.use_key(settings.database_url.get_secret_value())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def spare_the_collector() -> None:
    """What start-up made lives as long as the process: the garbage collector need not look at it again and again.
    Requests make few cycles, so it may also come less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _listen(server: grpc.aio.Server, settings: ServiceSettings) -> int:
    address = f"{settings.grpc_host}:{settings.grpc_port}"
    if not settings.tls:
        return server.add_insecure_port(address)
    pair = (Path(settings.tls_key).read_bytes(), Path(settings.tls_cert).read_bytes())
    authority = Path(settings.tls_ca).read_bytes()
    return server.add_secure_port(address, grpc.ssl_server_credentials([pair], authority, True))


async def _supervise(task: Background) -> None:
    """A background task that ends by an error is started again; it must not take the server with it."""
    while True:
        try:
            await task.run()
            return
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.error("background task failed", task=type(task).__name__, exc_info=error)
            await asyncio.sleep(1)


async def _wind_down(
    background: Sequence[Background],
    tasks: list[asyncio.Task[None]],
    nats: NatsClient | None,
    engine: AsyncEngine | None,
) -> None:
    try:
        async with asyncio.timeout(10):
            await asyncio.gather(*(task.stop() for task in background))
    except TimeoutError:
        log.warning("background tasks did not stop in time")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    if nats is not None and nats.is_connected:
        try:
            async with asyncio.timeout(5):
                await nats.drain()
        except Exception as error:  # the broker keeps what it has; unacknowledged messages come again
            log.warning("broker connection not drained", error=repr(error))
    if engine is not None:
        await engine.dispose()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().remove_signal_handler(number)
    log.info("stopped")


class _Admin:
    """/livez looks at this process alone, /readyz asks the own database only, /metrics is Prometheus text."""

    def __init__(
        self, checks: Mapping[str, Ready], engine: AsyncEngine | None, nats: NatsClient | None
    ) -> None:
        self.ready = False
        self._checks = checks
        self._engine = engine
        self._nats = nats
        self._flushed = time.monotonic()

    async def listen(self, settings: ServiceSettings) -> asyncio.Server:
        return await asyncio.start_server(self._answer, settings.grpc_host, settings.admin_port)

    async def watch(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(1)
            metrics.LOOP_LAG.set(max(0.0, time.monotonic() - before - 1))
            if self._engine is not None:
                metrics.POOL_CHECKED_OUT.set(self._engine.pool.checkedout())  # type: ignore[attr-defined]
            if self._nats is not None:
                await self._flush(self._nats)

    async def _flush(self, nats: NatsClient) -> None:
        """nats-py can lose its flusher task while it looks connected (nats.py issue 624): notice that."""
        if not nats.is_connected:  # the server is away, which is not our process's fault
            self._flushed = time.monotonic()
        elif time.monotonic() - self._flushed > 10:
            try:
                await nats.flush(timeout=5)
                self._flushed = time.monotonic()
            except Exception as error:
                log.warning("broker connection does not answer", error=repr(error))

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(5):
                line = await reader.readline()
                code, body = await self._page(line.split(b" ")[1] if line.count(b" ") == 2 else b"")
                head = f"HTTP/1.1 {code}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
                writer.write(
                    f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body
                )
                await writer.drain()
        except (TimeoutError, OSError, ValueError):
            log.debug("admin request dropped")
        finally:
            writer.close()

    async def _page(self, path: bytes) -> tuple[str, bytes]:
        if path == b"/metrics":
            return "200 OK", generate_latest()
        if path == b"/livez":
            stuck = time.monotonic() - self._flushed > 60
            return ("503 Service Unavailable", b"stuck\n") if stuck else ("200 OK", b"alive\n")
        if path != b"/readyz":
            return "404 Not Found", b"not found\n"
        if not self.ready:
            return "503 Service Unavailable", b"starting or stopping\n"
        for name, check in self._checks.items():
            try:
                await check()
            except Exception as error:
                return "503 Service Unavailable", f"{name}: {type(error).__name__}\n".encode()
        return "200 OK", b"ready\n"
