"""The hosted page: what a customer sees, and the buttons that stand for what may happen on it."""

from __future__ import annotations

from html import escape

from local.payprovider.ledger import Payment

# What the form sends -> the state it leads to.
ACTIONS = {"pay": "paid", "fail": "failed", "cancel": "canceled", "expire": "expired", "wait": "pending"}
_LABELS = {
    "pay": "Pay",
    "fail": "Let it fail",
    "cancel": "Cancel",
    "expire": "Let it expire",
    "wait": "Leave it pending",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Payment provider (local)</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font-family: sans-serif; max-width: 30rem; margin: 3rem auto; padding: 0 1rem }}
button {{ margin: .25rem; padding: .6rem }}
</style></head><body>
<h1>Payment provider</h1>
<p>This is a simulator: no money moves.</p>
<p>Order {description}: <strong>{value} {currency}</strong></p>
<p>The payment is <strong>{status}</strong>.</p>
{buttons}
</body></html>
"""


def page(payment: Payment) -> bytes:
    """Buttons only while something can happen."""
    buttons = ""
    if payment.status in ("open", "pending", "authorized"):
        listed = "".join(
            f'<button name="action" value="{action}">{label}</button>' for action, label in _LABELS.items()
        )
        buttons = f'<form method="post">{listed}</form>'
    amount = payment.asked["amount"]
    shown = _PAGE.format(
        description=escape(payment.asked["description"]),
        value=escape(amount["value"]),
        currency=escape(amount["currency"]),
        status=escape(payment.status),
        buttons=buttons,
    )
    return shown.encode()
