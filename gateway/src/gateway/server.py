"""uvicorn with an orderly end, and limits on how long and how slow a request head may be.

On SIGTERM: unready, `drain_seconds` for balancers to see it, then no new connections, `grace_seconds` for
what is running, then the channels are closed.
"""

from __future__ import annotations

import asyncio
import socket
from types import FrameType
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from chassis import logs, telemetry
from chassis.config import ServiceSettings
from chassis.logs import log
from gateway.app import create_app
from gateway.config import Settings
from gateway.health import Lifecycle
from gateway.live.endpoints import ABORT
from gateway.problems import Problem

HEAD_SECONDS = 10.0
LINGER_SECONDS = 0.5
# Of one message of a client of a live feed, who has little to say.
SAID_BYTES = 4096


class GuardedProtocol(HttpToolsProtocol):
    """httptools itself takes heads of any length, for as long as the client likes.

    A head that is complete and too long is the edge's affair; here it is one that does not end.
    """

    max_head_bytes = 32 * 1024
    _head_bytes = 0
    _in_head = True
    _refused = False
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if self._in_head:
            self._head_bytes += len(data)
            self._start_timer()
        super().data_received(data)
        if self.transport.get_protocol() is not self:  # it became a WebSocket
            return
        if self._in_head and self._head_bytes > self.max_head_bytes:
            self._refuse(Problem(431, "HEADERS_TOO_LARGE", "The request head is too long."))

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._stop_timer()
        # For who has something to say to a client that does not read: closing waits for it, this does not.
        cast(Any, self.scope)["extensions"] = {ABORT: self.transport.abort}
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head, self._head_bytes = True, 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(Problem(400, "INVALID_HTTP", msg))

    def _start_timer(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        self._refuse(Problem(408, "REQUEST_TIMEOUT", "The request head did not arrive in time."))

    def _refuse(self, problem: Problem) -> None:
        """Answers and closes; a moment later, because closing at once on a client that is still sending would
        reset the connection before the client has read why."""
        self._stop_timer()
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        body = problem.body("")
        head = (
            f"HTTP/1.1 {problem.status} \r\ncontent-type: application/problem+json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)


class FeedProtocol(WebSocketsSansIOProtocol):
    """Pings every 20 s and cuts off who has not answered for as long (uvicorn's defaults)."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            cast(Any, self.scope)["extensions"][ABORT] = self.transport.abort


class GracefulServer(uvicorn.Server):
    """The first signal starts the drain, the second ends at once."""

    def __init__(self, config: uvicorn.Config, lifecycle: Lifecycle, drain_seconds: float) -> None:
        super().__init__(config)
        self._lifecycle = lifecycle
        self._drain_seconds = drain_seconds
        self._draining = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listening in self.servers:
            log.info("serving", addresses=[bound.getsockname()[:2] for bound in listening.sockets])

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Not kept for uvicorn to raise again at the end: an orderly end is exit code 0.
        if self._draining:
            self.should_exit = self.force_exit = True
            return
        self._draining = True
        self._lifecycle.ready = False
        loop = asyncio.get_running_loop()
        loop.call_soon_threadsafe(loop.call_later, self._drain_seconds, self._stop)

    def _stop(self) -> None:
        self._lifecycle.stop()
        self.should_exit = True


def build(settings: Settings) -> GracefulServer:
    """One process: one loop, one application, one set of channels."""
    lifecycle = Lifecycle()
    limited = type("Protocol", (GuardedProtocol,), {"max_head_bytes": settings.max_header_bytes})
    config = uvicorn.Config(
        create_app(settings, lifecycle=lifecycle),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=limited,
        ws=FeedProtocol,
        ws_max_size=SAID_BYTES,
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=2048,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=settings.grace_seconds,
    )
    return GracefulServer(config, lifecycle, settings.drain_seconds)


def serve(settings: Settings) -> None:
    """Runs until SIGTERM or SIGINT."""
    logs.configure(settings.log_level, settings.service_name)
    telemetry.configure(cast(ServiceSettings, settings))  # reads only otel_* and service_name
    build(settings).run()
