"""Passing files on in both directions, a piece at a time and for as long as somebody is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from gateway.endpoint import ClientGone, too_large
from gateway.problems import Problem

_PIECE = 512 * 1024
_IDLE_SECONDS = 30.0


class Upload:
    """Passes a body on to a call that takes a stream: `first`, then its pieces, then an empty one, because to the
    service a cancelled stream looks like one that has ended.

    A service that refuses while the body arrives says so by its metadata and reads on until the stream ends: a write
    that meets the end of its call would turn the refusal into an INTERNAL of grpc.aio's own.
    """

    def __init__(self, first: Any, part: Callable[[bytes], Any], receive: Any, limit: int) -> None:
        self._first, self._part = first, part
        self._receive, self._limit = receive, limit
        self._trouble: list[Exception] = []
        self._refused = asyncio.Event()

    async def through(self, call: Any, seconds: float, metadata: Any) -> Any:
        """What the service answers. Raises Problem 413 and 408, ClientGone, grpc.aio.AioRpcError."""
        under_way = call(self._parts(), timeout=seconds, metadata=metadata)
        told = asyncio.create_task(under_way.initial_metadata())
        told.add_done_callback(lambda _: self._refused.set())
        try:
            return await under_way
        except (Exception, asyncio.CancelledError):
            if self._trouble:  # our own reason for ending the stream, which gRPC reports as cancelled
                raise self._trouble[0] from None
            raise
        finally:
            told.cancel()

    async def _parts(self) -> AsyncIterator[Any]:
        yield self._first
        try:
            async for piece in arriving(self._receive, self._limit, self._refused):
                yield self._part(piece)
        except Exception as error:
            self._trouble.append(error)
            raise
        if not self._refused.is_set():
            yield self._part(b"")


async def arriving(receive: Any, limit: int, enough: asyncio.Event) -> AsyncIterator[bytes]:
    """A body as it arrives, in pieces of the same size but for the last, until it is `enough`. Raises Problem 413
    beyond `limit` bytes, 408 for a client that dawdles; ClientGone."""
    piece, size, more = bytearray(), 0, True
    while more:
        chunk, more = await _chunk(receive, enough)
        if enough.is_set():
            return
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        piece += chunk
        while len(piece) >= _PIECE:
            yield bytes(piece[:_PIECE])
            del piece[:_PIECE]
    if piece:
        yield bytes(piece)


async def _chunk(receive: Any, enough: asyncio.Event) -> tuple[bytes, bool]:
    arrival, end = asyncio.ensure_future(receive()), asyncio.ensure_future(enough.wait())
    both = (arrival, end)
    try:
        await asyncio.wait(both, timeout=_IDLE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if end.done():
            return b"", False
        if not arrival.done():
            raise Problem(408, "BODY_TIMEOUT", "The body did not arrive in time.")
        message = arrival.result()
    finally:
        for each in both:
            each.cancel()
    if message["type"] == "http.disconnect":
        raise ClientGone
    return message.get("body", b""), bool(message.get("more_body"))


@asynccontextmanager
async def listened_to(stream: Any, receive: Any) -> AsyncIterator[Any]:
    """The parts of a call that streams. A client who leaves ends the call, which nothing else would tell: what is
    sent to nobody is dropped without a word. Raises ClientGone then."""
    leaving = asyncio.create_task(_left(receive))
    leaving.add_done_callback(lambda _: stream.cancel())
    try:
        yield aiter(stream)
    except asyncio.CancelledError:
        if leaving.done():
            raise ClientGone from None
        raise
    finally:
        leaving.cancel()
        stream.cancel()


async def pass_on(parts: Any, send: Any, media_type: str, file_name: str) -> None:
    """The `content` of each part as a file. What can be refused is refused before the first; after it a failure can
    only cut the answer off, which the client sees by its missing end. Raises ClientGone also when a piece is not taken
    in time: services make a few files at once, and nobody may keep them for as long as he likes."""
    first = await anext(parts)
    headers = [
        (b"content-type", media_type.encode()),
        (b"content-disposition", f'attachment; filename="{file_name}"'.encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await give(send, first.content)
    async for part in parts:
        await give(send, part.content)
    await give(send, b"", more=False)


async def give(send: Any, content: bytes, *, more: bool = True) -> None:
    """A piece of an answer. Raises ClientGone when it is not taken in time."""
    try:
        async with asyncio.timeout(_IDLE_SECONDS):
            await send({"type": "http.response.body", "body": content, "more_body": more})
    except TimeoutError:
        raise ClientGone from None


async def _left(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
