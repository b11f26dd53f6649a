"""A small world made through the public API: staff, reps, accounts, a catalogue with stock, shipping and terms."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import re
import time
from typing import Any

import httpx

from tests.api import Api, Json, sign_in

PASSWORD = "correct horse battery staple 7"
TERMS = {"en": "Goods stay ours until paid.", "fr": "Réserve de propriété.", "nl": "Eigendomsvoorbehoud.",
         "it": "Riserva di proprietà."}  # fmt: skip
BRUSSELS = {
    "recipient": "Boekhandel De Linde",
    "street_lines": ["Kerkstraat 12"],
    "postal_code": "1000",
    "city": "Brussel",
    "region_code": "BE",
    "phone": "+32 2 555 01 01",
}


@dataclasses.dataclass
class Rep:
    """A representative who can sign in, with a session of its own."""

    id: str
    code: str
    email: str
    api: Api


@dataclasses.dataclass
class World:
    """What a test may count on. ``rep`` serves every account of ``accounts``; ``other_rep`` only ``foreign``."""

    api: Api
    mailbox: Mailbox
    admin: Api
    rep: Rep
    other_rep: Rep
    accounts: list[Json]
    foreign: Json
    skus: list[str]
    warehouse_id: str
    terms: Json = dataclasses.field(default_factory=dict)

    async def ordering(self, account: Json, rep: Rep | None = None) -> Api:
        """A session of the rep for this account."""
        opened = await (rep or self.rep).api.post(f"/v1/accounts/{account['id']}:open-session")
        return self.api.as_(opened["access_token"])

    async def sheet(self, session: Api, *lines: tuple[str, int], **fields: Any) -> Json:
        """A complete draft order with these (sku, quantity) lines."""
        body = {
            "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines],
            "shipping_method": "STANDARD",
            "payment_method": "BANK_TRANSFER",
            **fields,
        }
        return await session.post("/v1/orders", body)

    async def set_stock(self, sku: str, quantity: int) -> None:
        """Bring the counted stock of one SKU to ``quantity``."""
        await upload(self.admin, "STOCK", f"warehouse,sku,quantity\nMAIN,{sku},{quantity}\n")

    async def stock(self, sku: str) -> Json:
        """On hand, reserved and available of one SKU."""
        levels = (await self.admin.get("/v1/stock", sku=sku))["items"]
        assert len(levels) == 1
        return levels[0]


class Mailbox:
    """The mails that arrived."""

    def __init__(self, url: str) -> None:
        self._client = httpx.AsyncClient(base_url=url, timeout=10)

    async def messages(self, **filters: str) -> list[Json]:
        """Mails to an address or with a text in the subject."""
        answer = await self._client.get("/messages", params={"limit": "1000", **filters})
        messages: list[Json] = answer.json()["messages"]
        return messages

    async def wait_for(self, *, count: int = 1, seconds: float = 20, **filters: str) -> list[Json]:
        """Wait until at least ``count`` such mails lie in the box."""
        deadline = time.monotonic() + seconds
        while True:
            messages = await self.messages(**filters)
            if len(messages) >= count:
                return [(await self._client.get(f"/messages/{m['id']}")).json() for m in messages]
            assert time.monotonic() < deadline, f"{len(messages)} of {count} mails with {filters}"
            await asyncio.sleep(0.1)

    async def close(self) -> None:
        await self._client.aclose()


_LINK = re.compile(r"/set-password#token=([A-Za-z0-9_.\-]+)")


async def activate(api: Api, mailbox: Mailbox, email: str) -> None:
    """Follow the activation mail's link and set the password; nothing when another test has."""
    for mail in await mailbox.wait_for(to=email):
        link = _LINK.search(mail["text"])
        if link is None:
            continue
        answer = await api.send("POST", "/v1/passwords", json={"token": link[1], "password": PASSWORD})
        assert answer.is_success or answer.json()["reason"] == "LINK_NOT_VALID", answer.text
        return
    raise AssertionError(f"no link among the mails to {email}")


async def upload(staff: Api, kind: str, content: str) -> Json:
    """Import a CSV file and wait until the job ended; refuses a job with refused records."""
    job = await staff.call(
        "POST", "/v1/imports", params={"kind": kind, "file_name": f"{kind.lower()}.csv"},
        content=content.encode(), headers={"Content-Type": "text/csv"},
    )  # fmt: skip
    while job["state"] in {"PENDING", "RUNNING"}:
        await asyncio.sleep(0.05)
        job = await staff.get(f"/v1/imports/{job['id']}")
    assert (job["state"], int(job["refused_count"])) == ("SUCCEEDED", 0), job
    return job


