"""Business accounts from end to end: registration, members, spending control, removal; open sessions obey at once."""

import asyncio
import uuid

import pytest

from tests.api import Api, Json, sign_in
from tests.cast import as_customer, invite
from tests.world import BRUSSELS, PASSWORD, World, activate, price_for_consumers

VENDOR_MAIL = "orders@commis.example"
PROFILE = {"company_name": "Papeterie Colibri", "vat_number": "BE0403170701"}


async def business(world: World, name: str) -> Json:
    """A business account of its own, its administrator signed in with a password."""
    account = await world.admin.post(
        "/v1/accounts",
        {"first_name": "Ines", "last_name": name, "email": f"{name}@colibri.example", "language_code": "fr",
         "business_profile": PROFILE | {"b2b_active": True, "pay_later_allowed": True},
         "addresses": [{"label": "shop", "address": BRUSSELS, "default_billing": True, "default_delivery": True}]},
    )  # fmt: skip
    await activate(world.api, world.mailbox, account["email"])
    return account


def unique(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:8]}"


@pytest.mark.spec("A-03", "A-04", "A-05", "M-01")
async def test_a_visitor_becomes_a_business(world: World) -> None:
    await price_for_consumers(world)
    public, email = world.api.as_(""), f"{unique('visitor')}@colibri.example"
    company = f"Colibri {unique('sa')}"
    asked = {"first_name": "Noé", "last_name": "Colibri", "email": email, "language_code": "fr",
             "profile": PROFILE | {"company_name": company}, "message": "Bonjour"}  # fmt: skip
    answered = await public.send("POST", "/v1/business-requests", json=asked)
    assert (answered.status_code, answered.json()) == (202, {"business_request": None})
    assert await world.mailbox.wait_for(to=VENDOR_MAIL, subject=company)
    await activate(world.api, world.mailbox, email)
    person = await as_customer(world, email)
    account_id = (await person.get("/v1/session"))["subject"]["id"]
    account = await person.get(f"/v1/accounts/{account_id}")
    assert account["kind"] == "CONSUMER"
    order = await world.sheet(person, (world.skus[56], 1))
    assert "PAY_LATER" not in (await person.get(f"/v1/orders/{order['id']}/checkout"))["payment_methods"]

    waiting = (await world.admin.get("/v1/business-requests"))["items"]
    request = next(one for one in waiting if one["email"] == email)
    path = f"/v1/business-requests/{request['id']}"
    asked_back = await world.admin.post(f"{path}:ask", {"message": "Quel numéro de TVA ?"})
    assert asked_back["state"] == "INFORMATION_NEEDED"
    assert len(await world.mailbox.wait_for(to=email, count=2)) >= 2
    replied = await person.post(f"{path}:answer", {"message": "Le voici.", "profile": PROFILE})
    assert replied["state"] == "PENDING"
    seen = await world.admin.get(path)
    assert [one["text"] for one in seen["messages"]][-2:] == ["Quel numéro de TVA ?", "Le voici."]
    approved = await world.admin.post(f"{path}:approve", {"pay_later_allowed": True})
    assert approved["state"] == "APPROVED"
    account = await person.get(f"/v1/accounts/{account_id}")
    assert account["kind"] == "BUSINESS"
    assert account["business_profile"]["b2b_active"] is True
    assert "PAY_LATER" in (await person.get(f"/v1/orders/{order['id']}/checkout"))["payment_methods"]
    twice = await world.admin.send("POST", f"{path}:approve", json={})
    assert (twice.status_code, twice.json()["reason"]) == (400, "BUSINESS_REQUEST_STATE")


@pytest.mark.spec("A-04")
async def test_a_registration_tells_nobody_who_is_known(world: World) -> None:
    public = world.api.as_("")
    body = {"first_name": "A", "last_name": "B", "language_code": "nl", "profile": PROFILE}
    known, unknown = world.accounts[1]["email"], f"{unique('new')}@colibri.example"
    answers = [
        await public.send("POST", "/v1/business-requests", json=body | {"email": email})
        for email in (known, unknown)
    ]
    assert [(one.status_code, one.content) for one in answers] == [(202, answers[0].content)] * 2


