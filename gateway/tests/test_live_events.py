"""The same feeds as server-sent events, for who has plain HTTP only; and the rules of the edge for both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest
from commis.notifications.v1 import feed_pb2
from nats.aio.client import Client as NatsClient
from websockets.exceptions import InvalidStatus

from chassis.errors import Kind
from gateway.config import Settings

from .fakes import Services, refusal
from .livefakes import Backend, following, gateways, make_streams


@pytest.fixture
async def backend(services: Services, nats_client: NatsClient) -> Backend:
    await make_streams(nats_client)
    made = Backend(services, nats_client)
    made.begin()
    return made


@pytest.fixture
async def one(settings: Settings, backend: Backend, nats_url: str) -> AsyncIterator[tuple[str, Any]]:
    async with gateways(settings, 1, nats_url, rate_limit_per_minute=50) as (found,):
        yield found


@asynccontextmanager
async def events(
    address: str, path: str, token: str = "", **headers: str
) -> AsyncIterator[tuple[httpx.Response, AsyncIterator[dict[str, str]]]]:
    if token:
        headers["Authorization"] = f"Bearer {token}"
    async with (
        httpx.AsyncClient(base_url=f"http://{address}", timeout=15) as http,
        http.stream("GET", path, headers=headers) as answered,
    ):
        yield answered, _parsed(answered)


async def _parsed(answered: httpx.Response) -> AsyncIterator[dict[str, str]]:
    """The fields of each event, without comments."""
    found: dict[str, str] = {}
    async for line in answered.aiter_lines():
        name, _, value = line.partition(": ")
        if line and name:
            found[name] = value
        elif not line:
            if "event" in found:
                yield found
            found = {}


@pytest.mark.spec("N-11")
async def test_events_have_the_numbers_by_which_a_browser_comes_back(
    one: tuple[str, Any], backend: Backend
) -> None:
    path = f"/v1/shared-orders/{backend.order_id}/feed"
    async with events(one[0], path, backend.token()) as (answered, found):
        assert answered.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert answered.headers["cache-control"] == "no-store"
        first = await anext(found)
        assert (first["event"], first["id"]) == ("snapshot", "3")
        await backend.happen()
        said = await anext(found)
        while said["event"] == "presence":
            assert "id" not in said
            said = await anext(found)
        assert (said["event"], said["id"]) == ("changes", "4")
        assert orjson.loads(said["data"])["changes"][0]["sequence"] == 4
    await backend.happen(2)
    again = {"Last-Event-ID": "4"}
    async with events(one[0], path + "?ticket=one-time&after_sequence=1", **again) as (_, found):
        assert (await anext(found))["event"] == "resumed"
        assert [one["sequence"] for one in orjson.loads((await anext(found))["data"])["changes"]] == [5, 6]
        one[1]._stop()
        last = [said async for said in found][-1]
        assert (last["event"], orjson.loads(last["data"])["code"]) == ("close", 1012)


@pytest.mark.spec("M-04")
async def test_the_feed_of_an_account_reads_what_it_is_told_of(
    one: tuple[str, Any], backend: Backend
) -> None:
    backend.entries = [1, 2, 4]
    async with following(one[0], "/v1/feed", backend.token()) as client:
        assert (await client.next())["sequence"] == 4
        backend.entries += [5, 7, 8]
        event = feed_pb2.FeedAppended(entry={"sequence": 8})
        await backend.tell(f"commis.notifications.v1.feeds.{backend.account_id}", event)
        assert await client.numbers(8) == [5, 7, 8]
    async with following(one[0], "/v1/feed?after_sequence=2", backend.token()) as client:
        assert await client.numbers(8) == [2, 4, 5, 7, 8], "from the number that it had, said by `ready`"
    backend.hold("ListFeedEntries", after=4)
    async with following(one[0], "/v1/feed?after_sequence=1", backend.token()) as client:
        assert await client.numbers(4) == [1, 2, 4], "told before the rest was read"
        backend.go_on.set()
        assert await client.numbers(8) == [5, 7, 8]
    backend.refused["ListFeedEntries"] = refusal(Kind.FAILED_PRECONDITION, "FEED_GONE")
    async with following(one[0], "/v1/feed?after_sequence=2", backend.token()) as client:
        assert await client.closed() == 4409


@pytest.mark.spec("M-04", "N-11")
async def test_refusals_are_problems_before_anything_began(one: tuple[str, Any], backend: Backend) -> None:
    backend.refused["ListFeedEntries"] = refusal(Kind.FAILED_PRECONDITION, "FEED_GONE")
    tried = {
        ("/v1/feed", ""): (401, "UNAUTHENTICATED"),
        ("/v1/feed?ticket=used", ""): (401, "TICKET_NOT_VALID"),
        ("/v1/feed?after_sequence=1", backend.token()): (400, "FEED_GONE"),
        ("/v1/feed?after_sequence=x", backend.token()): (400, "INVALID_FIELDS"),
        ("/v1/feed?token=x", backend.token()): (400, "INVALID_FIELDS"),
    }
    for (path, token), (status, reason) in tried.items():
        async with events(one[0], path, token) as (answered, _):
            assert (answered.status_code, orjson.loads(await answered.aread())["reason"]) == (status, reason)
    for origin in ("https://evil.example", "http://[", "null"):
        async with events(one[0], "/v1/feed", backend.token(), Origin=origin) as (answered, _):
            assert answered.status_code == 403
    async with httpx.AsyncClient(base_url=f"http://{one[0]}") as http:
        headed = await http.head("/v1/feed", headers={"Authorization": f"Bearer {backend.token()}"})
        assert (headed.status_code, headed.headers["allow"]) == (405, "GET"), "it would never end"


@pytest.mark.spec("N-11")
async def test_the_edge_counts_and_limits_sockets_too(one: tuple[str, Any], backend: Backend) -> None:
    token = backend.token()

    async def open_many() -> None:
        for _ in range(60):
            async with following(one[0], "/v1/feed", token) as client:
                assert (await client.next())["type"] == "ready"

    with pytest.raises(InvalidStatus) as refused:
        await open_many()
    assert refused.value.response.status_code == 429
    assert refused.value.response.headers["x-request-id"]
    async with httpx.AsyncClient() as http:
        told = (await http.get(f"http://{one[0]}/metrics")).text
    assert 'feed_lines_closed_total{code="1000"}' in told
    assert "feed_lines 0.0" in told


@pytest.mark.spec("N-11")
async def test_a_message_too_large_or_too_many_end_the_line(one: tuple[str, Any], backend: Backend) -> None:
    async with following(one[0], "/v1/feed", backend.token()) as client:
        await client.next()
        await client.socket.send("x" * 5000)
        assert await client.closed() == 1009
    async with following(one[0], "/v1/feed", backend.token()) as client:
        await client.next()
        for _ in range(100):
            await client.socket.send('{"type":"presence"}')
        assert await client.closed() == 4429


@pytest.mark.spec("N-11")
async def test_what_was_missed_is_sent_page_by_page(one: tuple[str, Any], backend: Backend) -> None:
    """A reader that is far behind gets on even when the rest takes long, or cannot be had."""
    path = f"/v1/shared-orders/{backend.order_id}/feed?after_sequence=1"
    backend.revision = 403
    backend.hold("ListSheetChanges", after=201)
    async with following(one[0], path, backend.token()) as client:
        assert (await client.next())["type"] == "resumed"
        assert await client.numbers(201) == list(range(2, 202))
        await backend.happen()
        backend.go_on.set()
        assert await client.numbers(404) == list(range(202, 405))


@pytest.mark.spec("N-11")
async def test_a_gateway_that_stops_sends_its_clients_elsewhere(
    settings: Settings, backend: Backend, nats_url: str
) -> None:
    async with gateways(settings, 1, nats_url, feeds_per_caller=2) as ((address, made),):
        token = backend.token()
        async with (
            following(address, f"/v1/shared-orders/{backend.order_id}/feed", token) as one,
            following(address, "/v1/feed", token) as two_,
            following(address, "/v1/feed", token) as three,
        ):
            await one.next()
            assert (await two_.next())["type"] == "ready"
            assert (await three.next())["problem"]["reason"] == "TOO_MANY_FEEDS"
            assert await three.closed() == 4429
            made._stop()
            assert {await one.closed(), await two_.closed()} == {1012}
