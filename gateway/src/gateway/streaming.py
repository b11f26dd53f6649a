"""Passing files on in both directions, a piece at a time and for as long as somebody is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from gateway.endpoint import ClientGone, too_large
from gateway.problems import Problem

_PIECE = 512 * 1024
_IDLE_SECONDS = 30.0


async def arriving(receive: Any, limit: int) -> AsyncIterator[bytes]:
    """A body as it arrives, in pieces of the same size but for the last. Raises Problem 413 beyond `limit` bytes, 408
    for a client that dawdles; ClientGone."""
    piece, size, more = bytearray(), 0, True
    while more:
        chunk, more = await _chunk(receive)
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        piece += chunk
        while len(piece) >= _PIECE:
            yield bytes(piece[:_PIECE])
            del piece[:_PIECE]
    if piece:
        yield bytes(piece)


async def _chunk(receive: Any) -> tuple[bytes, bool]:
    try:
        async with asyncio.timeout(_IDLE_SECONDS):
            message = await receive()
    except TimeoutError:
        raise Problem(408, "BODY_TIMEOUT", "The body did not arrive in time.") from None
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
    only cut the answer off, which the client sees by its missing end."""
    first = await anext(parts)
    headers = [
        (b"content-type", media_type.encode()),
        (b"content-disposition", f'attachment; filename="{file_name}"'.encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": first.content, "more_body": True})
    async for part in parts:
        await send({"type": "http.response.body", "body": part.content, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _left(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
