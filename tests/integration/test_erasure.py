"""Data protection from end to end: everything held on somebody as one archive; after an erasure it is found nowhere."""

import asyncio
import io
import json
import time
import uuid
import zipfile

import pytest

from tests import canary
from tests.api import Api, Json
from tests.cast import as_customer, invite
from tests.partner import Platform
from tests.stack import Stack
from tests.world import BRUSSELS, PASSWORD, World, activate, price_for_consumers

FROZEN = {"account_name", "payer_name", "billing_address", "delivery_address", "pricing_customer"}


class Somebody:
    """A word that is nowhere else, and with it a name, an e-mail address, a telephone number and an address."""

    def __init__(self) -> None:
        number = uuid.uuid4().int % 10**7
        self.word = f"Zzcanary{uuid.uuid4().hex[:10]}"
        self.email = f"{self.word.lower()}@mail.example"
        self.phone = f"+32 2 {number:07}"
        self.address = BRUSSELS | {
            "recipient": f"{self.word} Recipient",
            "company": f"{self.word} Company",
            "street_lines": [f"{self.word}straat 12", f"{self.word} bell"],
            "phone": self.phone,
        }

    @property
    def needles(self) -> tuple[str, ...]:
        return self.word, self.email, self.phone, self.phone.replace(" ", "")

    def names(self) -> Json:
        return {"first_name": f"{self.word}First", "last_name": f"{self.word}Last", "email": self.email,
                "language_code": "fr"}  # fmt: skip


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


async def account_of(world: World, who: Somebody) -> Json:
    profile = {"company_name": f"{who.word} Company", "vat_number": "BE0403170701", "b2b_active": True,
               "pay_later_allowed": True, "department": f"{who.word} Department"}  # fmt: skip
    account = await world.admin.post(
        "/v1/accounts",
        who.names() | {"phone": who.phone, "business_profile": profile,
         "addresses": [{"label": f"{who.word} label", "address": who.address, "default_billing": True,
                        "default_delivery": True}]},
        headers=key(),
    )  # fmt: skip
    await world.admin.call("PUT", f"/v1/representatives/{world.rep.id}/accounts/{account['id']}")
    await activate(world.api, world.mailbox, who.email)
    return account


async def fill_sheet(
    world: World, session: Api, who: Somebody, account: Json | None = None, payment: str = "BANK_TRANSFER"
) -> Json:
    """A draft with the word in every field that a client may write."""
    body = {
        "note": f"{who.word} note", "order_reference": f"{who.word} reference", "cost_centre": who.word,
        "billing_address": who.address, "delivery_address": who.address,
        "contact": {"name": f"{who.word} Contact", "email": who.email, "phone": who.phone},
        "shipping_method": "STANDARD", "payment_method": payment,
        "lines": [{"sku": world.skus[50], "quantity": 1, "note": f"{who.word} line", "line_reference": who.word,
                   "cost_centre": who.word}],
    }  # fmt: skip
    if account is not None:
        body["account_id"] = account["id"]
    order = await session.post("/v1/orders", body, headers=key())
    line = order["lines"][0]["id"]
    await session.call(
        "PATCH", f"/v1/orders/{order['id']}/lines/{line}", {"note": f"{who.word} again"}, headers=key()
    )
    await session.call("PATCH", f"/v1/orders/{order['id']}", {"note": f"{who.word} changed"}, headers=key())
    return order


