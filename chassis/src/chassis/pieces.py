"""Rows as JSON in pieces of bounded size, however many there are and however long that takes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any
from uuid import UUID

LIMIT = 1024 * 1024
Send = Callable[[bytes, int, bool], Awaitable[None]]  # content, number from 1, whether it is the last


class JsonPieces:
    """`await pieces.add("lines", row)` for each row, then `await pieces.close()`. Each piece is an object of lists by
    section; the first has every one of `sections`, also the empty ones."""

    def __init__(self, send: Send, *sections: str, limit: int = LIMIT) -> None:
        self._send = send
        self._limit = limit
        self._rows: dict[str, list[str]] = {section: [] for section in sections}
        self._size = 0
        self._number = 1

    async def add(self, section: str, row: Mapping[str, Any] | str) -> None:
        """`row` may be JSON text already, as the database makes it with exact numbers."""
        text = row if isinstance(row, str) else json.dumps(dict(row), ensure_ascii=False, default=str)
        if self._size and self._size + len(text.encode()) > self._limit:
            await self._flush(last=False)
        self._rows.setdefault(section, []).append(text)
        self._size += len(text.encode())

    async def close(self) -> None:
        await self._flush(last=True)

    async def _flush(self, *, last: bool) -> None:
        lists = (f"{json.dumps(name)}: [{', '.join(rows)}]" for name, rows in self._rows.items())
        await self._send(("{" + ",\n".join(lists) + "}\n").encode(), self._number, last)
        self._rows, self._size, self._number = {}, 0, self._number + 1


class Collecting:
    """A delivery of an event may take seconds only: long work goes on, and the next delivery waits for its end."""

    def __init__(self) -> None:
        self._tasks: dict[UUID, asyncio.Task[None]] = {}

    async def run(self, key: UUID, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Starts `work` unless it is under way. Raises what it raises, once; after that it starts anew."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(work())
        try:
            await asyncio.shield(task)
        finally:
            if task.done():
                self._tasks.pop(key, None)
