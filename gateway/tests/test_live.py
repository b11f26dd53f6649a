"""Live feeds over real WebSockets, a real broker, and two gateways."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from commis.customers.v1 import events_pb2 as customers
from commis.orders.v1 import shared_orders_pb2 as pb
from nats.aio.client import Client as NatsClient
from websockets.exceptions import ConnectionClosed, InvalidStatus

from chassis.errors import Kind
from chassis.ids import new_id
from gateway.config import Settings
from gateway.live import line as lines

from .fakes import Services, refusal
from .livefakes import Backend, feeds_ready, following, gateways, make_streams

PERSON = "0199f3c2-6f00-7cc1-8d55-2f0b7a1c9e02"


@pytest.fixture
async def backend(services: Services, nats_client: NatsClient) -> Backend:
    await make_streams(nats_client)
    made = Backend(services, nats_client)
    made.begin()
    return made


@pytest.fixture
async def two(settings: Settings, backend: Backend, nats_url: str) -> AsyncIterator[list[str]]:
    async with gateways(settings, 2, nats_url, cors_origins="https://shop.example") as found:
        yield [address for address, _ in found]


def sheet(backend: Backend, query: str = "") -> str:
    return f"/v1/shared-orders/{backend.order_id}/feed{query}"


@pytest.mark.spec("N-06", "N-11")
async def test_a_snapshot_and_then_numbered_changes_as_the_own_side_sees_them(
    two: list[str], backend: Backend
) -> None:
    async with following(two[0], sheet(backend), backend.token()) as vendor:
        first = await vendor.next()
        assert (first["type"], first["sequence"], first["shared_order"]["revision"]) == ("snapshot", 3, 3)
        backend.side = pb.SIDE_CUSTOMER
        async with following(two[1], sheet(backend, "?ticket=one-time")) as customer:
            assert (await customer.next())["shared_order"]["side"] == "CUSTOMER"
            await backend.happen(2)
            for client, side in ((vendor, "vendor's"), (customer, "customer's")):
                said = await client.next()
                assert (said["type"], said["sequence"]) == ("changes", 5)
                assert [one["sequence"] for one in said["changes"]] == [4, 5]
                assert [one["line_reference"] for one in said["lines"]] == [side]
            await backend.happen(visible_to=pb.SIDE_VENDOR)
            await backend.happen(visible_to=pb.SIDE_UNSPECIFIED)
            assert await vendor.numbers(7) == [6, 7]


@pytest.mark.spec("N-11")
async def test_a_client_resumes_at_the_other_gateway_and_misses_nothing(
    two: list[str], backend: Backend
) -> None:
    async with following(two[0], sheet(backend), backend.token()) as client:
        await client.next()
        await backend.happen()
        assert await client.numbers(4) == [4]
    await backend.happen(300)
    await backend.happen()
    async with following(two[1], sheet(backend, "?after_sequence=4"), backend.token()) as client:
        resumed = await client.next()
        assert (resumed["type"], resumed["sequence"]) == ("resumed", 4)
        await backend.happen()
        assert await client.numbers(306) == list(range(5, 307))
    async with following(two[1], sheet(backend, "?after_sequence=999"), backend.token()) as client:
        assert (await client.next())["problem"]["reason"] == "SHEET_GONE"
        assert await client.closed() == 4409


@pytest.mark.spec("N-11")
async def test_what_the_stream_lost_is_read_from_the_log_and_nothing_comes_twice(
    two: list[str], backend: Backend
) -> None:
    async with following(two[0], sheet(backend), backend.token()) as client:
        await client.next()
        await backend.happen(publish=False)
        await backend.happen()
        assert await client.numbers(5) == [4, 5]
        await backend.publish(4, 4)
        await backend.publish(5, 5)
        await backend.happen()
        assert await client.numbers(6) == [6]
        await backend.nats.jetstream().purge_stream("COMMIS_ORDERS")
        await backend.happen(publish=False)
        await backend.happen()
        assert await client.numbers(8) == [7, 8]
        backend.revision = 9
        await backend.publish(9, 9, partial=True)
        said = await client.next()
        assert (said["sequence"], said["shared_order"]["revision"], said["lines"]) == (9, 9, None)


@pytest.mark.spec("N-11")
async def test_who_else_is_looking_and_where(two: list[str], backend: Backend) -> None:
    line_id = "0199f3c2-6f00-7cc1-8d55-2f0b7a1c9e01"
    async with following(two[0], sheet(backend), backend.token()) as one:
        mine = (await one.next())["viewer"]
        async with following(two[1], sheet(backend), backend.token()) as other:
            await other.next()
            await other.socket.send(f'{{"type":"presence","line_id":"{line_id}"}}')
            while {viewer["line_id"] for viewer in one.presence} != {None, line_id}:
                await one.next("presence")
            assert {viewer["name"] for viewer in one.presence} == {"Lies Peeters"}
            assert {viewer["kind"] for viewer in one.presence} == {"PERSON"}
            while mine not in {viewer["viewer"] for viewer in other.presence}:
                await other.next("presence")
        while len(one.presence) != 1:
            await one.next("presence")
        asked = [call.rpc for call in backend.services.calls].count("GetSession")
        async with following(two[0], sheet(backend), backend.token(person=PERSON)) as third:
            await third.next()
        async with following(two[0], sheet(backend), backend.token(person=PERSON)) as third:
            await third.next()
        assert [call.rpc for call in backend.services.calls].count("GetSession") == asked + 1
        await one.socket.send('{"type":"presence","line_id":"<script>"}')
        assert await one.closed() == 4400


@pytest.mark.spec("N-11", "A-21")
async def test_a_line_ends_with_its_session_its_token_and_its_rights(
    two: list[str], backend: Backend
) -> None:
    subject = "commis.customers.v1."
    async with following(two[0], sheet(backend), backend.token()) as client:
        await client.next()
        await backend.tell(
            subject + "sessions_ended", customers.SessionsEnded(session_ids=[backend.session_id])
        )
        assert await client.closed() == 4401
    async with following(
        two[0], sheet(backend), backend.token()
    ) as client:  # the token is good for a while yet
        assert (await client.next())["problem"]["reason"] == "SESSION_ENDED"
        assert await client.closed() == 4401
    backend.session_id = str(new_id())
    async with following(two[0], sheet(backend), backend.token(lifetime=1)) as client:
        assert await client.closed() == 4401
    for fact, event in (
        ("account_unassigned", customers.AccountUnassigned(representative_id=PERSON)),
        ("member_updated", customers.MemberUpdated(person_id=PERSON)),
        ("member_removed", customers.MemberRemoved(person_id=PERSON)),
    ):
        backend.refused.clear()
        async with following(two[1], sheet(backend), backend.token(person=PERSON)) as client:
            await client.next()
            backend.refused["ListSheetChanges"] = refusal(Kind.NOT_FOUND, "SHARED_ORDER_NOT_FOUND")
            await backend.tell(subject + fact, event)
            assert await client.closed() == 4404


@pytest.mark.spec("N-11", "A-12")
async def test_who_may_not_is_told_why(two: list[str], backend: Backend) -> None:
    for query, token, code in (("", "", 4401), ("?ticket=used", "", 4401), ("", "nonsense.at.all", 4401)):
        async with following(two[0], sheet(backend, query), token) as client:
            assert (await client.next())["type"] == "problem"
            assert await client.closed() == code
    backend.refused["GetSharedOrder"] = refusal(Kind.NOT_FOUND, "SHARED_ORDER_NOT_FOUND")
    for path in (sheet(backend), "/v1/shared-orders/7/feed"):
        async with following(two[0], path, backend.token()) as client:
            assert (await client.next())["problem"]["reason"] == "SHARED_ORDER_NOT_FOUND"
            assert await client.closed() == 4404
    async with following(two[0], sheet(backend, "?after_sequence=-1&x=1"), backend.token()) as client:
        fields = {one["field"] for one in (await client.next())["problem"]["violations"]}
        assert (fields, await client.closed()) == ({"after_sequence", "x"}, 4400)
    own = ("https://shop.example", f"http://{two[0]}")
    for origin in ("https://evil.example", "http://[", "null", *own):
        backend.refused.clear()
        if origin in own:
            async with following(two[0], sheet(backend), backend.token(), origin=origin) as client:
                assert (await client.next())["type"] == "snapshot"
        else:
            with pytest.raises(InvalidStatus) as refused:
                async with following(two[0], sheet(backend), backend.token(), origin=origin):
                    pass
            assert refused.value.response.status_code == 403


@pytest.mark.spec("N-11")
async def test_a_slow_reader_is_sent_off_and_others_are_not(
    two: list[str], backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "QUEUE", 8)
    async with (
        following(two[0], sheet(backend), backend.token(), max_queue=1) as slow,
        following(two[0], sheet(backend), backend.token()) as quick,
    ):
        await quick.next()
        reading = asyncio.create_task(quick.numbers(203))
        await slow.next()
        for _ in range(200):
            padding = [{"id": "x", "note": "n" * 60_000}]
            await backend.happen(vendor_lines=padding)
        assert await asyncio.wait_for(reading, 60) == list(range(4, 204))
        with suppress(ConnectionClosed):
            while True:
                await slow.next()
        assert await slow.closed() in {4408, 1006}, "told why if it reads on in time, else cut off"


@pytest.mark.spec("N-11", "N-06")
async def test_the_broker_may_be_away(
    settings: Settings, backend: Backend, nats_server: Any, nats_url: str
) -> None:
    async with (
        gateways(settings, 1, nats_url) as ((address, _),),
        following(address, sheet(backend), backend.token()) as client,
    ):
        await client.next()
        nats_server.kill()
        await feeds_ready(address, "away")
        await backend.happen(publish=False)
        async with following(address, sheet(backend), backend.token()) as other:
            assert (await other.next())["problem"]["reason"] == "FEEDS_UNAVAILABLE"
            assert await other.closed() == 1013
        nats_server.start()
        await feeds_ready(address)
        await backend.happen()
        assert await client.numbers(5) == [4, 5]
