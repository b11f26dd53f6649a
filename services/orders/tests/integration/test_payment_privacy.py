"""Data protection and payments: they are handed in, their amounts stay, what was written about them goes."""

import json

import pytest

from chassis.ids import new_id
from orders.attachments.blobs import DirectoryBlobs
from orders.privacy import payments
from orders.privacy.erasing import Scope, erase
from services.orders.tests.provider import RETURN, Till
from services.orders.tests.rpc.test_refunds import refund
from services.orders.tests.shop import Shop


@pytest.mark.spec("A-24")
async def test_payments_are_handed_in_and_lose_what_was_written(
    till: Till, shop: Shop, blobs: DirectoryBlobs
) -> None:
    order, payment_id = await till.paid()
    await refund(till, payment_id, "10.00", reason="Lies Peeters was unhappy")
    await till.follow()
    found = [
        (section, json.loads(row))
        async for section, row in payments.rows(shop.infra.sessions, shop.account, str(shop.person))
    ]
    assert [section for section, _ in found] == ["payments", "refunds"]
    [paid, given_back] = [row for _, row in found]
    assert (paid["order_id"], paid["amount"], given_back["amount"]) == (order.id, 5614, 1000)
    assert "checkout_address" not in paid
    assert [one async for one in payments.rows(shop.infra.sessions, shop.account, str(new_id()))] == []
    assert [one async for one in payments.rows(shop.infra.sessions, new_id(), "")] == []

    [row] = await shop.rows("SELECT return_address FROM payments")
    assert row.return_address == RETURN
    scope = Scope(new_id(), shop.account, None, ("lies@linde.example",))
    for _ in range(2):
        await erase(shop.infra.sessions, blobs, scope)
    [kept] = await shop.rows(
        "SELECT p.amount, p.state, p.checkout_address, p.return_address, r.reason, r.amount AS back"
        " FROM payments p JOIN refunds r ON r.payment_id = p.id"
    )
    assert tuple(kept) == (5614, "PAID", "", "", "", 1000)
