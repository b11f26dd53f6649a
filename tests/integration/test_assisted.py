"""Assisted orders from end to end: hand-off, session, order, who pays, mail, webhook, statistics."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import httpx
import pytest

from tests.api import Api, Json
from tests.partner import Handed, Platform, today
from tests.stack import Stack
from tests.world import World, price_for_consumers

RESIDENCE_MAIL = "onthaal@residence.example"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
async def platform(world: World) -> Platform:
    """With a residence that is billed monthly, and home clients who pay themselves."""
    await price_for_consumers(world)
    made = await Platform(world.api, "assisted").register(world.admin)
    await made.community(
        world.admin, "linde", "MONTHLY_RESIDENCE", "PAY_LATER",
        residence_account_id=world.accounts[2]["id"], email=RESIDENCE_MAIL,
    )  # fmt: skip
    await made.community(world.admin, "thuis", "PAY_LATER")
    return made


@pytest.fixture(scope="module")
async def receiver(world: World, stack: Stack, platform: Platform) -> AsyncIterator[httpx.AsyncClient]:
    """The development platform's receiver of webhooks, subscribed to the events of `platform`."""
    target = f"{stack.careplatform_inside}/webhooks"
    made = await world.admin.post(
        "/v1/webhook-subscriptions", {"platform_id": platform.id, "target_address": target}
    )
    async with httpx.AsyncClient(base_url=stack.careplatform_url, timeout=20) as client:
        trusted = await client.post("/webhook-secrets", json={"secret": made["secret"]})
        assert trusted.status_code == 204
        yield client


async def ready(world: World, session: Api, sku: str, method: str, email: str, quantity: int = 1) -> Json:
    """A complete sheet of an assisted session."""
    order = await world.sheet(session, (sku, quantity), payment_method=method)
    return await session.call("PATCH", f"/v1/orders/{order['id']}", {"contact": {"email": email}})


async def place(session: Api, order: Json) -> Json:
    checkout = await session.get(f"/v1/orders/{order['id']}/checkout")
    placed = await session.place(order["id"], checkout)
    assert placed.status_code == 200, placed.text
    document: Json = placed.json()
    return document


async def webhooks(receiver: httpx.AsyncClient, order_id: str, *types: str) -> list[Json]:
    """Wait until webhooks of these types came for the order; the oldest first."""
    for _ in range(300):
        found = (await receiver.get("/webhooks", params={"order_id": order_id})).json()["webhooks"]
        if {one["type"] for one in found} >= set(types):
            return list(reversed(found))
        await asyncio.sleep(0.1)
    raise AssertionError(f"{[one['type'] for one in found]}, not {types}")


