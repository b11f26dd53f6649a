"""A client of a live feed that comes back: to the next address, from its last number, as docs/live-feeds.md asks."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any

import orjson
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

# Codes after which coming back with the same token and number makes no sense.
FINAL = {4400, 4401, 4403, 4404, 4409}
Seen = Callable[[dict[str, Any]], None]


class Follower:
    """`numbers` is everything numbered that it was told after `first`, in order; `lines` counts its connections."""

    def __init__(self, addresses: Sequence[str], path: str, token: str, seen: Seen | None = None) -> None:
        self._addresses = [address.replace("http", "ws", 1) for address in addresses]
        self._path = path
        self._headers = {"Authorization": f"Bearer {token}"}
        self._seen = seen
        self._grown = asyncio.Event()
        self.first = 0
        self.last: int | None = None
        self.numbers: list[int] = []
        self.lines = 0
        self.opened = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled, or closed for good."""
        turn = 0
        while True:
            after = "" if self.last is None else f"?after_sequence={self.last}"
            address = self._addresses[turn % len(self._addresses)] + self._path + after
            try:
                async with connect(
                    address, additional_headers=self._headers, compression=None, max_queue=None
                ) as socket:
                    self.lines += 1
                    await self._listen(socket)
            except ConnectionClosed as closed:
                if closed.rcvd is not None and closed.rcvd.code in FINAL:
                    raise
            except (OSError, InvalidHandshake):
                pass
            turn += 1
            await asyncio.sleep(0.05 + random.random() * 0.2)

    async def _listen(self, socket: Any) -> None:
        while True:
            self._hear(orjson.loads(await socket.recv()))

    def _hear(self, said: dict[str, Any]) -> None:
        match said["type"]:
            case "snapshot" | "ready" | "resumed":
                if self.last is None:
                    self.first = said["sequence"]
                    self.last = self.first
                self.opened.set()
            case "changes":
                self.numbers += [change["sequence"] for change in said["changes"]]
                self.last = said["sequence"]
            case "entry":
                self.numbers.append(said["sequence"])
                self.last = said["sequence"]
            case _:
                return
        self._grown.set()
        if self._seen is not None:
            self._seen(said)

    async def until(self, number: int) -> None:
        """It was told everything up to that number."""
        while (self.last or 0) < number:
            self._grown.clear()
            await self._grown.wait()

    @property
    def missed_or_doubled(self) -> list[int]:
        """Nothing, for the feed of a sheet, whose numbers have no gaps for anybody."""
        expected = list(range(self.first + 1, (self.last or 0) + 1))
        return [] if self.numbers == expected else sorted(set(expected) ^ set(self.numbers)) or self.numbers