async def write_everywhere(world: World, who: Somebody, account: Json) -> None:
    """As clients, representatives and staff do, rightly and wrongly; nothing is placed."""
    path, me = f"/v1/accounts/{account['id']}", await as_customer(world, who.email)
    await me.call("PATCH", path, {"first_name": f"{who.word}Again"}, headers=key())
    added = await me.post(f"{path}/addresses", {"label": who.word, "address": who.address}, headers=key())
    await me.call("PUT", f"{path}/addresses/{added['id']}", {"label": who.word, "address": who.address})
    await fill_sheet(world, me, who)
    for_rep = await world.ordering(account)
    await fill_sheet(world, for_rep, who)
    cancelled = await fill_sheet(world, me, who)
    await me.post(f"/v1/orders/{cancelled['id']}:cancel", {"reason": f"{who.word} reason"}, headers=key())
    cart = await me.post("/v1/cart", {})
    await me.call(
        "PATCH", f"/v1/orders/{cart['id']}", {"note": f"{who.word} cart", "contact": {"email": who.email}}
    )
    await fill_sheet(world, world.admin, who, account)
    budget = {"account_id": account["id"], "code": "B1", "display_name": f"{who.word} budget", "overspending": "WARN",
              "period_start_date": "2026-01-01", "period_end_date": "2030-01-01",
              "total": {"amount": "100.00", "currency": "EUR"}}  # fmt: skip
    made = await world.admin.send("POST", "/v1/budgets", json=budget, headers=key())
    assert made.is_success, made.text
    change = {"amount": {"amount": "5.00", "currency": "EUR"}, "reason": f"{who.word} reason"}
    adjusted = await world.admin.send(
        "POST", f"/v1/budgets/{made.json()['id']}:adjust", json=change, headers=key()
    )
    assert adjusted.is_success, adjusted.text
    row = {"account_id": account["id"], "percent": "3", "min_quantity": 1, "valid_from": "2026-01-01"}
    assert (await world.admin.send("POST", "/v1/discount-rows", json=row, headers=key())).is_success
    await _try_wrongly(world, who, me, path)


async def _try_wrongly(world: World, who: Somebody, me: Api, path: str) -> None:
    """What is refused must not be written down either."""
    public = world.api.as_("")
    tries: list[tuple[Api, str, str, Json]] = [
        (public, "POST", "/v1/sign-in", {"email": who.email, "password": f"{who.word} password"}),
        (public, "POST", "/v1/password-resets", {"email": who.email}),
        (public, "POST", "/v1/password-resets", {"email": f"unknown-{who.email}"}),
        (world.admin, "POST", "/v1/accounts", who.names()),
        (world.admin, "PATCH", f"/v1/accounts/{world.accounts[0]['id']}", {"email": who.email}),
        (me, "PATCH", path, {"email": f"{who.word}\u0000@mail.example", who.word: who.word}),
        (me, "POST", "/v1/orders", {"lines": [{"sku": who.word, "quantity": 1}], "note": who.word * 900}),
        (me, "POST", f"{path}/addresses", {"address": who.address | {"postal_code": who.word}}),
    ]
    for session, method, url, body in tries:
        answered = await session.send(method, url, json=body)
        assert answered.status_code < 500, (url, answered.text)
    for url in (
        "/v1/accounts?query=",
        "/v1/mails?recipient=",
        "/v1/orders?representative_id=",
        f"/v1/{who.word}?x=",
    ):
        assert (await world.admin.send("GET", url + who.email)).status_code < 500
    bad = await me.send("GET", "/v1/orders", headers={"X-Request-Id": f"{who.word} {who.email}"})
    assert bad.status_code < 500


async def wait_until(world: World, path: str, state: str, seconds: float = 60) -> Json:
    deadline = time.monotonic() + seconds
    while True:
        seen = await world.admin.get(path)
        if seen["state"] == state:
            return seen
        assert time.monotonic() < deadline, seen
        await asyncio.sleep(0.3)


async def erase(world: World, account: Json, person: str | None = None, by: Api | None = None) -> Json:
    """Started and done; its receipt."""
    body = {"account_id": account["id"]} | ({"person_id": person} if person else {})
    started = await (by or world.admin).call("POST", "/v1/erasures", body, headers=key())
    done = await wait_until(world, f"/v1/erasures/{started['id']}", "DONE")
    assert done["missing"] == []
    return done["receipt"]


async def nowhere(
    stack: Stack, who: Somebody, *, but: frozenset[str] = frozenset(), seconds: float = 30
) -> None:
    """The receipt is mailed after the erasure is done and then forgotten: that takes a moment."""
    deadline = time.monotonic() + seconds
    while (left := await canary.in_databases(stack, *who.needles) - but) and time.monotonic() < deadline:
        await asyncio.sleep(0.5)
    assert left == set()
    subjects, seen = await canary.in_streams(stack, *who.needles)
    assert subjects == set()
    assert seen > 20
    assert canary.in_logs(stack, *who.needles) == set()


