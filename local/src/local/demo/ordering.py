"""The main job: a representative orders for one of the own customers, from search to confirmation mail."""

from __future__ import annotations

import datetime
import zoneinfo

from local.demo.api import Api, Json, Mails, Refused
from local.demo.choosing import available_sku
from local.demo.show import amount, more, quoted, step, title
from local.demo.vendor import read

_ZONE = zoneinfo.ZoneInfo("Europe/Brussels")
_REP = "R01"
_SHIPPING = "STANDARD"
_CUSTOMER = "moreau"
# What to search for, how many to order, and the customer's own references.
_WANTED = (
    ("chaz kang", 12, "Rayon sport", "CC-SPORT"),
    ("tshirt", 60, "Vitrine", "CC-SPORT"),
    ("9780439023481", 6, "Table jeunesse", "CC-LIVRES"),
    ("mockingbird", 2, "Commande client 4711", "CC-LIVRES"),
)


async def order_as_representative(api: Api, mails: Mails, password: str) -> int:
    """Do it all, printing each step; answers 0 when the confirmation mail came."""
    rep = next(rep for rep in read("customers.json")["representatives"] if rep["rep_code"] == _REP)
    title(f"{rep['first_name']} {rep['last_name']}, representative {_REP}, orders for a customer")
    own = await api.sign_in(rep["email"], password)
    step("signed in", rep["email"])
    account = await _choose_customer(own)
    session = api.signed_in(await own.post(f"/v1/accounts/{account['id']}:open-session"))
    step("session", f"acts for {account['display_name']}, as representative {_REP}")
    lines = await _choose_articles(session)
    await _show_prices(session, lines)
    order = await _fill_cart(session, lines)
    return await _place(session, mails, order, account)


async def _choose_customer(rep: Api) -> Json:
    """Search among the own customers; those of others do not exist for a representative."""
    found = (await rep.get("/v1/accounts", query=_CUSTOMER))["items"]
    step("customers", f"{len(found)} found with {_CUSTOMER!r}:")
    for account in found[:3]:
        more(f"{account['number']} {account['display_name']}, {_delivery(account)['city']}")
    foreign = await rep.get("/v1/accounts", query="milano")
    step("isolation", f"{len(foreign['items'])} found in Milano, where another representative travels")
    trusted = [account for account in found if account["business_profile"]["pay_later_allowed"]]
    return dict((trusted or found)[0])


def _delivery(account: Json) -> Json:
    """The address that goods go to."""
    chosen = next(entry for entry in account["addresses"] if entry["default_delivery"])
    return dict(chosen["address"])


async def _choose_articles(session: Api) -> list[Json]:
    """Search as one types; of each answer, a variant that can be had."""
    lines: list[Json] = []
    for query, quantity, reference, cost_centre in _WANTED:
        answer = await session.get("/v1/products", query=query, language="fr", page_size=5)
        hit = answer["items"][0]
        sku = available_sku(hit, quantity)
        name = hit["product"]["name"].get("fr") or hit["product"]["name"]["en"]
        step("search", f"{query!r}: {len(answer['items'])} shown, {name} → {sku}")
        lines.append(
            {"sku": sku, "quantity": quantity, "line_reference": reference, "cost_centre": cost_centre}
        )
    return lines


async def _show_prices(session: Api, lines: list[Json]) -> None:
    """This customer's prices, each with why it is what it is."""
    wanted = [{"sku": line["sku"], "quantity": line["quantity"]} for line in lines]
    quote = await session.post("/v1/quotes", {"lines": wanted, "language": "fr"})
    for line in quote["lines"]:
        if not line.get("price"):
            step("price", f"{line['quantity']} × {line['sku']}: {line['refusal']['reason']}")
            continue
        price = line["price"]
        kind = "gross" if price["tax_inclusive"] else "net"
        step("price", f"{line['quantity']} × {line['description']} = {amount(price['total'])} {kind}")
        for reason in price["trace"]:
            more(f"{reason['kind'].lower()}: {reason['description']}")


async def _fill_cart(session: Api, lines: list[Json]) -> Json:
    """The one open cart of this customer and representative; what lies in it from before is taken out."""
    cart = await session.post("/v1/cart")
    for line in cart["lines"]:
        await session.delete(f"/v1/orders/{cart['id']}/lines/{line['id']}")
    await session.post(f"/v1/orders/{cart['id']}/lines", {"lines": lines})
    checkout = await session.get(f"/v1/orders/{cart['id']}/checkout")
    options = checkout["shipping_options"]
    offered = ", ".join(f"{option['code']} {amount(option['price'])}" for option in options)
    step("shipping", f"offered: {offered}")
    methods = checkout["payment_methods"]
    standard = any(option["code"] == _SHIPPING for option in options)
    step("payment", f"offered: {', '.join(methods)}; card and wallet are not for representatives")
    payment = "PAY_LATER" if "PAY_LATER" in methods else "BANK_TRANSFER"
    return await session.patch(
        f"/v1/orders/{cart['id']}",
        {
            "order_reference": f"Visite du {datetime.datetime.now(_ZONE):%d/%m/%Y}",
            "shipping_method": _SHIPPING if standard else options[0]["code"],
            "payment_method": payment,
        },
    )


async def _place(session: Api, mails: Mails, order: Json, account: Json) -> int:
    """Accept the terms as shown, place, and wait for the confirmation to the customer."""
    checkout = await session.get(f"/v1/orders/{order['id']}/checkout")
    for obstacle in checkout["obstacles"]:
        if obstacle["reason"] != "TERMS_NOT_ACCEPTED":
            step("obstacle", f"{obstacle['field']}: {obstacle['description']}")
    step("terms", f"version {checkout['terms_version']}: {checkout['terms_text'][:60]}…")
    accepted = {"terms_version": checkout["terms_version"], "terms_hash": checkout["terms_hash"]}
    try:
        placed = await session.post(f"/v1/orders/{order['id']}:place", accepted, key=order["id"])
    except Refused as refused:
        step("refused", str(refused))
        return 1
    _show_order(placed)
    mail = await mails.wait_for(account["email"], placed["number"])
    if mail is None:
        step("mail", f"none came to {account['email']} within a minute")
        return 1
    title(f"Mail to {account['email']}: {mail['subject']}")
    quoted(mail["text"])
    print(f"\nOrder {placed['number']} is placed and confirmed.", flush=True)
    return 0


def _show_order(order: Json) -> None:
    parties, totals = order["parties"], order["totals"]
    title(f"Order {order['number']} ({order['state']})")
    for role in ("actor", "customer", "payer"):
        step(role, f"{parties[role]['display_name']} ({parties[role]['kind'].lower()})")
    step("channel", f"{parties['channel']}, representative {parties['rep_code']}")
    for line in order["lines"]:
        step(
            f"line {line['position']}",
            f"{line['quantity']} × {line['description']}: {amount(line['price']['total'])}",
        )
    step("goods", f"{amount(totals['goods'])}, discount {amount(totals['discount'])}")
    step("shipping", f"{amount(totals['shipping'])} for {int(totals['weight_grams']) / 1000:.3f} kg")
    for tax in totals["taxes"]:
        step("tax", f"{tax['rate_percent']} % of {amount(tax['taxable'])} = {amount(tax['tax'])}")
    step("total", amount(totals["total"]))
