"""A GET request that only wants to know the status: what waiting for readiness needs, without a client."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from local.ports import HOST


async def status_of(port: int, path: str, timeout: float = 2.0) -> int:
    """The HTTP status that this machine answers on ``port``; 0 when nobody answers in time."""
    with suppress(OSError, TimeoutError, ValueError, IndexError):
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
                line = await reader.readline()
                return int(line.split()[1])
            finally:
                writer.close()
    return 0