@pytest.mark.spec("A-24")
async def test_nothing_is_left_of_somebody_without_a_placed_order(stack: Stack, world: World) -> None:
    who = Somebody()
    account = await account_of(world, who)
    await write_everywhere(world, who, account)
    planted = await canary.in_databases(stack, *who.needles)
    assert planted >= {
        "customers.public.persons", "customers.public.addresses", "customers.public.business_profiles",
        "customers.public.account_search", "customers.public.assignments", "customers.public.idempotency",
        "orders.public.orders", "orders.public.order_lines", "orders.public.order_history",
        "orders.public.idempotency", "notifications.public.mails", "library.public.budgets",
        "library.public.budget_entries",
    }, planted  # fmt: skip
    receipt = await erase(world, account)
    assert {item["subject"] for item in receipt["erased"]} >= {
        "addresses", "business profiles", "passwords", "open carts and drafts, cancelled and emptied",
        "recipients, subjects and texts of mails",
    }  # fmt: skip
    assert all(item["kept_because"] for item in receipt["kept"])
    await nowhere(stack, who)
    seen = await world.admin.get(f"/v1/accounts/{account['id']}")
    assert (seen["state"], seen["display_name"], seen["persons"]) == ("CLOSED", "", [])
    assert seen["erase_time"]
    refused = await world.api.send("POST", "/v1/sign-in", json={"email": who.email, "password": PASSWORD})
    assert refused.status_code == 401


@pytest.mark.spec("A-24")
async def test_of_a_placed_order_the_law_keeps_the_parties_only(stack: Stack, world: World) -> None:
    who = Somebody()
    account = await account_of(world, who)
    me = await as_customer(world, who.email)
    order = await fill_sheet(world, me, who)
    placed = await me.place(order["id"], await me.get(f"/v1/orders/{order['id']}/checkout"))
    assert placed.status_code == 200, placed.text
    await world.mailbox.wait_for(to=who.email, count=2)
    total = placed.json()["totals"]["total"]
    receipt = await erase(world, account, by=me)
    (kept,) = [item for item in receipt["kept"] if "billing and delivery" in item["subject"]]
    assert kept["count"] == "1" or kept["count"] == 1
    assert "VAT Code art. 60" in kept["kept_because"]
    await nowhere(stack, who, but=frozenset({"orders.public.orders"}))
    assert await canary.columns(stack, "orders", "orders", *who.needles) <= FROZEN
    assert await canary.columns(stack, "orders", "orders", who.email, who.phone) == set()
    seen = await world.admin.get(f"/v1/orders/{order['id']}")
    assert (seen["state"], seen["totals"]["total"]) == ("PLACED", total)
    assert seen["billing_address"]["recipient"] == f"{who.word} Recipient"
    assert (seen["note"], seen["contact"]["email"], seen["parties"]["actor"]["display_name"]) == ("", "", "")


@pytest.mark.spec("A-24")
async def test_who_belongs_to_several_accounts_is_erased_from_one(stack: Stack, world: World) -> None:
    who = Somebody()
    account = await account_of(world, who)
    other = world.accounts[1]
    await world.admin.post(f"/v1/accounts/{other['id']}/members", who.names() | {"role": "USER"})
    await erase(world, account)
    elsewhere = await as_customer(world, who.email)
    assert (await elsewhere.get("/v1/session"))["subject"]["id"] == other["id"]
    order = await fill_sheet(world, elsewhere, who)
    left = await canary.in_databases(stack, *who.needles)
    assert "customers.public.persons" in left
    me = (await elsewhere.get("/v1/session"))["actor"]["id"]
    await erase(world, other, me, by=elsewhere)
    await nowhere(stack, who)
    assert (await world.admin.get(f"/v1/orders/{order['id']}"))["state"] == "CANCELLED"
    assert (await world.admin.get(f"/v1/accounts/{other['id']}"))["state"] == "ACTIVE"


