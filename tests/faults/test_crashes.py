"""kill -9 in the middle of placing, at named points: nothing is left over, lost or doubled."""

import asyncio
import datetime
import os
import sys
import uuid

import httpx
import nats
import pytest

from local.suite import Suite
from tests.api import Api, Json, Refused
from tests.faults.checks import all_is_well, eventually
from tests.world import World

# (the process that reaches the point, the point, the process that dies there)
POINTS = [
    ("orders", "place_after_claim", "orders"),
    ("orders", "place_after_holds", "orders"),
    ("orders", "place_before_commit", "orders"),
    ("orders", "place_after_commit", "orders"),
    ("orders", "relay.before_publish", "orders"),
    ("orders", "relay.after_publish_before_mark", "orders"),
    ("catalog", "reserve_before_commit", "catalog"),
    ("catalog", "reserve_after_commit", "catalog"),
    ("catalog", "consumer.before_commit", "catalog"),
    ("catalog", "consumer.after_commit_before_ack", "catalog"),
    ("notifications", "consumer.after_commit_before_ack", "notifications"),
    ("orders", "place_after_claim", "postgres"),
    ("orders", "place_after_holds", "postgres"),
    ("orders", "place_before_commit", "postgres"),
    ("orders", "place_after_commit", "postgres"),
    ("orders", "place_after_holds", "nats"),
    ("orders", "place_after_commit", "nats"),
    ("orders", "relay.before_publish", "nats"),
]


async def draft_until_made(world: World, session: Api, basket: list[tuple[str, int]]) -> Json:
    """Who was restarted a moment ago may still be out of reach for its callers: they are told to try again."""
    for _ in range(50):
        try:
            return await world.sheet(session, *basket)
        except Refused as refused:
            if refused.response.status_code != 503:
                raise
        await asyncio.sleep(0.2)
    pytest.fail("no draft within ten seconds")


async def place_until_answered(session: Api, order: Json, terms: Json, retry: bool) -> httpx.Response | None:
    """One client: it repeats a lost answer with the same key, or gives up at once (then None)."""
    key = str(uuid.uuid4())
    for _ in range(150):
        try:
            answer = await session.place(order["id"], terms, key=key)
        except httpx.TransportError:
            answer = None
        if answer is not None and answer.status_code < 500 and answer.status_code not in {409, 429}:
            return answer
        if not retry:
            return None
        await asyncio.sleep(0.4)
    pytest.fail("no final answer within a minute")


@pytest.mark.spec("O-21", "C-21", "M-02", "M-05")
@pytest.mark.parametrize(("reaches", "point", "dies"), POINTS, ids=str)
async def test_killed_at_a_named_point(
    suite: Suite, world: World, reaches: str, point: str, dies: str
) -> None:
    session = await world.ordering(world.accounts[0])
    basket = [(world.skus[n], n + 1) for n in range(3)]
    drafts = [await draft_until_made(world, session, basket) for _ in range(8)]
    suite.env[reaches]["COMMIS_CRASH_AT"] = point
    if dies != reaches:
        suite.env[reaches]["COMMIS_CRASH_PID"] = str(suite.pid(dies))
    await suite.restart(reaches)
    clients = [
        asyncio.create_task(place_until_answered(session, draft, world.terms, retry=number % 4 != 3))
        for number, draft in enumerate(drafts)
    ]
    await asyncio.wait_for(suite.wait(dies), 30)
    suite.env[reaches].pop("COMMIS_CRASH_AT")
    suite.env[reaches].pop("COMMIS_CRASH_PID", None)
    await suite.start(dies)
    if dies != reaches:
        await suite.restart(reaches)
    answers = await asyncio.gather(*clients)
    for number, (draft, answer) in enumerate(zip(drafts, answers, strict=True)):
        if number % 4 != 3:
            assert answer is not None
            assert answer.status_code == 200, answer.text
            assert (await session.get(f"/v1/orders/{draft['id']}"))["state"] == "PLACED"
    await all_is_well(suite, world)


@pytest.mark.spec("M-05")
async def test_orders_are_placed_while_the_broker_is_away(suite: Suite, world: World) -> None:
    session = await world.ordering(world.accounts[1])
    await suite.kill("nats")
    try:
        for _ in range(3):
            draft = await world.sheet(session, (world.skus[5], 1))
            answer = await session.place(draft["id"], world.terms)
            assert answer.status_code == 200, answer.text
    finally:
        await suite.start("nats")
    await all_is_well(suite, world)


@pytest.mark.spec("M-05")
async def test_a_rolling_restart_loses_nothing(suite: Suite, world: World) -> None:
    session = await world.ordering(world.accounts[1])
    stop = asyncio.Event()
    placed: list[str] = []

    async def order_on() -> None:
        while not stop.is_set():
            draft = None
            while draft is None:
                try:
                    draft = await world.sheet(session, (world.skus[6], 1), (world.skus[7], 2))
                except (httpx.TransportError, AssertionError):
                    await asyncio.sleep(0.2)
            answer = await place_until_answered(session, draft, world.terms, retry=True)
            assert answer is not None
            assert answer.status_code == 200, answer.text
            placed.append(draft["id"])

    clients = [asyncio.create_task(order_on()) for _ in range(3)]
    for part in (*suite.services, "gateway"):
        await suite.restart(part)
        await asyncio.sleep(0.3)
    stop.set()
    await asyncio.gather(*clients)
    assert len(placed) > 3
    for order_id in placed:
        assert (await session.get(f"/v1/orders/{order_id}"))["state"] == "PLACED"
    await all_is_well(suite, world)


@pytest.mark.spec("M-05")
async def test_an_emptied_stream_is_filled_again_from_the_outbox(suite: Suite, world: World) -> None:
    before = datetime.datetime.now(datetime.UTC)
    session = await world.ordering(world.accounts[1])
    draft = await world.sheet(session, (world.skus[8], 2))
    assert (await session.place(draft["id"], world.terms)).status_code == 200
    await all_is_well(suite, world)
    connection = await nats.connect(suite.nats_url)
    await connection.jetstream().delete_stream("COMMIS_ORDERS")
    await connection.close()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "orders", "reconcile", "--since", before.isoformat(),
        env={**os.environ, **suite._environment("orders")},
    )  # fmt: skip
    assert await process.wait() == 0
    after = await world.sheet(session, (world.skus[8], 1))

    async def works_again() -> None:
        answer = await session.place(after["id"], world.terms)
        assert answer.status_code == 200 or answer.json()["reason"] == "ORDER_STATE", answer.text

    await eventually(works_again)
    await all_is_well(suite, world)
