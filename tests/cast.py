"""Everybody who may call, and one object of every kind: what the access matrix asks with and about."""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any

import httpx

from tests.api import Api, Json, sign_in
from tests.partner import Platform, today
from tests.world import BRUSSELS, PASSWORD, World, activate, price_for_consumers

REQUEST_PROFILE = {"company_name": "Papeterie Noël", "vat_number": "BE0403170701"}


@dataclasses.dataclass
class Cast:
    """`callers` by the names of tests.access_rules; `objects` by the names in its curly brackets; `of_carer` are
    the same with those of the care worker's own client."""

    callers: dict[str, Api]
    objects: dict[str, str]
    of_carer: dict[str, str]


async def invite(world: World, account: Json, email: str, role: str) -> Json:
    """A member of the account who has a password; answers the person."""
    person = await world.admin.post(
        f"/v1/accounts/{account['id']}/members",
        {"first_name": "Ann", "last_name": "Maes", "email": email, "language_code": "nl", "role": role},
    )
    await activate(world.api, world.mailbox, email)
    return person


async def as_customer(world: World, email: str) -> Api:
    """Signed in with a password, for the only account."""
    return await sign_in(world.api, email, PASSWORD)


async def staff(world: World, role: str) -> Api:
    email = f"{role.lower()}@vendor.example"
    await world.admin.post(
        "/v1/staff",
        {
            "first_name": "Kim",
            "last_name": role.title(),
            "email": email,
            "language_code": "en",
            "roles": [role],
        },
    )
    await activate(world.api, world.mailbox, email)
    return await sign_in(world.api, email, PASSWORD)


async def assemble(world: World, platform: Platform, rival: Platform, service_token: str) -> Cast:
    """Account X is the first of the world's, account Y the foreign one."""
    await price_for_consumers(world)
    x, y = world.accounts[0], world.foreign
    for account in (x, y):
        await activate(world.api, world.mailbox, account["email"])
    member = await invite(world, x, "user@shops.example", "USER")
    user = await as_customer(world, "user@shops.example")
    carer = await platform.hand_over("client-1", "gent")
    callers = {
        "anonymous": world.api,
        "user": user,
        "administrator": await as_customer(world, x["email"]),
        "neighbour": await as_customer(world, y["email"]),
        "rep": world.rep.api,
        "ordering": await world.ordering(x),
        "stranger": world.other_rep.api,
        "carer": carer.api,
        "platform": await platform.own(),
        "rival": await rival.own(),
        "admin": world.admin,
        "desk": await staff(world, "ORDER_DESK"),
        "catalogue": await staff(world, "CATALOGUE"),
        "finance": await staff(world, "FINANCE"),
        "service": world.api.as_(service_token),
    }
    own = await world.sheet(carer.api, (world.skus[51], 1), payment_method="PAY_LATER")
    home = (await world.admin.get(f"/v1/accounts/{carer.account_id}"))["addresses"][0]
    of_carer = {
        "account": carer.account_id,
        "order": own["id"],
        "line": own["lines"][0]["id"],
        "attachment": await attached(carer.api, own["id"]),
        "address": home["id"],
    }
    objects = (
        await _of_x(world, x, user) | await _of_the_vendor(world) | await _of_the_platform(world, platform)
    )
    objects["selection"] = await _selection(world, x["id"], carer.account_id)
    objects |= {"member": member["id"], "client": carer.account_id, "nobody": str(uuid.uuid4())}
    return Cast(callers, objects, objects | of_carer)


async def attached(who: Api, order_id: str) -> str:
    """A text at the order."""
    path = f"/v1/orders/{order_id}/attachments"
    added = await who.call("POST", path, params={"file_name": "plan.txt"}, content=b"Left of the door.")
    return str(added["id"])


async def _of_x(world: World, x: Json, user: Api) -> dict[str, str]:
    order = await world.sheet(user, (world.skus[50], 1))
    budget = {"account_id": x["id"], "code": "MATRIX", "display_name": "x", "period_start_date": "2026-01-01",
              "period_end_date": "2036-12-31", "total": {"amount": "100.00", "currency": "EUR"}}  # fmt: skip
    applicant = await world.admin.post(
        "/v1/accounts",
        {"first_name": "Zoé", "last_name": "Noël", "email": "applicant@shops.example", "language_code": "fr",
         "addresses": [{"label": "home", "address": BRUSSELS}]},
    )  # fmt: skip
    await activate(world.api, world.mailbox, applicant["email"])
    asking = await as_customer(world, applicant["email"])
    asked = await asking.post("/v1/business-requests", {"profile": REQUEST_PROFILE})
    erased = await world.admin.post(
        "/v1/accounts",
        {"first_name": "Gone", "last_name": "Soon", "email": "gone@shops.example", "language_code": "fr"},
    )
    mails = await world.mailbox.wait_for(to=x["email"])
    assert mails
    listed = await world.admin.get("/v1/mails", recipient=x["email"])
    return {
        "account": x["id"],
        "address": x["addresses"][0]["id"],
        "order": order["id"],
        "line": order["lines"][0]["id"],
        "past_order": await _placed(world, user),
        "attachment": await attached(user, order["id"]),
        **await _shipped(world, user),
        "shared_order": await _shared(world, user),
        "ended_order": await _shared(world, user, end=True),
        "budget": (await world.admin.post("/v1/budgets", budget))["id"],
        "request": asked["business_request"]["id"],
        "mail": listed["items"][0]["id"],
        "export": (await world.admin.post("/v1/data-exports", {"account_id": x["id"]}))["id"],
        "erasure": (await world.admin.post("/v1/erasures", {"account_id": erased["id"]}))["id"],
    }