@pytest.mark.spec("A-24", "A-06")
async def test_the_last_administrator_hands_over_first(stack: Stack, world: World) -> None:
    who = Somebody()
    account = await account_of(world, who)
    colleague = await invite(world, account, f"colleague-{uuid.uuid4().hex[:8]}@mail.example", "USER")
    me = await as_customer(world, who.email)
    mine = (await me.get("/v1/session"))["actor"]["id"]
    for body in ({"account_id": account["id"]}, {"account_id": account["id"], "person_id": mine}):
        refused = await me.send("POST", "/v1/erasures", json=body)
        assert (refused.status_code, refused.json()["reason"]) == (400, "LAST_ADMINISTRATOR")
    await me.call(
        "PATCH", f"/v1/accounts/{account['id']}/members/{colleague['id']}", {"role": "ADMINISTRATOR"}
    )
    await erase(world, account, mine, by=me)
    seen = await world.admin.get(f"/v1/accounts/{account['id']}")
    assert [person["id"] for person in seen["persons"]] == [colleague["id"]]
    assert seen["first_name"] == "Ann"


async def download(world: World, export: Json, by: Api) -> zipfile.ZipFile:
    answered = await by.send("GET", f"/v1/data-exports/{export['id']}/archive")
    assert (answered.status_code, answered.headers["content-type"]) == (200, "application/zip"), (
        answered.text[:500]
    )
    archive = zipfile.ZipFile(io.BytesIO(answered.content))
    assert archive.testzip() is None
    return archive


@pytest.mark.spec("A-24")
async def test_one_archive_holds_everything_of_every_service(stack: Stack, world: World) -> None:
    who = Somebody()
    account = await account_of(world, who)
    await write_everywhere(world, who, account)
    me = await as_customer(world, who.email)
    started = await me.call("POST", "/v1/data-exports", {"account_id": account["id"]}, headers=key())
    await wait_until(world, f"/v1/data-exports/{started['id']}", "READY")
    archive = await download(world, started, me)
    documents = {
        name: json.loads(archive.read(name)) for name in archive.namelist() if name.endswith(".json")
    }
    assert set(documents) == {
        f"{name}.json" for name in ("customers", "orders", "notifications", "catalog", "library")
    }
    assert archive.read("LISEZMOI.txt").decode().startswith("Vos données")
    assert documents["customers.json"]["persons"][0]["email"] == who.email
    assert len(documents["orders.json"]["orders"]) == 5
    assert {line["note"] for line in documents["orders.json"]["order_lines"]} == {f"{who.word} again"}
    assert documents["notifications.json"]["mails"]
    assert all(mail["recipient"] == who.email for mail in documents["notifications.json"]["mails"])
    assert documents["catalog.json"]["discount_rows"][0]["account_id"] == account["id"]
    assert documents["library.json"]["budgets"][0]["display_name"] == f"{who.word} budget"
    for stranger in (world.rep.api, world.api.as_("")):
        refused = await stranger.send("GET", f"/v1/data-exports/{started['id']}/archive")
        assert refused.status_code in {401, 403, 404}
    await erase(world, account)
    gone = await world.admin.send("GET", f"/v1/data-exports/{started['id']}/archive")
    assert gone.status_code == 404
    await nowhere(stack, who)


@pytest.mark.spec("A-24")
async def test_a_request_for_a_business_profile_goes_with_its_exchange(stack: Stack, world: World) -> None:
    who = Somebody()
    profile = {"company_name": f"{who.word} Company", "vat_number": "BE0403170701"}
    asked = who.names() | {"phone": who.phone, "profile": profile, "message": f"{who.word} writes"}
    answered = await world.api.as_("").send("POST", "/v1/business-requests", json=asked)
    assert answered.status_code == 202, answered.text
    await activate(world.api, world.mailbox, who.email)
    me = await as_customer(world, who.email)
    account = await world.admin.get(f"/v1/accounts/{(await me.get('/v1/session'))['subject']['id']}")
    waiting = (await world.admin.get("/v1/business-requests", page_size=200))["items"]
    path = f"/v1/business-requests/{next(one['id'] for one in waiting if one['account_id'] == account['id'])}"
    await world.admin.post(f"{path}:ask", {"message": f"Dear {who.word}"}, headers=key())
    await me.post(f"{path}:answer", {"message": f"{who.word} again", "profile": profile}, headers=key())
    planted = await canary.in_databases(stack, *who.needles)
    assert planted >= {"customers.public.business_requests", "customers.public.business_request_messages"}
    await erase(world, account, by=me)
    await nowhere(stack, who)


