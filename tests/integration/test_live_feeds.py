"""What happens in an account reaches those who may see it while it happens, over both transports, and ends with the
session: the story of an order through the public API."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.api import Api, Json
from tests.cast import as_customer, invite
from tests.world import World, activate

SECONDS = 20


class Feed:
    """One open WebSocket: its numbered messages, in their order."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def next(self, *kinds: str) -> Json:
        async with asyncio.timeout(SECONDS):
            while True:
                said: Json = json.loads(await self.socket.recv())
                if said["type"] in kinds:
                    return said

    async def entry(self, kind: str) -> Json:
        """The next entry of that type."""
        async with asyncio.timeout(SECONDS):
            while True:
                entry: Json = (await self.next("entry"))["entry"]
                if entry["type"] == kind:
                    return entry

    async def closed(self) -> int:
        async with asyncio.timeout(SECONDS):
            await self.socket.wait_closed()
        return self.socket.close_code or 0


@contextlib.asynccontextmanager
async def follow(api: Api, path: str, **query: Any) -> AsyncIterator[Feed]:
    """With a ticket, as a page does it."""
    ticket = (await api.post("/v1/feed-tickets"))["ticket"]
    address = httpx.URL(api.base_url.replace("http", "ws", 1) + path, params={"ticket": ticket, **query})
    async with connect(str(address)) as socket:
        yield Feed(socket)


@pytest.mark.spec("M-04", "N-11")
async def test_an_order_is_told_while_it_happens_to_those_who_may_see_it(world: World) -> None:
    account = world.accounts[0]
    await activate(world.api, world.mailbox, account["email"])
    administrator = await as_customer(world, account["email"])
    await invite(world, account, "follower@shops.example", "USER")
    user = await as_customer(world, "follower@shops.example")
    session = await world.ordering(account)
    async with (
        follow(administrator, "/v1/feed") as all_of_it,
        follow(user, "/v1/feed") as own,
        follow(session, "/v1/feed") as rep_s,
    ):
        begun = [(await feed.next("ready"))["sequence"] for feed in (all_of_it, own, rep_s)]
        foreign = await world.sheet(session, (world.skus[40], 1))
        assert (await session.place(foreign["id"], world.terms)).status_code == 200
        order = await world.sheet(user, (world.skus[41], 1))
        assert (await user.place(order["id"], world.terms)).status_code == 200
        for feed, expected in ((all_of_it, foreign), (rep_s, foreign), (own, order)):
            assert (await feed.entry("order.placed"))["order_id"] == expected["id"]
        await world.admin.post(f"/v1/orders/{order['id']}:cancel", {"reason": "x"})
        for feed in (all_of_it, own):
            assert (await feed.entry("order.cancelled"))["order_id"] == order["id"]
    # Whoever was away reads on where it was, as a list or on a new line, and sees the same.
    page = await administrator.get("/v1/feed-entries", after_sequence=begun[0])
    placed = [one["order_id"] for one in page["items"] if one["type"] == "order.placed"]
    assert placed == [foreign["id"], order["id"]]
    async with follow(user, "/v1/feed", after_sequence=begun[1]) as again:
        assert (await again.entry("order.placed"))["order_id"] == order["id"]
    headers = {"Authorization": f"Bearer {administrator.token}", "Last-Event-ID": str(begun[0])}
    async with (
        httpx.AsyncClient(base_url=world.api.base_url, timeout=SECONDS) as http,
        http.stream("GET", "/v1/feed", headers=headers) as answered,
    ):
        async for line in answered.aiter_lines():
            if line.startswith("data: ") and foreign["id"] in line:
                break
        else:
            pytest.fail("the event did not come")


@pytest.mark.spec("N-11", "A-21", "A-13")
async def test_a_line_ends_when_its_right_ends(world: World) -> None:
    account = world.accounts[1]
    await activate(world.api, world.mailbox, account["email"])
    customer = await as_customer(world, account["email"])
    member = await invite(world, account, "leaver@shops.example", "USER")
    leaver = await as_customer(world, "leaver@shops.example")
    session = await world.ordering(account)
    rep = f"/v1/representatives/{world.rep.id}/accounts/{account['id']}"
    async with (
        follow(customer, "/v1/feed") as of_customer,
        follow(leaver, "/v1/feed") as of_leaver,
        follow(session, "/v1/feed") as of_rep,
    ):
        for feed in (of_customer, of_leaver, of_rep):
            await feed.next("ready")
        await customer.post("/v1/sessions:sign-out")
        assert await of_customer.closed() == 4401
        await world.admin.call("DELETE", f"/v1/accounts/{account['id']}/members/{member['id']}")
        assert await of_leaver.closed() == 4401
        await world.admin.call("DELETE", rep)
        assert await of_rep.closed() == 4401
    await world.admin.call("PUT", rep)


@pytest.mark.spec("N-11")
async def test_a_ticket_opens_one_line(world: World) -> None:
    session = await world.ordering(world.accounts[2])
    ticket = (await session.post("/v1/feed-tickets"))["ticket"]
    address = f"{world.api.base_url.replace('http', 'ws', 1)}/v1/feed?ticket={ticket}"
    async with connect(address) as first, connect(address) as second:
        assert (await Feed(first).next("ready"))["type"] == "ready"
        refused = await Feed(second).next("problem")
        assert refused["problem"]["reason"] == "TICKET_NOT_VALID"
        assert await Feed(second).closed() == 4401


@pytest.mark.spec("N-06", "N-11", "A-12")
async def test_both_sides_of_a_shared_order_see_each_change_with_their_own_eyes(world: World) -> None:
    account = world.accounts[3]
    await activate(world.api, world.mailbox, account["email"])
    customer = await as_customer(world, account["email"])
    vendor = await world.ordering(account)
    stranger = await world.ordering(world.foreign, world.other_rep)
    order = await world.sheet(vendor, (world.skus[42], 2))
    sheet = await vendor.post("/v1/shared-orders", {"order_id": order["id"]})
    path = f"/v1/shared-orders/{order['id']}"
    async with follow(vendor, path + "/feed") as of_vendor:
        assert (await of_vendor.next("snapshot"))["shared_order"]["status"]["colour"] == "GREY"
        for who in (customer, stranger):
            async with follow(who, path + "/feed") as early:
                assert await early.closed() == 4404, "it was not sent yet, or is none of theirs"
        await vendor.post(path + ":send", {})
        async with follow(customer, path + "/feed") as of_customer:
            seen = await of_customer.next("snapshot")
            assert seen["shared_order"]["side"] == "CUSTOMER"
            line = sheet["lines"][0]["id"]
            await of_customer.socket.send(json.dumps({"type": "presence", "line_id": line}))
            viewers = (await of_vendor.next("presence"))["viewers"]
            while line not in {viewer["line_id"] for viewer in viewers}:
                viewers = (await of_vendor.next("presence"))["viewers"]
            assert {viewer["side"] for viewer in viewers} == {"VENDOR", "CUSTOMER"}
            proposal = {"line_id": line, "quantity": 5}
            body = {"revision": seen["sequence"], "lines": [proposal]}
            await vendor.post(path + ":propose", body)
            for feed, colour in ((of_vendor, "YELLOW"), (of_customer, "RED")):
                said = await feed.next("changes")
                while "proposed" not in {change["kind"] for change in said["changes"]}:
                    said = await feed.next("changes")
                assert [one["status"]["colour"] for one in said["lines"]] == [colour]
                assert said["lines"][0]["current"]["quantity"] == 5
                assert said["waiting_for"] == "CUSTOMER"