async def _rep(admin: Api, mailbox: Mailbox, code: str) -> Rep:
    email = f"{code.lower()}@reps.example"
    created = await admin.post(
        "/v1/representatives",
        {"rep_code": code, "first_name": "Robin", "last_name": f"Reiziger {code}", "email": email,
         "language_code": "nl"},
    )  # fmt: skip
    await activate(admin.as_(""), mailbox, email)
    return Rep(created["id"], code, email, await sign_in(admin.as_(""), email, PASSWORD))


async def _account(admin: Api, number: int, rep: Rep) -> Json:
    account = await admin.post(
        "/v1/accounts",
        {"first_name": "Lies", "last_name": f"Peeters {number}", "email": f"buyer{number}@shops.example",
         "language_code": ("nl", "fr", "it", "en")[number % 4],
         "business_profile": {"company_name": f"Boekhandel De Linde {number}", "vat_number": "BE0403170701",
                              "b2b_active": True, "pay_later_allowed": True},
         "addresses": [{"label": "shop", "address": BRUSSELS, "default_billing": True, "default_delivery": True}]},
    )  # fmt: skip
    await admin.call("PUT", f"/v1/representatives/{rep.id}/accounts/{account['id']}")
    return account


async def _catalogue(admin: Api, variants: int, stock: int) -> list[str]:
    skus = [f"SKU-{number:05d}" for number in range(variants)]
    header = (
        "product_ref,sku,name_en,name_fr,brand,category,option_size,vat_class,weight_grams,stock_policy\n"
    )
    sizes = ("S", "M", "L")
    rows = (
        f"P{n // 3},{sku},Chair {n // 3},Chaise {n // 3},Linde,Home/Chairs,{sizes[n % 3]},STANDARD,1200,STOCKED\n"
        for n, sku in enumerate(skus)
    )
    await upload(admin, "PRODUCTS", header + "".join(rows))
    await admin.post(
        "/v1/price-lists",
        {"code": "NET", "display_name": "Net", "currency_code": "EUR", "tax_inclusive": False,
         "default_use": "BUSINESS"},
    )  # fmt: skip
    prices = "".join(f"NET,{sku},1,{10 + n % 90}.95,EUR,2024-01-01,\n" for n, sku in enumerate(skus))
    await upload(
        admin, "PRICES", "price_list,sku,min_quantity,amount,currency,valid_from,valid_to\n" + prices
    )
    levels = "".join(f"MAIN,{sku},{stock}\n" for sku in skus)
    await upload(admin, "STOCK", "warehouse,sku,quantity\n" + levels)
    return skus


async def price_for_consumers(world: World) -> None:
    """Gives everything a price for consumers, tax included; the same again does nothing."""
    admin = world.admin
    if any(one["code"] == "GROSS" for one in (await admin.get("/v1/price-lists"))["items"]):
        return
    await admin.post(
        "/v1/price-lists",
        {"code": "GROSS", "display_name": "Gross", "currency_code": "EUR", "tax_inclusive": True,
         "default_use": "CONSUMER"},
    )  # fmt: skip
    rows = "".join(f"GROSS,{sku},1,{15 + n % 90}.95,EUR,2024-01-01,\n" for n, sku in enumerate(world.skus))
    await upload(admin, "PRICES", "price_list,sku,min_quantity,amount,currency,valid_from,valid_to\n" + rows)


async def _checkout(admin: Api) -> Json:
    zone = {"region_codes": ["BE", "FR", "NL", "IT"], "postal_prefixes": [],
            "bands": [{"min_weight_grams": 0, "max_weight_grams": 0,
                       "price": {"amount": "6.50", "currency": "EUR"}}]}  # fmt: skip
    await admin.post(
        "/v1/shipping-methods",
        {"code": "STANDARD", "name": {"en": "Standard delivery", "nl": "Standaard levering"},
         "currency_code": "EUR", "pick_up": False, "active": True, "tax_inclusive": False, "zones": [zone]},
    )  # fmt: skip
    return await admin.post("/v1/terms", {"version": "2026-01", "text": TERMS})


async def build(
    gateway_url: str, mailbox_url: str, admin: tuple[str, str], *, variants: int = 60, stock: int = 1000,
    accounts: int = 4,
) -> World:  # fmt: skip
    """Make a world in an empty installation; ``admin`` is the first administrator's e-mail and password."""
    api, mailbox = Api(gateway_url), Mailbox(mailbox_url)
    staff = await sign_in(api, *admin)
    skus = await _catalogue(staff, variants, stock)
    await _checkout(staff)
    rep, other = await _rep(staff, mailbox, "REP01"), await _rep(staff, mailbox, "REP02")
    own = [await _account(staff, number, rep) for number in range(accounts)]
    foreign = await _account(staff, accounts, other)
    warehouses = (await staff.get("/v1/warehouses"))["items"]
    world = World(api, mailbox, staff, rep, other, own, foreign, skus, warehouses[0]["id"])
    text = TERMS["nl"]
    world.terms = {"terms_version": "2026-01", "terms_hash": hashlib.sha256(text.encode()).hexdigest()}
    return world