@pytest.mark.spec("A-24", "H-14")
async def test_a_client_of_a_care_platform_is_erased_and_would_be_new(stack: Stack, world: World) -> None:
    who = Somebody()
    await price_for_consumers(world)
    platform = await Platform(world.api, f"care{uuid.uuid4().hex[:8]}").register(world.admin)
    await platform.community(world.admin, "house")
    client = uuid.uuid4().hex
    profile = {"first_name": who.word, "last_name": who.word, "phone": who.phone, "email": who.email}
    handed = await platform.hand_over(client, "house", **profile, address=who.address)
    await fill_sheet(world, handed.api, who, payment="PAY_LATER")
    assert await canary.in_databases(stack, *who.needles) >= {
        "customers.public.persons",
        "customers.public.addresses",
        "orders.public.orders",
    }
    await erase(world, {"id": handed.account_id})
    await nowhere(stack, who)
    refused = await handed.api.send("GET", "/v1/session")
    assert refused.status_code == 401
    again = await platform.hand_over(client, "house")
    assert again.account_id != handed.account_id


@pytest.mark.spec("A-24")
async def test_a_service_that_is_down_delays_the_end_only(stack: Stack, world: World) -> None:
    who = Somebody()
    account = await account_of(world, who)
    me = await as_customer(world, who.email)
    await fill_sheet(world, me, who)
    await stack.kill("orders")
    try:
        started = await me.call("POST", "/v1/erasures", {"account_id": account["id"]})
        seen = await world.admin.get(f"/v1/erasures/{started['id']}")
        assert (seen["state"], "orders" in seen["missing"]) == ("RUNNING", True)
        left = {
            name for name in await canary.in_databases(stack, *who.needles) if name.startswith("customers.")
        }
        # An event that the audit was just reading; looked at once more when all have reported.
        assert left <= {"customers.public.audit_authors"}
    finally:
        await stack.start("orders")
    await wait_until(world, f"/v1/erasures/{started['id']}", "DONE")
    await nowhere(stack, who)


@pytest.mark.spec("A-24")
async def test_a_crash_in_the_middle_is_made_good(stack: Stack, world: World) -> None:
    """Killed after its part was reported and before the event was acknowledged: the event comes again."""
    who = Somebody()
    account = await account_of(world, who)
    me = await as_customer(world, who.email)
    await fill_sheet(world, me, who)
    await stack.crash_at("orders", "consumer.before_commit")
    try:
        started = await world.admin.call("POST", "/v1/erasures", {"account_id": account["id"]})
        await stack.wait("orders")
    finally:
        await stack.start("orders", env={})
    done = await wait_until(world, f"/v1/erasures/{started['id']}", "DONE")
    (sheets,) = [item for item in done["receipt"]["erased"] if "drafts" in item["subject"]]
    assert int(sheets["count"]) == 1
    again = await world.admin.call("POST", "/v1/erasures", {"account_id": account["id"]})
    assert (again["id"], again["receipt"]) == (done["id"], done["receipt"])
    await nowhere(stack, who)


async def test_the_scan_finds_what_is_there(stack: Stack, world: World) -> None:
    """A scan that finds nothing would prove nothing."""
    assert "customers.public.persons" in await canary.in_databases(stack, "peeters 1")
    subjects, _ = await canary.in_streams(stack, world.accounts[0]["id"])
    assert "commis.customers.v1.account_created" in subjects
    assert "customers" in canary.in_logs(stack, "serving")
