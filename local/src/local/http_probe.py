"""A GET request that only wants to know whether somebody is ready, without a whole HTTP client."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from local.ports import HOST


async def status_of(port: int, path: str) -> int:
    """The HTTP status that this machine answers on ``port``; 0 when nobody answers in time."""
    return (await fetch(port, path))[0]


async def fetch(port: int, path: str, timeout: float = 2.0) -> tuple[int, bytes]:
    """Status and body of the answer; (0, empty) when nobody answers in time."""
    with suppress(OSError, TimeoutError, ValueError, IndexError):
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
                head, _, body = (await reader.read()).partition(b"\r\n\r\n")
                return int(head.split()[1]), body
            finally:
                writer.close()
    return 0, b""
