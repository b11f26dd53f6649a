"""kill -9 between the payment provider and our commit: one payment, one refund, and the truth comes out."""

import asyncio

import httpx
import pytest

from local.suite import Suite
from tests.api import Api, Json, sign_in
from tests.faults.checks import eventually
from tests.world import PASSWORD, World, activate

SECONDS = 120.0  # a lease of the follower, and a little more


@pytest.fixture(scope="module")
async def customer(world: World) -> Api:
    account = world.accounts[0]
    await activate(world.api, world.mailbox, account["email"])
    return await sign_in(world.api, account["email"], PASSWORD)


async def placed(world: World, customer: Api) -> Json:
    """Somebody who was restarted a moment ago may still be out of reach: then try again."""

    async def place() -> None:
        order = await world.sheet(customer, (world.skus[10], 1), payment_method="ELECTRONIC")
        answer = await customer.place(order["id"], world.terms)
        assert answer.status_code == 200, answer.text
        made.append(answer.json())

    made: list[Json] = []
    await eventually(place)
    return made[-1]


async def of_provider(suite: Suite, order: Json) -> list[Json]:
    """The payments that the provider has of this order."""
    async with httpx.AsyncClient(base_url=suite.payprovider_url) as provider:
        listed = (await provider.get("/payments")).json()
    return [one for one in listed if one["description"] == order["number"]]


async def start(suite: Suite, customer: Api, order: Json) -> Json:
    """Until the provider's page is answered."""
    answers: list[Json] = []

    async def once() -> None:
        wanted = {"return_address": suite.gateway_url}
        answers.append(await customer.post(f"/v1/orders/{order['id']}:start-payment", wanted))

    await eventually(once, SECONDS)
    return answers[-1]


async def crash(suite: Suite, point: str) -> None:
    suite.env["orders"]["COMMIS_CRASH_AT"] = point
    await suite.restart("orders")


async def recover(suite: Suite) -> None:
    """It died there; without the point it starts again."""
    await asyncio.wait_for(suite.wait("orders"), 30)
    suite.env["orders"].pop("COMMIS_CRASH_AT")
    await suite.start("orders")


@pytest.mark.spec("O-22")
@pytest.mark.timeout(400)
@pytest.mark.parametrize("point", ["payment_before_create", "payment_after_create"])
async def test_a_payment_that_broke_off_is_made_once(
    suite: Suite, world: World, customer: Api, point: str
) -> None:
    order = await placed(world, customer)
    await crash(suite, point)
    wanted = {"return_address": suite.gateway_url}

    async def dies() -> None:
        answer = await customer.send("POST", f"/v1/orders/{order['id']}:start-payment", json=wanted)
        assert answer.status_code != 401, answer.text

    await dies()
    await recover(suite)
    started = await start(suite, customer, order)
    [made] = await of_provider(suite, order)
    assert made["_links"]["checkout"]["href"] == started["checkout_address"]
    assert len((await customer.get(f"/v1/orders/{order['id']}/payments"))["payments"]) == 1


@pytest.mark.spec("O-22", "O-33")
@pytest.mark.timeout(400)
async def test_a_refund_that_broke_off_is_sent_once(suite: Suite, world: World, customer: Api) -> None:
    order = await placed(world, customer)
    started = await start(suite, customer, order)
    async with httpx.AsyncClient() as browser:
        await browser.post(started["checkout_address"], data={"action": "pay"})

    async def in_state(state: str) -> None:
        assert (await customer.get(f"/v1/orders/{order['id']}"))["payment_state"] == state

    await eventually(lambda: in_state("PAID"), SECONDS)
    await crash(suite, "refund_after_create")
    await eventually(lambda: customer.post(f"/v1/orders/{order['id']}:cancel"))
    await recover(suite)

    async def known() -> None:
        [payment] = (await customer.get(f"/v1/orders/{order['id']}/payments"))["payments"]
        assert [one["state"] for one in payment["refunds"]] == ["REFUNDED"]

    [made] = await of_provider(suite, order)
    [refund] = made["_embedded"]["refunds"]
    async with httpx.AsyncClient(base_url=suite.payprovider_url) as provider:
        await provider.post(f"/refunds/{refund['id']}:refunded")
    await eventually(known, SECONDS)
    await in_state("REFUNDED")
    [made] = await of_provider(suite, order)
    assert len(made["_embedded"]["refunds"]) == 1