@pytest.mark.spec("H-02", "H-03", "H-08", "H-09", "H-10", "H-11", "H-12", "M-03")
async def test_a_carer_orders_for_a_resident_and_the_residence_pays(
    world: World, platform: Platform, receiver: httpx.AsyncClient
) -> None:
    handed = await platform.hand_over("resident-1", "linde", "nurse-1")
    session = handed.api
    assert handed.assisted["client_name"] == "Maria Janssens resident-1"
    assert handed.assisted["community_name"] == "Huis linde"
    assert handed.assisted["care_worker_name"] == "Zorgkundige nurse-1"
    opened = await session.get("/v1/session")
    assert (opened["channel"], opened["actor"]["kind"]) == ("ASSISTED", "CARE_WORKER")
    assert opened["assisted"]["client_name"] == "Maria Janssens resident-1"

    order = await world.sheet(session, (world.skus[52], 2), payment_method="MONTHLY_RESIDENCE")
    assert order["delivery_address"]["city"] == "Gent"
    checkout = await session.get(f"/v1/orders/{order['id']}/checkout")
    assert set(checkout["payment_methods"]) == {"MONTHLY_RESIDENCE", "PAY_LATER"}
    assert checkout["confirmation_emails"] == [RESIDENCE_MAIL]
    await session.call("PATCH", f"/v1/orders/{order['id']}", {"contact": {"email": RESIDENCE_MAIL}})
    placed = await place(session, order)

    parties = placed["parties"]
    assert placed["state"] == "PLACED"
    assert (parties["actor"]["kind"], parties["channel"]) == ("CARE_WORKER", "ASSISTED")
    assert parties["actor"]["display_name"] == "Zorgkundige nurse-1"
    assert parties["customer"]["id"] == handed.account_id
    assert parties["payer"]["id"] == world.accounts[2]["id"]
    assert parties["assistance"]["community_external_id"] == "linde"
    assert parties["assistance"]["client_external_id"] == "resident-1"
    assert placed["terms_acceptance"]["terms_version"] == "2026-01"
    assert placed["terms_acceptance"]["accepted_by"]["kind"] == "CARE_WORKER"
    assert placed["terms_acceptance"]["accepted_for_account_id"] == handed.account_id

    (mail,) = await world.mailbox.wait_for(to=RESIDENCE_MAIL, subject=placed["number"])
    assert "Bestelling" in mail["subject"] or "bestelling" in mail["subject"]

    (told,) = await webhooks(receiver, placed["id"], "order.placed")
    assert told["payload"]["data"]["client_external_id"] == "resident-1"
    assert told["payload"]["data"]["care_worker_subject"] == "nurse-1"
    assert told["payload"]["data"]["total"] == placed["totals"]["total"]
    for personal in ("Maria", "Janssens", "Zorgkundige", "Veldstraat", RESIDENCE_MAIL):
        assert personal not in str(told["payload"])

    own = await platform.own()
    community = platform.communities["linde"]["id"]
    figures = await own.call(
        "GET", f"/v1/communities/{community}/statistics", params={"from": today(), "to": today()}
    )
    assert figures["total"]["order_count"] >= 1
    by_worker = {one["care_worker_subject"]: one["figures"] for one in figures["care_workers"]}
    assert by_worker["nurse-1"]["order_count"] == 1
    assert by_worker["nurse-1"]["article_count"] == 2
    assert by_worker["nurse-1"]["amounts"] == [placed["totals"]["total"]]

    for filters in (
        {"community_id": community, "client_external_id": "resident-1"},
        {"actor_id": parties["actor"]["id"]},
        {"payer_account_id": world.accounts[2]["id"], "community_id": community},
        {"query": placed["number"]},
    ):
        found = await world.admin.get("/v1/orders", **filters)
        assert [one["id"] for one in found["items"]] == [placed["id"]], filters


@pytest.mark.spec("H-12", "M-03")
async def test_the_platform_is_told_of_every_move_and_reads_it_again(
    world: World, platform: Platform, receiver: httpx.AsyncClient
) -> None:
    handed = await platform.hand_over("home-1", "thuis", email="home1@clients.example")
    own = await platform.own()
    before = (await own.get("/v1/webhook-events"))["last_sequence"]
    session = handed.api
    order = await place(
        session, await ready(world, session, world.skus[53], "PAY_LATER", "home1@clients.example")
    )
    for verb in ("process", "ship", "deliver"):
        await world.admin.post(f"/v1/orders/{order['id']}:{verb}")
    cancelled = await place(
        session, await ready(world, session, world.skus[53], "PAY_LATER", "home1@clients.example")
    )
    await world.admin.post(f"/v1/orders/{cancelled['id']}:cancel", {"reason": "x"})
    moves = await webhooks(receiver, order["id"], "order.placed", "order.changed", "order.shipped")
    await webhooks(receiver, cancelled["id"], "order.placed", "order.cancelled")
    again = await own.get("/v1/webhook-events", since_sequence=before)
    ids = {one["message_id"] for one in again["items"]}
    assert {one["id"] for one in moves} <= ids
    numbers = [one["sequence"] for one in again["items"]]
    assert numbers == list(range(before + 1, before + 1 + len(numbers)))
    assert (await own.get("/v1/webhook-events", since_sequence=again["last_sequence"]))["items"] == []


