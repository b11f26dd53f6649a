"""A shared order as one side sees it, live: server-sent events over the public API."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from local.demo.api import Api, Json
from local.demo.show import more, step

_SECONDS = 20.0


class View:
    """What the feed told so far: the sheet's colour and that of each line, with icon and word."""

    def __init__(self, who: str) -> None:
        self._who = who
        self._moved = asyncio.Condition()
        self._status: Json = {}
        self._lines: dict[str, Json] = {}
        self.revision = 0
        self.state = ""

    async def told(self, message: Json) -> None:
        """Take in one message of the feed."""
        whole = message.get("shared_order")
        async with self._moved:
            if whole is not None:
                self._lines = {line["id"]: line for line in whole["lines"]}
                self._status, self.state = whole["status"], whole["state"]
                self.revision = int(whole["revision"])
            elif message["type"] == "changes":
                self._lines |= {line["id"]: line for line in message["lines"] or []}
                self._status = message["status"] or self._status
                self.state = message["state"] or self.state
                self.revision = int(message["sequence"])
            self._moved.notify_all()

    async def at(self, revision: int) -> None:
        """Wait until the feed has told this revision; TimeoutError after 20 s."""
        async with asyncio.timeout(_SECONDS), self._moved:
            await self._moved.wait_for(lambda: self.revision >= revision)

    def show(self) -> None:
        """The colours as this side sees them now."""
        step(f"{self._who} sees", _worded(self._status))
        for line in sorted(self._lines.values(), key=lambda line: int(line["position"])):
            terms = line["current"]
            price = terms["unit_price"]["amount"]
            offered = f"{terms['quantity']} × {terms['sku']} at {price}"
            mark = f", {terms['mark'].lower()}" if terms["mark"] not in ("NONE", None) else ""
            more(f"line {line['position']}: {_worded(line['status'])}: {offered}{mark}")


@asynccontextmanager
async def watching(api: Api, order_id: str, who: str) -> AsyncIterator[View]:
    """Follow a shared order on a line of its own, from its snapshot on, until the block ends. Raises Refused."""
    view = View(who)
    following = asyncio.create_task(_follow(api, order_id, view))
    beginning = asyncio.create_task(view.at(1))
    try:
        await asyncio.wait((following, beginning), return_when=asyncio.FIRST_COMPLETED)
        if following.done():
            following.result()
        await beginning
        yield view
    finally:
        beginning.cancel()
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


async def _follow(api: Api, order_id: str, view: View) -> None:
    async for event in api.events(f"/v1/shared-orders/{order_id}/feed"):
        await view.told(json.loads(event))


def _worded(status: Json) -> str:
    """Never the colour alone."""
    return f"{status['colour'].lower()} [{status['icon']}] {status['word']}"