async def _shared(world: World, user: Api, *, end: bool = False) -> str:
    """Sent to the vendor's side."""
    order = await world.sheet(user, (world.skus[50], 1))
    await user.post("/v1/shared-orders", {"order_id": order["id"], "send": True})
    if end:
        await user.post(f"/v1/shared-orders/{order['id']}:end", {"reason": "changed our mind"})
    return str(order["id"])


async def _shipped(world: World, user: Api) -> dict[str, str]:
    """An order in hand with a shipment and a message; and a canned message of the vendor's."""
    sheet = await world.sheet(user, (world.skus[50], 2))
    placed = await user.place(sheet["id"], await user.get(f"/v1/orders/{sheet['id']}/checkout"))
    assert placed.status_code == 200, placed.text
    path = f"/v1/orders/{sheet['id']}"
    await world.admin.post(f"{path}:process")
    lines = [{"line_id": placed.json()["lines"][0]["id"], "quantity": 1}]
    shipment = await world.admin.post(f"{path}/shipments", {"lines": lines})
    written = await world.admin.post(f"{path}/messages", {"text": "It is on its way."})
    canned = (await world.admin.get("/v1/canned-messages"))["items"][0]
    return {
        "shipped_order": sheet["id"],
        "shipment": shipment["id"],
        "order_message": written["id"],
        "canned_message": canned["id"],
    }


async def _placed(world: World, user: Api) -> str:
    order = await world.sheet(user, (world.skus[50], 1))
    placed = await user.place(order["id"], await user.get(f"/v1/orders/{order['id']}/checkout"))
    assert placed.status_code == 200, placed.text
    return str(order["id"])


async def _selection(world: World, *account_ids: str) -> str:
    selection = {"title": {"en": "Chairs"}, "valid_from": today(), "account_ids": list(account_ids)}
    body = {"selection": selection, "entries": [{"sku": world.skus[52]}]}
    return str((await world.admin.post("/v1/selections", body))["id"])


async def _of_the_vendor(world: World) -> dict[str, str]:
    admin = world.admin
    idle = await admin.post(
        "/v1/representatives",
        {"rep_code": "IDLE", "first_name": "Idle", "last_name": "Rep", "email": "idle@reps.example",
         "language_code": "nl"},
    )  # fmt: skip
    row = {"brand": "Nobody", "percent": "1", "valid_from": today(), "group": "MATRIX"}
    cap = {"jurisdiction": "CL", "buyer_class": "CONSUMER", "max_discount_percent": "0", "valid_from": today(),
           "source": "x", "certainty": "SECONDARY"}  # fmt: skip
    names = {
        "import": "/v1/imports",
        "price_list": "/v1/price-lists",
        "shipping_method": "/v1/shipping-methods",
    }
    first = {name: (await admin.get(path))["items"][0]["id"] for name, path in names.items()}
    hit = (await admin.get("/v1/products", query="chair"))["items"][0]
    return first | {
        "rep": world.rep.id,
        "idle_rep": idle["id"],
        "staff": (await admin.get("/v1/staff"))["items"][0]["id"],
        "product": hit["product"]["id"],
        "discount_row": (await admin.post("/v1/discount-rows", row))["id"],
        "legal_cap": (await admin.post("/v1/legal-caps", cap))["id"],
        "warehouse": world.warehouse_id,
    }


async def _of_the_platform(world: World, platform: Platform) -> dict[str, str]:
    made = await world.admin.post(
        "/v1/webhook-subscriptions",
        {"platform_id": platform.id, "target_address": "http://127.0.0.1:9/nobody-listens"},
    )
    await platform.hand_over("spare", "gent")
    handed = await platform.hand_over("client-2", "gent", email="client2@residents.example")
    order = await world.sheet(handed.api, (world.skus[51], 1), payment_method="PAY_LATER",
                              contact={"name": "Maria", "email": "client2@residents.example"})  # fmt: skip
    checkout = await handed.api.get(f"/v1/orders/{order['id']}/checkout")
    placed = await handed.api.place(order["id"], checkout)
    assert placed.status_code == 200, placed.text
    return {
        "platform": platform.id,
        "community": platform.communities["gent"]["id"],
        "subscription": made["id"],
        "delivery": await _delivery(world, made["id"]),
        "spare_client": "spare",
        "jwks": platform.jwks,
    }


async def _delivery(world: World, subscription_id: str) -> str:
    import asyncio

    for _ in range(300):
        listed = await world.admin.get("/v1/webhook-deliveries", subscription_id=subscription_id)
        if listed["items"]:
            return str(listed["items"][0]["id"])
        await asyncio.sleep(0.1)
    raise AssertionError("no webhook delivery within 30 s")


async def service_token(gateway_url: str, client_id: str, secret: str) -> str:
    """The token of a service, with its own scopes."""
    form: dict[str, Any] = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": secret,
    }
    async with httpx.AsyncClient(base_url=gateway_url) as http:
        answered = await http.post("/v1/oauth/token", data=form)
    assert answered.status_code == 200, answered.text
    return str(answered.json()["access_token"])
