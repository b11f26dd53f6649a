"""Lines of feeds without a network: who may join, what is kept for them, and what they are told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from commis.notifications.v1 import feed_pb2

from gateway.exchange import Exchange
from gateway.live.entering import check_origin
from gateway.live.feeds import AccountFeed
from gateway.live.hub import Beat, Check, Hub, Limits
from gateway.live.line import Caller, Line
from gateway.problems import Problem


def a_line(topic: str = "t", expires: float = 1e12) -> Line:
    return Line(Caller("token", "somebody", "session", "PERSON", "7", None, expires), topic)


@pytest.mark.spec("N-11")
async def test_heartbeats_come_every_fifteen_seconds_and_tokens_run_out() -> None:
    now = 1000.0
    hub = Hub(Limits(10, 10, 60), clock=lambda: now)
    steady, short = a_line(), a_line(expires=1010)
    hub.join(steady)
    hub.join(short)
    for _ in range(60):
        now += 1
        hub.tick()
    told = [type(await asyncio.wait_for(steady.next(), 1)) for _ in range(5)]
    assert (told.count(Beat), told.count(Check)) == (4, 1)
    assert short.closing is not None
    assert short.closing.code == 4401


@pytest.mark.spec("N-11")
def test_no_more_lines_than_the_process_takes() -> None:
    hub = Hub(Limits(10, 2, 60))
    first = a_line()
    hub.join(first)
    hub.join(a_line())
    with pytest.raises(Problem) as refused:
        hub.join(a_line())
    assert refused.value.status == 503
    hub.leave(first)
    hub.join(a_line())


@pytest.mark.spec("N-11")
async def test_of_news_that_nobody_took_yet_the_last_is_enough() -> None:
    hub = Hub(Limits(10, 10, 60))
    line = a_line()
    hub.join(line)
    for number in range(1, 1001):
        hub.notice("t", number)
    line.offer(Beat())
    assert line.closing is None
    assert isinstance(await asyncio.wait_for(line.next(), 1), Beat)
    assert await asyncio.wait_for(line.next(), 1) == 1000


@pytest.mark.spec("N-11", "A-21")
def test_a_session_that_ended_joins_no_more_while_its_token_lives() -> None:
    """Also when it ended while the line was being opened."""
    hub = Hub(Limits(10, 10, 60))
    hub.end_sessions(["session", "other"])
    with pytest.raises(Problem) as refused:
        hub.join(a_line())
    assert (refused.value.status, refused.value.reason) == (401, "SESSION_ENDED")
    for _ in range(601):
        hub.tick()
    hub.join(a_line())


def test_without_a_host_no_origin_is_the_own_one() -> None:
    headers = [(b"host", b""), (b"origin", b"null")]
    scope = {"raw_path": b"/v1/feed", "query_string": b"", "client": ("127.0.0.1", 1), "headers": headers}
    with pytest.raises(Problem):
        check_origin(Exchange(scope), ())


@pytest.mark.spec("M-04", "N-11")
async def test_who_may_see_nothing_of_much_hears_that_the_line_is_alive() -> None:
    class Ask:
        async def first(self, _method: Any, request: Any) -> feed_pb2.ListFeedEntriesResponse:
            after = request.after_sequence
            return feed_pb2.ListFeedEntriesResponse(last_sequence=after + 200, more=after < 400)

        later = first

    feed = AccountFeed(a_line(), Ask())  # type: ignore[arg-type]
    begun = [(message.kind, message.sequence) for message in await feed.open(0)]
    assert begun == [("ready", 0), ("heartbeat", 200)]
    following = feed.follow()
    assert (await anext(following)).sequence == 400
    feed.line.notice(700)
    feed.line.offer(Beat())
    assert ((await anext(following)).sequence, feed._more) == (600, False)