@pytest.mark.spec("A-06")
async def test_a_removed_member_is_out_with_the_next_request(world: World) -> None:
    account = await business(world, unique("removed"))
    owner = await as_customer(world, account["email"])
    email = f"{unique('user')}@colibri.example"
    member = await invite(world, account, email, "USER")
    user = await as_customer(world, email)
    order = await world.sheet(user, (world.skus[56], 1))
    path = f"/v1/orders/{order['id']}"
    checkout = await user.get(f"{path}/checkout")
    await owner.call("DELETE", f"/v1/accounts/{account['id']}/members/{member['id']}")
    requests: list[tuple[str, str, Json | None]] = [
        ("GET", path, None),
        ("PATCH", path, {"note": "x"}),
        ("POST", "/v1/cart", {}),
        ("POST", "/v1/orders", {"lines": [{"sku": world.skus[56], "quantity": 1}]}),
        ("POST", "/v1/quotes", {"lines": [{"sku": world.skus[56], "quantity": 1}]}),
        ("GET", f"/v1/accounts/{account['id']}", None),
        ("GET", f"/v1/accounts/{account['id']}/members", None),
        ("GET", f"/v1/products?query=chair&account_id={account['id']}", None),
    ]
    for method, where, body in requests:
        answered = await user.send(method, where, **({} if body is None else {"json": body}))
        assert answered.status_code in {401, 403, 404}, (method, where, answered.status_code, answered.text)
    placed = await user.place(order["id"], checkout)
    assert placed.status_code in {401, 403, 404}, placed.text
    listed = await user.send("GET", "/v1/orders")
    assert listed.status_code in {401, 403, 404} or listed.json()["items"] == []
    assert (await owner.get(path))["state"] == "DRAFT"


@pytest.mark.spec("A-06")
async def test_a_demoted_administrator_sees_own_orders_only_with_the_next_request(world: World) -> None:
    account = await business(world, unique("demoted"))
    owner = await as_customer(world, account["email"])
    email = f"{unique('second')}@colibri.example"
    member = await invite(world, account, email, "ADMINISTRATOR")
    second = await as_customer(world, email)
    order = await world.sheet(owner, (world.skus[56], 1))
    path = f"/v1/orders/{order['id']}"
    assert (await second.get(path))["id"] == order["id"]
    members = f"/v1/accounts/{account['id']}/members"
    await owner.call("PATCH", f"{members}/{member['id']}", {"role": "USER"})
    # The open session ends, and a new one is a USER's.
    assert (await second.send("GET", path)).status_code == 401
    second = await as_customer(world, email)
    assert (await second.get("/v1/session"))["membership_role"] == "USER"
    assert (await second.send("GET", path)).status_code == 404
    assert order["id"] not in {one["id"] for one in (await second.get("/v1/orders"))["items"]}
    invited = {"first_name": "A", "last_name": "B", "email": "c@colibri.example", "language_code": "nl",
               "role": "USER"}  # fmt: skip
    assert (await second.send("POST", members, json=invited)).status_code == 403
    last = (await owner.get("/v1/session"))["actor"]["id"]
    kept = await owner.send("DELETE", f"{members}/{last}")
    assert (kept.status_code, kept.json()["reason"]) == (400, "LAST_ADMINISTRATOR")


@pytest.mark.spec("A-07", "M-01")
async def test_a_removed_business_layer_stops_at_once(world: World) -> None:
    await price_for_consumers(world)
    account = await business(world, unique("ending"))
    owner = await as_customer(world, account["email"])
    email = f"{unique('clerk')}@colibri.example"
    await invite(world, account, email, "USER")
    clerk = await as_customer(world, email)
    sheet = await world.sheet(owner, (world.skus[56], 1), payment_method="PAY_LATER")
    before = (await owner.get(f"/v1/orders/{sheet['id']}/checkout"))["payment_methods"]
    assert "PAY_LATER" in before
    path = f"/v1/accounts/{account['id']}/business-profile"
    assert (await clerk.send("DELETE", path)).status_code == 403
    receipt = await owner.call("DELETE", path)
    assert {one["subject"] for one in receipt["erased"]}
    assert all(one["kept_because"] for one in receipt["kept"])
    after = await owner.get(f"/v1/accounts/{account['id']}")
    assert (after["kind"], after["business_profile"]) == ("CONSUMER", None)
    checkout = await owner.get(f"/v1/orders/{sheet['id']}/checkout")
    assert "PAY_LATER" not in checkout["payment_methods"]
    placed = await owner.place(sheet["id"], checkout)
    assert placed.status_code == 400
    assert "payment_method" in {one["field"] for one in placed.json()["violations"]}
    assert (await clerk.send("GET", f"/v1/accounts/{account['id']}")).status_code in {401, 403, 404}
    assert (await clerk.send("POST", "/v1/cart", json={})).status_code in {401, 403, 404}
    assert await world.mailbox.wait_for(to=account["email"], count=2)


async def controlled(world: World, name: str, limit: str) -> tuple[Json, Api, Api]:
    """An account with spending control, its administrator and a user with this limit."""
    account = await business(world, unique(name))
    owner = await as_customer(world, account["email"])
    await owner.call("PATCH", f"/v1/accounts/{account['id']}", {"spending_control": True})
    email = f"{unique('limited')}@colibri.example"
    member = await invite(world, account, email, "USER")
    await owner.call(
        "PATCH", f"/v1/accounts/{account['id']}/members/{member['id']}",
        {"spending_limit": {"amount": limit, "currency": "EUR"}},
    )  # fmt: skip
    return account, owner, await as_customer(world, email)


