"""The shared order: vendor and customer on one sheet, each on a live line, until both agreed to all of it."""

from __future__ import annotations

import datetime
import zoneinfo
from contextlib import AsyncExitStack
from decimal import Decimal

from local.demo.api import Api, Json, Mails, Refused
from local.demo.choosing import available_sku, delivered
from local.demo.live import View, watching
from local.demo.people import who_signs_in
from local.demo.show import amount, more, step, title
from local.demo.vendor import read
from local.environment import VENDOR_MAIL

_ZONE = zoneinfo.ZoneInfo("Europe/Brussels")
_REP = "R01"
_WANTED = (("tshirt", 30), ("chaz kang", 8), ("mockingbird", 10))
_SUBSTITUTE = "hoodie"
_LESS = Decimal("0.97")


class Story:
    """The two sides, their views, and the sheet's revision after the last thing that was done."""

    def __init__(self, customer: Api, vendor: Api, order_id: str) -> None:
        self.customer, self.vendor = customer, vendor
        self._path = f"/v1/shared-orders/{order_id}"
        self.views: list[View] = []

    async def sheet(self, side: Api) -> Json:
        """As this side sees it now."""
        return await side.get(self._path)

    async def do(self, side: Api, verb: str, body: Json) -> Json:
        """One command; then what both lines told."""
        done = await side.post(f"{self._path}:{verb}", body)
        for view in self.views:
            await view.at(int(done["revision"]))
            view.show()
        return done


async def agree_on_an_order(api: Api, mails: Mails, password: str) -> int:
    """Send, answer, counter, agree; answers 0 when the order was placed by the last agreement."""
    email = next(email for email in who_signs_in() if email.endswith("@shop.example"))
    rep = next(rep for rep in read("customers.json")["representatives"] if rep["rep_code"] == _REP)
    customer, vendor = await api.sign_in(email, password), await api.sign_in(rep["email"], password)
    name = (await customer.get("/v1/session"))["subject"]["display_name"]
    title(f"{name} and {rep['first_name']} {rep['last_name']} share an order, both live")
    order = await _draft(customer)
    story = Story(customer, vendor, order["id"])
    await customer.post(
        "/v1/shared-orders", {"order_id": order["id"], "send": True, "message": "Pour la rentrée"}
    )
    step("sent", f"{len(order['lines'])} lines, by the customer")
    mail = await mails.wait_for(VENDOR_MAIL, order["order_reference"], seconds=30)
    if mail is None:
        raise RuntimeError(f"no mail about the shared order came to {VENDOR_MAIL}")
    step("mail", f"to {VENDOR_MAIL}: {mail['subject']}")
    async with AsyncExitStack() as lines:
        for who, side in (("customer", customer), ("vendor", vendor)):
            story.views.append(await lines.enter_async_context(watching(side, order["id"], who)))
        for view in story.views:
            view.show()
        await _answer(story)
        await _stumble(story)
        return await _finish(story)


async def _draft(customer: Api) -> Json:
    lines = [
        {"sku": await _sku(customer, query, quantity), "quantity": quantity} for query, quantity in _WANTED
    ]
    order = await customer.post(
        "/v1/orders",
        {
            "lines": lines,
            "payment_method": "BANK_TRANSFER",
            "order_reference": f"Rentrée {datetime.datetime.now(_ZONE):%d/%m/%Y}",
        },
    )
    checkout = await customer.get(f"/v1/orders/{order['id']}/checkout")
    shipping = {"shipping_method": delivered(checkout)}
    return await customer.patch(f"/v1/orders/{order['id']}", shipping)


async def _sku(side: Api, query: str, quantity: int) -> str:
    """What the search shows first and can be had."""
    hits = (await side.get("/v1/products", query=query, language="fr", page_size=1))["items"]
    return available_sku(hits[0], quantity)


async def _answer(story: Story) -> None:
    """The vendor has too few of the first line and another article for the second; the customer names a price."""
    sheet = await story.sheet(story.vendor)
    first, second = sheet["lines"][0], sheet["lines"][1]
    substitute = await _sku(story.vendor, _SUBSTITUTE, int(second["current"]["quantity"]))
    step("vendor proposes", f"20 instead of 30, and {substitute} for {second['current']['sku']}")
    sheet = await story.do(
        story.vendor,
        "propose",
        {
            "revision": sheet["revision"],
            "lines": [
                {"line_id": first["id"], "quantity": 20, "mark": "SHORT"},
                {"line_id": second["id"], "sku": substitute, "mark": "SUBSTITUTED"},
            ],
        },
    )
    third = sheet["lines"][2]
    listed = third["current"]["unit_price"]
    wanted = listed | {"amount": f"{Decimal(listed['amount']) * _LESS:.2f}"}
    step("customer proposes", f"{amount(wanted)} instead of {amount(listed)}")
    sheet = await story.sheet(story.customer)
    await story.do(
        story.customer,
        "propose",
        {"revision": sheet["revision"], "lines": [{"line_id": third["id"], "unit_price": wanted}]},
    )


async def _stumble(story: Story) -> None:
    """The customer accepts what was on the screen a moment ago; nobody is bound to what was not seen."""
    seen = await story.sheet(story.customer)
    line = seen["lines"][0]
    step("vendor proposes", "24 after all, while the customer makes up its mind")
    await story.do(
        story.vendor,
        "propose",
        {"revision": seen["revision"], "lines": [{"line_id": line["id"], "quantity": 24}]},
    )
    try:
        await story.customer.post(
            f"/v1/shared-orders/{seen['order_id']}:accept",
            {"revision": seen["revision"], "hash": seen["hash"]},
        )
    except Refused as refused:
        step("refused", refused.reason)
        for difference in refused.problem["violations"]:
            more(f"{difference['field']} {difference['description']}")
    else:
        raise RuntimeError("terms that had moved were accepted")


async def _finish(story: Story) -> int:
    """The vendor takes the price, the customer the rest and the terms of sale: green, and placed."""
    sheet = await story.sheet(story.vendor)
    step("vendor accepts", "everything, the customer's price too")
    await story.do(story.vendor, "accept", {"revision": sheet["revision"], "hash": sheet["hash"]})
    sheet = await story.sheet(story.customer)
    terms = await story.customer.get("/v1/terms")
    step("customer accepts", f"everything, and the terms of sale {terms['version']}")
    done = await story.do(
        story.customer,
        "accept",
        {
            "revision": sheet["revision"],
            "hash": sheet["hash"],
            "terms_version": terms["version"],
            "terms_hash": terms["hashes"]["fr"],
        },
    )
    for obstacle in done["obstacles"]:
        step("obstacle", f"{obstacle['field']}: {obstacle['description']}")
    step("agreed", f"order {done['number']} ({done['state']}), {amount(done['totals']['total'])}")
    return 0 if done["state"] == "PLACED" else 1