@pytest.mark.spec("H-07")
async def test_carts_of_two_clients_in_one_browser_never_mix(world: World, platform: Platform) -> None:
    first = await platform.hand_over("twin-1", "thuis")
    second = await platform.hand_over("twin-2", "thuis")
    carts = [await one.api.post("/v1/cart") for one in (first, second)]
    assert carts[0]["id"] != carts[1]["id"]
    for number, (handed, cart) in enumerate(zip((first, second), carts, strict=True)):
        line = {"lines": [{"sku": world.skus[54], "quantity": number + 1}]}
        await handed.api.post(f"/v1/orders/{cart['id']}/lines", line)
    for number, handed in enumerate((first, second)):
        cart = await handed.api.post("/v1/cart")
        assert [line["quantity"] for line in cart["lines"]] == [number + 1]
        assert cart["parties"]["customer"]["id"] == handed.account_id
        foreign = carts[1 - number]["id"]
        for path in (f"/v1/orders/{foreign}", f"/v1/orders/{foreign}/checkout"):
            assert (await handed.api.send("GET", path)).status_code == 404
        added = await handed.api.send(
            "POST", f"/v1/orders/{foreign}/lines", json={"lines": [{"sku": world.skus[54], "quantity": 9}]}
        )
        assert added.status_code == 404
        listed = (await handed.api.get("/v1/orders"))["items"]
        assert foreign not in {one["id"] for one in listed}
    again = await platform.hand_over("twin-1", "thuis")
    assert again.account_id == first.account_id
    assert (await again.api.post("/v1/cart"))["id"] != carts[0]["id"]


