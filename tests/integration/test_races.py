"""Many at once: nothing is sold twice, nothing is ordered twice, nobody waits for ever."""

import asyncio
import collections
import random
import uuid

import pytest

from tests.api import Api, Json
from tests.world import World


async def all_orders(world: World, **filters: str) -> list[Json]:
    """Every order that staff see, page by page."""
    orders: list[Json] = []
    token = ""
    while True:
        page = await world.admin.get("/v1/orders", page_size=200, page_token=token, **filters)
        orders += page["items"]
        token = page["next_page_token"] or ""
        if not token:
            return orders


@pytest.mark.spec("C-21", "C-23", "O-20")
async def test_500_buyers_on_a_stock_of_100(world: World) -> None:
    sku = world.skus[30]
    await world.set_stock(sku, 100)
    session = await world.ordering(world.accounts[0])
    gate = asyncio.Semaphore(64)

    async def prepare() -> str:
        async with gate:
            return str((await world.sheet(session, (sku, 1)))["id"])

    ids = await asyncio.gather(*(prepare() for _ in range(500)))
    answers = await asyncio.gather(*(session.place(order_id, world.terms) for order_id in ids))
    statuses = collections.Counter(answer.status_code for answer in answers)
    assert statuses == {200: 100, 400: 400}, statuses
    for answer in answers:
        if answer.status_code == 400:
            problem = answer.json()
            assert problem["reason"] == "ORDER_NOT_PLACEABLE"
            assert [violation["reason"] for violation in problem["violations"]] == ["STOCK_SHORTAGE"]
            assert problem["violations"][0]["field"].startswith("lines[0]")
    level = await world.stock(sku)
    assert (level["on_hand_quantity"], level["reserved_quantity"], level["available_quantity"]) == (
        100,
        100,
        0,
    )


@pytest.mark.spec("O-21", "M-02")
async def test_50_identical_requests_are_one_order_and_one_mail(world: World) -> None:
    session = await world.ordering(world.accounts[2])
    order = await world.sheet(session, (world.skus[31], 1), (world.skus[32], 2))
    checkout = await session.get(f"/v1/orders/{order['id']}/checkout")
    key = str(uuid.uuid4())
    answers = await asyncio.gather(*(session.place(order["id"], checkout, key=key) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}, [a.text for a in answers if not a.is_success][
        :3
    ]
    assert len({answer.content for answer in answers}) == 1
    number = answers[0].json()["number"]
    await world.mailbox.wait_for(subject=number, count=2)
    await asyncio.sleep(1)
    mails = await world.mailbox.messages(subject=number)
    assert len([mail for mail in mails if "buyer2@shops.example" in mail["to"]]) == 1

    other_body = await session.send(
        "POST", f"/v1/orders/{order['id']}:place",
        json={"terms_version": "other", "terms_hash": checkout["terms_hash"]}, headers={"Idempotency-Key": key},
    )  # fmt: skip
    assert (other_body.status_code, other_body.json()["reason"]) == (422, "REQUEST_ID_REUSED")
    no_key = await session.send("POST", f"/v1/orders/{order['id']}:place", json=world.terms)
    assert no_key.status_code == 400
    again = await session.place(order["id"], checkout)
    assert again.json()["reason"] == "ORDER_STATE", again.text


@pytest.mark.spec("C-21")
async def test_lines_in_random_order_by_32_clients_never_deadlock(world: World) -> None:
    skus = world.skus[33:45]
    before = {sku: (await world.stock(sku))["reserved_quantity"] for sku in skus}
    session = await world.ordering(world.accounts[1])
    dice = random.Random(7)
    ordered: collections.Counter[str] = collections.Counter()

    async def client(baskets: list[list[tuple[str, int]]], api: Api) -> None:
        for basket in baskets:
            order = await world.sheet(api, *basket)
            answer = await api.place(order["id"], world.terms)
            assert answer.status_code == 200, answer.text
            for sku, quantity in basket:
                ordered[sku] += quantity

    plans = [
        [[(sku, dice.randint(1, 3)) for sku in dice.sample(skus, 5)] for _ in range(4)] for _ in range(32)
    ]
    await asyncio.gather(*(client(plan, session) for plan in plans))
    for sku in skus:
        assert (await world.stock(sku))["reserved_quantity"] - before[sku] == ordered[sku], sku


@pytest.mark.spec("O-35")
async def test_a_stale_version_is_refused_with_the_current_one(world: World) -> None:
    session = await world.ordering(world.accounts[0])
    order = await world.sheet(session, (world.skus[46], 1))
    path = f"/v1/orders/{order['id']}"
    stale = order["etag"]
    changed = await session.call("PATCH", path, {"note": "first"}, headers={"If-Match": stale})
    refused = await session.send("PATCH", path, json={"note": "second"}, headers={"If-Match": stale})
    assert (refused.status_code, refused.json()["reason"]) == (412, "ETAG_MISMATCH")
    assert refused.json()["metadata"]["current_etag"] == changed["etag"]
    assert (await session.get(path))["note"] == "first"
    placed = await session.place(order["id"], world.terms, etag=stale)
    assert placed.status_code == 412
