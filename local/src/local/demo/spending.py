"""Spending control: what a user of a business orders above the limit waits for an administrator of the account."""

from __future__ import annotations

from local.demo.api import Api, Json, Mails, Refused
from local.demo.choosing import available_sku, delivered
from local.demo.people import set_password, who_signs_in
from local.demo.show import amount, step, title

_CLERK = {"first_name": "Louise", "last_name": "Petit", "language_code": "fr", "role": "USER"}
_EMAIL = "louise.petit@shop.example"
_LIMIT = {"amount": "100.00", "currency": "EUR"}
_WANTED = ("tshirt", 40)


async def approve_an_order(api: Api, mails: Mails, password: str) -> int:
    """Invite, order, approve; answers 0 when the order was placed by the approval."""
    owner_email = next(email for email in who_signs_in() if email.endswith("@shop.example"))
    owner = await api.sign_in(owner_email, password)
    session = await owner.get("/v1/session")
    account_id = session["subject"]["id"]
    title(f"{session['subject']['display_name']}: a user orders above the limit, an administrator approves")
    await owner.patch(f"/v1/accounts/{account_id}", {"spending_control": True})
    user = await _clerk(api, mails, owner, account_id, password)
    step("limit", f"{_EMAIL} may spend {amount(_LIMIT)} an order; {owner_email} approves what is above")
    asked = await _order(user)
    step("asked", f"{amount(asked['totals']['total'])}: {asked['state']}")
    if asked["state"] != "PENDING_APPROVAL":
        return 1
    placed = await owner.post(f"/v1/orders/{asked['id']}:approve", key=asked["id"], etag=asked["etag"])
    parties = placed["parties"]
    step(
        "approved", f"by {parties['approver']['display_name']}, ordered by {parties['actor']['display_name']}"
    )
    step("placed", f"order {placed['number']} ({placed['state']})")
    return 0 if placed["state"] == "PLACED" else 1


async def _clerk(api: Api, mails: Mails, owner: Api, account_id: str, password: str) -> Api:
    """The user, invited when there is none yet, with this limit."""
    members = f"/v1/accounts/{account_id}/members"
    present = {member["email"]: member async for member in owner.items(members)}
    if _EMAIL not in present:
        await owner.post(members, _CLERK | {"email": _EMAIL, "spending_limit": _LIMIT})
    try:
        return await api.sign_in(_EMAIL, password)
    except Refused as refused:
        if refused.status != 401:
            raise
    await set_password(api, mails, _EMAIL, password)
    return await api.sign_in(_EMAIL, password)


async def _order(user: Api) -> Json:
    """A sheet of its own, placed as far as the user may."""
    query, quantity = _WANTED
    hit = (await user.get("/v1/products", query=query, language="fr", page_size=1))["items"][0]
    lines = [{"sku": available_sku(hit, quantity), "quantity": quantity}]
    order = await user.post("/v1/orders", {"lines": lines, "payment_method": "BANK_TRANSFER"})
    checkout = await user.get(f"/v1/orders/{order['id']}/checkout")
    shipping = {"shipping_method": delivered(checkout)}
    await user.patch(f"/v1/orders/{order['id']}", shipping)
    accepted = {"terms_version": checkout["terms_version"], "terms_hash": checkout["terms_hash"]}
    return await user.post(f"/v1/orders/{order['id']}:place", accepted, key=order["id"])
