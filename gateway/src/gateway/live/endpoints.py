"""The two transports of a feed: a WebSocket, and server-sent events (WHATWG HTML, section 9.2) for plain HTTP."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import grpc
import orjson

from chassis.logs import log
from gateway import metrics, problems
from gateway.endpoint import ClientGone
from gateway.exchange import Exchange, Scope
from gateway.live import messages
from gateway.live.calls import problem_of
from gateway.live.closing import LEFT, NOT_UNDERSTOOD, TOO_MANY, Closing, closing_of
from gateway.live.feeds import Feed
from gateway.live.line import Line
from gateway.live.messages import Message
from gateway.live.presence import is_line
from gateway.live.service import Live
from gateway.problems import Problem

SHEET_PATH = "/v1/shared-orders/{order_id:id}/feed"
ACCOUNT_PATH = "/v1/feed"
# The server's way to cut a connection without waiting for what was not read.
ABORT = "commis.abort"
EVENT_STREAM = b"text/event-stream; charset=utf-8"
# What a client may take to read why its line ends; then the connection is cut.
CLOSE_SECONDS = 5.0
# A client that says where it looks more often than this in a second is not one of people.
SAID_PER_SECOND = 20
_RETRY = b"retry: 1000\n\n"


async def _run(line: Line, feed: Feed, begun: list[Message], send: Any) -> Closing:
    """Sends until the line ends; why it ended."""
    line.begin()
    try:
        if line.closing is None:
            for message in begun:
                await send(message)
            async for message in feed.follow():
                await send(message)
                metrics.FEED_SENT.inc()
    except Closing as closing:
        return closing
    except asyncio.CancelledError:
        if not line.end():
            raise
    except Exception as error:  # the transport: nobody is there any more
        log.debug("feed cut off", error=repr(error))
        return Closing(LEFT, "LEFT")
    finally:
        line.end()
    assert line.closing is not None
    return line.closing


async def _follow(live: Live, feed: Feed, begun: list[Message], send: Any, listening: Any) -> Closing:
    """Runs the feed while `listening` listens to the client. Leaves nothing behind."""
    listener = asyncio.ensure_future(listening)
    try:
        closing = await _run(feed.line, feed, begun, send)
    finally:
        listener.cancel()
        live.close(feed)
    metrics.FEED_CLOSED.labels(str(closing.code)).inc()
    return closing


class SocketFeed:
    """GET with an upgrade. Refusals are told over the open socket, since a page cannot read why a handshake failed;
    only those of the edge, and pages of strangers, are refused before."""

    def __init__(self, live: Live, name: str) -> None:
        self.name = name
        self._live = live

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        exchange: Exchange = scope["exchange"]
        exchange.route = self.name
        self._live.check_origin(exchange)
        await receive()  # websocket.connect
        await send({"type": "websocket.accept"})
        exchange.status = 101

        async def tell(message: Message) -> None:
            await send({"type": "websocket.send", "text": message.body.decode()})

        try:
            feed, begun = await self._live.open(
                exchange, scope["query_string"], scope["path_params"].get("order_id")
            )
        except Exception as error:
            problem = _problem(error)
            closing = closing_of(problem)
            await tell(messages.refusal(problem.body(exchange.request_id)))
        else:
            closing = await _follow(self._live, feed, begun, tell, _listen(feed, receive))
        if closing.code != LEFT:
            end = {"type": "websocket.close", "code": closing.code, "reason": closing.reason}
            await _last_word(scope, send(end))


async def _listen(feed: Feed, receive: Any) -> None:
    """What the client says: only where it looks."""
    window, said = 0, 0
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            feed.line.close(LEFT, "LEFT")
            return
        second = int(time.monotonic())
        window, said = (window, said + 1) if second == window else (second, 1)
        if said > SAID_PER_SECOND:
            feed.line.close(TOO_MANY, "TOO_MANY_MESSAGES")
            return
        where = _where(message.get("text") or "")
        if where is None:
            feed.line.close(NOT_UNDERSTOOD, "MESSAGE_NOT_UNDERSTOOD")
            return
        feed.looks_at(where)


def _where(text: str) -> str | None:
    """The line of a presence message, empty for none; None for anything else."""
    try:
        said = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(said, dict) or said.get("type") != "presence" or set(said) - {"type", "line_id"}:
        return None
    where = said.get("line_id") or ""
    return where if isinstance(where, str) and (not where or is_line(where)) else None


class EventFeed:
    """Plain HTTP. Refusals are problems like everywhere; once it has begun, an event `close` says why it ends."""

    def __init__(self, live: Live, name: str) -> None:
        self.name = name
        self._live = live

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        exchange: Exchange = scope["exchange"]
        exchange.route = self.name
        self._live.check_origin(exchange)
        feed, begun = await self._live.open(
            exchange, scope["query_string"], scope["path_params"].get("order_id")
        )

        async def write(data: bytes, *, more: bool = True) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": more})

        async def tell(message: Message) -> None:
            await write(b": heartbeat\n\n" if message.kind == "heartbeat" else _event(message))

        headers = [(b"content-type", EVENT_STREAM), (b"x-accel-buffering", b"no")]
        try:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await write(_RETRY)
        except BaseException:
            self._live.close(feed)
            raise
        closing = await _follow(self._live, feed, begun, tell, _left(feed, receive))
        if closing.code == LEFT:
            raise ClientGone
        said = orjson.dumps({"type": "close", "code": closing.code, "reason": closing.reason})
        await _last_word(scope, write(b"event: close\ndata: " + said + b"\n\n", more=False))


async def _last_word(scope: Scope, saying: Any) -> None:
    """A client that does not read it in time is cut off."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await saying
    except TimeoutError:
        scope.get("extensions", {}).get(ABORT, lambda: None)()
    except Exception as error:
        log.debug("feed cut off", error=repr(error))


def _event(message: Message) -> bytes:
    number = b"" if message.sequence is None else b"id: %d\n" % message.sequence
    return number + b"event: " + message.kind.encode() + b"\ndata: " + message.body + b"\n\n"


async def _left(feed: Feed, receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    feed.line.close(LEFT, "LEFT")


def _problem(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, grpc.aio.AioRpcError):
        return problem_of(error)
    log.error("unexpected error", exc_info=error)
    return problems.internal()
