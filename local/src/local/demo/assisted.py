"""The assisted order: a carer helps a resident to order, the residence is billed, the platform is told."""

from __future__ import annotations

import asyncio
import datetime
import zoneinfo
from urllib.parse import urlsplit

import httpx

from local.demo.api import Api, Json, Mails, Refused
from local.demo.choosing import available_sku, delivered
from local.demo.show import amount, more, quoted, step, title
from local.demo.site import Site
from local.demo.vendor import read

_ZONE = zoneinfo.ZoneInfo("Europe/Brussels")
_CLIENT, _WORKER = "client-4711", "worker-17"
_WANTED = (("potter", 1, "Pour Jeanne"), ("hoodie", 1, "Pour l'hiver"))
_WEBHOOK_SECONDS = 60.0


async def order_for_a_client(api: Api, mails: Mails, site: Site) -> int:
    """Do it all, printing each step; answers 0 when mail and webhook came and the figures were read."""
    care = read("care.json")
    worker = next(one for one in care["care_workers"] if one["sub"] == _WORKER)
    client = next(one for one in care["clients"] if one["sub"] == _CLIENT)
    name = f"{client['profile']['first_name']} {client['profile']['last_name']}"
    title(f"{worker['name']}, care worker of {care['platform']['display_name']}, orders for {name}")
    async with httpx.AsyncClient(base_url=site.careplatform_url, timeout=30) as platform:
        session, opened = await _hand_over(api, platform)
        order = await _fill_cart(session)
        placed = await _place(session, order, opened)
        if placed is None:
            return 1
        confirmed = await _confirmation(mails, placed)
        told = await _webhook(platform, placed)
        return 0 if confirmed and told and await _figures(platform, opened) else 1


async def _hand_over(api: Api, platform: httpx.AsyncClient) -> tuple[Api, Json]:
    """Back channel, one-time address, exchange: the browser of the care worker is in the shop."""
    answered = await platform.post("/handoffs", json={"client": _CLIENT, "care_worker": _WORKER})
    if answered.status_code != 201:
        raise Refused(answered)
    address = str(answered.json()["address"])
    page, code = address.split("#handoff=")
    step("hand-off", f"signed and posted by the platform; one-time address {page}#handoff={code[:6]}…")
    tokens = await api.post("/v1/handoffs:exchange", {"code": code})
    try:
        await api.post("/v1/handoffs:exchange", {"code": code})
    except Refused as refused:
        step("once only", f"a second exchange answers {refused.status} {refused.reason}")
    assisted = dict(tokens["session"]["assisted"])
    step("session", f"for {assisted['client_name']} of {assisted['community_name']}")
    more(f"acts: {assisted['care_worker_name']}; until {assisted['expire_time']}")
    more(f"back to the platform: {urlsplit(assisted['return_address']).netloc}")
    return api.signed_in(tokens), assisted


async def _fill_cart(session: Api) -> Json:
    """This session's own cart; another client's session in the same browser has another."""
    cart = await session.post("/v1/cart")
    lines = []
    for query, quantity, reference in _WANTED:
        hit = (await session.get("/v1/products", query=query, language="fr", page_size=1))["items"][0]
        sku = available_sku(hit, 1)
        step("search", f"{query!r}: {sku}")
        lines.append({"sku": sku, "quantity": quantity, "line_reference": reference})
    await session.post(f"/v1/orders/{cart['id']}/lines", {"lines": lines})
    checkout = await session.get(f"/v1/orders/{cart['id']}/checkout")
    step("payment", f"agreed: {', '.join(checkout['payment_methods'])}")
    step("confirmation to", " or ".join(checkout["confirmation_emails"]))
    changes = {
        "shipping_method": delivered(checkout),
        "payment_method": "MONTHLY_RESIDENCE",
        "contact": {"email": checkout["confirmation_emails"][0]},
    }
    return await session.patch(f"/v1/orders/{cart['id']}", changes)


async def _place(session: Api, order: Json, assisted: Json) -> Json | None:
    """The care worker accepts the terms for the client; who accepted for whom is stored."""
    checkout = await session.get(f"/v1/orders/{order['id']}/checkout")
    accepted = {"terms_version": checkout["terms_version"], "terms_hash": checkout["terms_hash"]}
    try:
        placed = await session.post(f"/v1/orders/{order['id']}:place", accepted, key=order["id"])
    except Refused as refused:
        step("refused", str(refused))
        return None
    parties = placed["parties"]
    step("placed", f"order {placed['number']}, {amount(placed['totals']['total'])}, {parties['channel']}")
    for role in ("actor", "customer", "payer"):
        step(role, f"{parties[role]['display_name']} ({parties[role]['kind'].lower()})")
    step(
        "community",
        f"{assisted['community_name']}; terms {placed['terms_acceptance']['terms_version']} accepted",
    )
    return placed


async def _confirmation(mails: Mails, placed: Json) -> bool:
    address = placed["contact"]["email"]
    mail = await mails.wait_for(address, placed["number"])
    if mail is None:
        step("mail", f"none came to {address} within a minute")
        return False
    title(f"Mail to {address}, in the client's language: {mail['subject']}")
    quoted(mail["text"])
    return True


async def _webhook(platform: httpx.AsyncClient, placed: Json) -> bool:
    title("Back at the platform")
    deadline = asyncio.get_running_loop().time() + _WEBHOOK_SECONDS
    while True:
        answered = await platform.get("/webhooks", params={"order_id": placed["id"]})
        for message in answered.json()["webhooks"]:
            data = message["payload"]["data"]
            step("webhook", f"{message['type']} verified: {data['number']}, {amount(data['total'])}")
            more(f"client {data['client_external_id']}, care worker {data['care_worker_subject']}")
            return True
        if asyncio.get_running_loop().time() > deadline:
            step("webhook", "none came within a minute")
            return False
        await asyncio.sleep(0.1)


async def _figures(platform: httpx.AsyncClient, assisted: Json) -> bool:
    """Asked with the platform's own token."""
    today = datetime.datetime.now(_ZONE).date()
    period = {"from": str(today.replace(day=1)), "to": str(today)}
    answered = await platform.get(f"/communities/{assisted['community_id']}/statistics", params=period)
    if answered.status_code != 200:
        raise Refused(answered)
    total = answered.json()["total"]
    amounts = ", ".join(map(amount, total["amounts"]))
    step("statistics", f"{total['order_count']} orders for {total['client_count']} clients, {amounts}")
    for worker in answered.json()["care_workers"]:
        step("care worker", f"{worker['care_worker_subject']}: {worker['figures']['order_count']} orders")
    print("\nThe assisted order is placed, confirmed and known to the platform.", flush=True)
    return int(total["order_count"]) > 0
