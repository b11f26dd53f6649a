"""Who follows payments waits between its looks, whatever comes of them."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from orders.payments import following


@pytest.mark.spec("O-22")
async def test_while_the_database_is_away_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when it was away in the middle of a round of unpaid orders."""
    looks = 0

    async def away(*_: Any) -> int:
        nonlocal looks
        looks += 1
        raise ConnectionError

    monkeypatch.setattr(following, "follow", away)
    nobody: Any = SimpleNamespace(wake=asyncio.Event())
    follower = following.Follower(nobody, nobody)
    monkeypatch.setattr(follower._unpaid, "more", True, raising=False)

    running = asyncio.create_task(follower.run())
    for _ in range(20):
        await asyncio.sleep(0)
    seen = looks
    await follower.stop()
    await running

    assert seen == 1
