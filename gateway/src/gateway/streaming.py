"""Passing on what a service streams, a piece at a time and for as long as somebody listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from gateway.endpoint import ClientGone


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
