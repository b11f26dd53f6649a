"""The live view of the demonstration."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from local.demo.api import Refused
from local.demo.live import watching


class Feed:
    """Says `said`, and then nothing for ever; without anything to say it refuses."""

    def __init__(self, *said: str) -> None:
        self._said = said

    async def events(self, _path: str) -> AsyncIterator[str]:
        if not self._said:
            asked = httpx.Request("GET", "http://gateway/v1/feed")
            raise Refused(httpx.Response(404, json={"reason": "SHARED_ORDER_NOT_FOUND"}, request=asked))
        for each in self._said:
            yield each
        await asyncio.Event().wait()


async def watch(feed: Any) -> int:
    async with asyncio.timeout(5), watching(feed, "7", "vendor") as view:
        return view.revision


async def test_a_refusal_is_told_at_once() -> None:
    with pytest.raises(Refused):
        await watch(Feed())


async def test_a_view_begins_with_the_snapshot() -> None:
    snapshot = '{"shared_order": {"lines": [], "status": {}, "state": "NEGOTIATING", "revision": "3"}}'
    assert await watch(Feed(snapshot)) == 3