@pytest.mark.spec("H-02", "H-03")
async def test_a_code_opens_one_session_whoever_is_fastest(platform: Platform) -> None:
    code = await platform.code(platform.sign(platform.claims("rush", "thuis")))
    public = platform.api.as_("")
    answers = await asyncio.gather(
        *(public.send("POST", "/v1/handoffs:exchange", json={"code": code}) for _ in range(50))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 49
    assert {answer.json()["reason"] for answer in answers if answer.status_code == 401} == {
        "HANDOFF_CODE_REFUSED"
    }


@pytest.mark.spec("H-02", "H-04")
async def test_the_front_channel_leads_into_the_shop_or_back(world: World, platform: Platform) -> None:
    async def post(assertion: str) -> httpx.Response:
        return await world.api.send(
            "POST", "/v1/handoffs:browser", data={"assertion": assertion}, headers=FORM
        )

    answered = await post(platform.sign(platform.claims("front-1", "thuis")))
    assert answered.status_code == 303, answered.text
    address, _, fragment = answered.headers["location"].partition("#")
    assert address == "https://shop.test.example/products"
    handed = await platform.exchange(fragment.removeprefix("handoff="))
    assert handed.assisted["client_name"] == "Maria Janssens front-1"

    incomplete = platform.claims("front-2", "thuis", phone="", last_name="", address=None)
    refused = await post(platform.sign(incomplete))
    assert refused.status_code == 303, refused.text
    address, _, fragment = refused.headers["location"].partition("#")
    assert address == platform.back
    said = parse_qs(fragment)
    assert said["error"] == ["INVALID_FIELDS"]
    assert {"client.phone", "client.last_name"} <= set(said["fields"][0].split(","))
    assert (await world.admin.get("/v1/accounts", query="front-2"))["items"] == []

    stranger = Platform(world.api, "nobody-knows")
    stranger.communities = platform.communities
    forged = await post(stranger.sign(stranger.claims("front-3", "thuis")))
    assert (forged.status_code, forged.json()["reason"]) == (401, "HANDOFF_REFUSED")


@pytest.mark.spec("H-06")
async def test_refused_handoffs_are_listed_for_the_platform_without_anything_personal(
    world: World, platform: Platform
) -> None:
    public = world.api.as_("")
    assertion = platform.sign(platform.claims("replay", "thuis"))
    assert (await public.send("POST", "/v1/handoffs", json={"assertion": assertion})).status_code == 201
    replayed = await public.send("POST", "/v1/handoffs", json={"assertion": assertion})
    assert (replayed.status_code, replayed.json()["metadata"]["cause"]) == (401, "REPLAYED")
    claims = platform.claims("replay", "thuis")
    foreign = claims | {"client": claims["client"] | {"community": "linde"}}
    elsewhere = await public.send("POST", "/v1/handoffs", json={"assertion": platform.sign(foreign)})
    assert (elsewhere.status_code, elsewhere.json()["reason"]) == (403, "HANDOFF_NOT_ALLOWED")
    own = await platform.own()
    refusals = (await own.get("/v1/handoff-refusals"))["items"]
    causes = [(one["reason"], one["cause"]) for one in refusals]
    assert causes[:2] == [
        ("HANDOFF_NOT_ALLOWED", "CLIENT_NOT_IN_COMMUNITY"),
        ("HANDOFF_REFUSED", "REPLAYED"),
    ]
    assert "Janssens" not in str(refusals)


async def _deactivate_platform(world: World, platform: Platform, handed: Handed) -> None:
    await world.admin.call("PATCH", f"/v1/care-platforms/{platform.id}", {"active": False})


async def _deactivate_community(world: World, platform: Platform, handed: Handed) -> None:
    community = platform.communities["huis"]["id"]
    await world.admin.call("PATCH", f"/v1/communities/{community}", {"active": False})


async def _close_client(world: World, platform: Platform, handed: Handed) -> None:
    await (await platform.own()).call("POST", "/v1/clients:close", {"external_id": "leaving"})


async def _end_sessions(world: World, platform: Platform, handed: Handed) -> None:
    own = await platform.own()
    ended = await own.post("/v1/assisted-sessions:end", {"care_worker_subject": "w1"})
    assert ended["ended_count"] == 1


async def _move_client(world: World, platform: Platform, handed: Handed) -> None:
    await platform.hand_over("leaving", "elders", "w2")


@pytest.mark.parametrize(
    "withdraw",
    [_deactivate_platform, _deactivate_community, _close_client, _end_sessions, _move_client],
    ids=lambda one: one.__name__.strip("_"),
)
@pytest.mark.spec("H-01", "H-06", "H-14")
async def test_what_the_platform_no_longer_vouches_for_ends_with_the_next_request(
    world: World, withdraw: object
) -> None:
    await price_for_consumers(world)
    name = f"gone{uuid.uuid4().hex[:8]}"
    platform = await Platform(world.api, name).register(world.admin)
    await platform.community(world.admin, "huis", "PAY_LATER")
    await platform.community(world.admin, "elders", "PAY_LATER")
    handed = await platform.hand_over("leaving", "huis")
    session = handed.api
    order = await ready(world, session, world.skus[55], "PAY_LATER", "x@clients.example")
    checkout = await session.get(f"/v1/orders/{order['id']}/checkout")
    path = f"/v1/orders/{order['id']}"
    requests: list[tuple[str, str, Json | None]] = [
        ("GET", path, None),
        ("PATCH", path, {"note": "x"}),
        ("GET", f"{path}/checkout", None),
        ("POST", f"{path}/lines", {"lines": [{"sku": world.skus[55], "quantity": 1}]}),
        ("POST", "/v1/cart", {}),
        ("POST", "/v1/orders", {"lines": [{"sku": world.skus[55], "quantity": 1}]}),
        ("GET", f"/v1/accounts/{handed.account_id}", None),
        ("GET", f"/v1/products?query=chair&account_id={handed.account_id}", None),
        ("GET", "/v1/session", None),
        ("POST", "/v1/sessions:refresh", {"refresh_token": handed.tokens["refresh_token"]}),
    ]
    assert (await session.send("GET", path)).status_code == 200

    await withdraw(world, platform, handed)  # type: ignore[operator]

    for method, where, body in requests:
        answered = await session.send(method, where, **({} if body is None else {"json": body}))
        assert answered.status_code in {401, 403, 404}, (method, where, answered.status_code, answered.text)
    placed = await session.place(order["id"], checkout)
    assert placed.status_code in {401, 403, 404}, placed.text
    listed = await session.send("GET", "/v1/orders")
    assert listed.status_code in {401, 403, 404} or listed.json()["items"] == []
    assert (await world.admin.get(path))["state"] == "DRAFT"