@pytest.mark.spec("O-24")
async def test_an_order_above_the_limit_waits_for_an_administrator(world: World) -> None:
    account, owner, user = await controlled(world, "spending", "120.00")
    small = await world.sheet(user, (world.skus[57], 1), payment_method="PAY_LATER")
    assert (await user.place(small["id"], await _terms(user, small))).json()["state"] == "PLACED"
    large = await world.sheet(user, (world.skus[57], 20), payment_method="PAY_LATER")
    checkout = await user.get(f"/v1/orders/{large['id']}/checkout")
    assert checkout["approval_needed"] is True
    asked = await user.place(large["id"], checkout)
    assert (asked.status_code, asked.json()["state"]) == (200, "PENDING_APPROVAL"), asked.text
    assert await world.mailbox.wait_for(to=account["email"], count=2)
    etag = asked.json()["etag"]
    path = f"/v1/orders/{large['id']}"

    async def approve(by: Api, version: str) -> int:
        headers = {"Idempotency-Key": str(uuid.uuid4()), "If-Match": version}
        return (await by.send("POST", f"{path}:approve", json={}, headers=headers)).status_code

    assert await approve(user, etag) == 403
    assert await approve(owner, '"999"') == 412
    both = await asyncio.gather(*(approve(owner, etag) for _ in range(8)))
    assert both.count(200) == 1, both
    placed = await user.get(path)
    assert placed["state"] == "PLACED"
    assert placed["parties"]["approver"]["kind"] == "PERSON"
    assert placed["parties"]["actor"]["id"] != placed["parties"]["approver"]["id"]


async def _terms(session: Api, order: Json) -> Json:
    return await session.get(f"/v1/orders/{order['id']}/checkout")


@pytest.mark.spec("O-24", "A-07")
async def test_what_waits_goes_back_when_the_business_layer_is_removed(world: World) -> None:
    account, owner, user = await controlled(world, "waiting", "1.00")
    order = await world.sheet(user, (world.skus[57], 2), payment_method="PAY_LATER")
    asked = await user.place(order["id"], await _terms(user, order))
    assert asked.json()["state"] == "PENDING_APPROVAL", asked.text
    await owner.call("DELETE", f"/v1/accounts/{account['id']}/business-profile")
    for _ in range(200):
        if (found := await world.admin.get(f"/v1/orders/{order['id']}"))["state"] == "DRAFT":
            break
        await asyncio.sleep(0.1)
    assert found["state"] == "DRAFT"


@pytest.mark.spec("A-21")
async def test_of_many_refreshes_at_once_one_wins_and_reuse_ends_the_session(world: World) -> None:
    account = await business(world, unique("racing"))
    public = world.api.as_("")
    tokens = await public.post("/v1/sign-in", {"email": account["email"], "password": PASSWORD})
    body = {"refresh_token": tokens["refresh_token"]}
    answers = await asyncio.gather(
        *(public.send("POST", "/v1/sessions:refresh", json=body) for _ in range(20))
    )
    won = [one.json() for one in answers if one.status_code == 200]
    assert len({one["refresh_token"] for one in won}) == 1
    assert {one.status_code for one in answers} <= {200, 401}
    # Once the successor was used, the first token is a stolen one: whoever shows it ends everything.
    newest = await public.post("/v1/sessions:refresh", {"refresh_token": won[0]["refresh_token"]})
    reused = await public.send("POST", "/v1/sessions:refresh", json=body)
    assert (reused.status_code, reused.json()["reason"]) == (401, "REFRESH_REFUSED")
    ended = await public.send("POST", "/v1/sessions:refresh", json={"refresh_token": newest["refresh_token"]})
    assert (ended.status_code, ended.json()["reason"]) == (401, "REFRESH_REFUSED")
    session = world.api.as_(newest["access_token"])
    assert (await session.send("GET", "/v1/session")).status_code == 401


@pytest.mark.spec("A-20")
async def test_fifty_sign_ins_at_once_leave_the_rest_working(world: World) -> None:
    account = await business(world, unique("busy"))
    public = world.api.as_("")
    session = await sign_in(public, account["email"], PASSWORD)
    body = {"email": account["email"], "password": PASSWORD}
    sign_ins = asyncio.gather(*(public.send("POST", "/v1/sign-in", json=body) for _ in range(50)))
    statuses = []
    while not sign_ins.done():
        statuses.append((await session.send("GET", f"/v1/accounts/{account['id']}")).status_code)
        statuses.append((await session.send("GET", "/v1/products?query=chair")).status_code)
    assert set(statuses) == {200}
    answers = await sign_ins
    # 504: too slow a machine for fifty passwords within the time of a request.
    assert {one.status_code for one in answers} <= {200, 429, 504}
    assert any(one.status_code == 200 for one in answers)
    for one in answers:
        if one.status_code == 429:
            assert one.json()["reason"] in {"PASSWORDS_BUSY", "SIGN_IN_THROTTLED"}
            assert int(one.headers["retry-after"]) >= 1
