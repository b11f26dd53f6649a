"""A gateway dies under its clients: they go on at the other one, and were told everything once."""

import asyncio

import grpc
import pytest

from bench.live_world import Sheets
from local.ports import HOST
from local.suite import Suite
from tests.cast import as_customer
from tests.faults.checks import eventually
from tests.follower import Follower
from tests.world import World, activate


@pytest.mark.spec("M-04", "N-11")
async def test_clients_of_a_dead_gateway_go_on_at_the_other(suite: Suite, world: World) -> None:
    account = world.accounts[0]
    await activate(world.api, world.mailbox, account["email"])
    customer = await as_customer(world, account["email"])
    session = await world.ordering(account)
    both = [suite.gateway_url, f"http://{HOST}:{suite.ports.gateway2}"]
    here = [Follower(both, "/v1/feed", customer.token) for _ in range(10)]
    there = [Follower(both[::-1], "/v1/feed", customer.token) for _ in range(10)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one.run()) for one in (*here, *there)]
        await asyncio.gather(*(one.opened.wait() for one in (*here, *there)))
        other = session.elsewhere(both[1])
        for number in range(12):
            order = await world.sheet(other, (world.skus[number], 1))
            assert (await other.place(order["id"], world.terms)).status_code == 200
            if number == 5:
                await suite.kill("gateway")
        await suite.start("gateway")

        async def all_told() -> None:
            page = await customer.get("/v1/feed-entries", after_sequence=here[0].first, page_size=200)
            assert sum(one["type"] == "order.placed" for one in page["items"]) == 12
            wanted = [one["sequence"] for one in page["items"]]
            for one in (*here, *there):
                assert one.numbers == wanted

        await eventually(all_told)
        for task in tasks:
            task.cancel()
    await other.close()
    assert {one.lines for one in here} == {2}
    assert {one.lines for one in there} == {1}


@pytest.mark.spec("N-06", "N-11")
async def test_shared_orders_go_on_at_the_other_gateway_while_they_change(suite: Suite, world: World) -> None:
    account = world.accounts[1]
    await activate(world.api, world.mailbox, account["email"])
    customer = await as_customer(world, account["email"])
    vendor = (await world.ordering(account)).token
    async with grpc.aio.insecure_channel(suite.grpc_target("orders")) as channel:
        made = Sheets(world, channel)
        sheets = [await made.start(number, account["id"], vendor, customer.token) for number in range(4)]
        both = [suite.gateway_url, f"http://{HOST}:{suite.ports.gateway2}"]
        found = {
            sheet.order_id: [
                Follower(addresses, f"/v1/shared-orders/{sheet.order_id}/feed", token)
                for addresses in (both, both[::-1])
                for token in (sheet.vendor_token, sheet.customer_token)
            ]
            for sheet in sheets
        }
        everybody = [one for several in found.values() for one in several]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one.run()) for one in everybody]
            await asyncio.gather(*(one.opened.wait() for one in everybody))
            for number in range(24):
                await made.change(sheets[number % 4], 2 + number % 5)
                if number == 11:
                    await suite.kill("gateway")
            for sheet in sheets:
                await asyncio.gather(*(one.until(sheet.revision) for one in found[sheet.order_id]))
            await suite.start("gateway")
            for task in tasks:
                task.cancel()
    assert not [one for one in everybody if one.missed_or_doubled]
    assert {len(one.numbers) for one in everybody} == {6}
    assert sorted({one.lines for one in everybody}) == [1, 2]
