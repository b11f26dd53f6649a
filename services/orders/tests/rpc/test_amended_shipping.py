"""What an amendment costs to ship, and what placing the same would be refused for."""

from typing import Any

import pytest
import sqlalchemy as sa
from commis.orders.v1 import orders_pb2
from commis.orders.v1 import shared_orders_pb2 as pb

from chassis.errors import FieldViolation
from services.orders.tests.negotiating import GREEN, Table, a_sent_table, day
from services.orders.tests.provider import Till
from services.orders.tests.rpc.test_amended_payments import a_paid_table
from services.orders.tests.rpc.test_shared_amendments import a_placed_table
from services.orders.tests.shop import Shop, amount

pytestmark = pytest.mark.spec("N-09")


async def agreed(table: Table, **change: Any) -> pb.SharedOrder:
    """The customer's change of the first line, which the vendor accepts."""
    await table.look()
    await table.customer.change(0, **change)
    await table.vendor.look()
    return await table.vendor.accept()


async def methods_become(shop: Shop, change: str) -> None:
    async with shop.infra.sessions.begin() as session:
        await session.execute(sa.text(f"UPDATE shipping_methods SET {change}"))
    shop.infra.methods.forget()


NO_LONGER = "active = false"
DEARER = """zones = jsonb_set(zones, '{0,bands,0,price}', '1950')"""


@pytest.mark.spec("O-22")
@pytest.mark.parametrize("change", [NO_LONGER, DEARER])
async def test_shipping_stays_as_it_was_placed_where_nothing_of_it_changed(
    till: Till, shop: Shop, change: str
) -> None:
    table, paid = await a_paid_table(till, shop)
    await methods_become(shop, change)
    assert (await table.vendor.look()).totals == paid.totals
    done = await agreed(table, delivery_date=day("2999-01-04"))
    assert (done.status.colour, list(done.obstacles)) == (GREEN, [])
    after = await shop.get(paid.id)
    assert after.lines[0].requested_delivery_date == day("2999-01-04")
    assert (after.totals, after.payment_state) == (paid.totals, paid.payment_state)
    assert amount(after.totals.shipping) == "6.50"
    await till.follow()
    [payment] = await till.list(paid.id)
    assert list(payment.refunds) == []


async def test_another_weight_is_shipped_at_the_price_of_now(shop: Shop) -> None:
    table = await a_placed_table(shop)
    await methods_become(shop, DEARER)
    await agreed(table, quantity=6)
    assert amount((await shop.get(table.vendor.seen.order_id)).totals.shipping) == "19.50"


async def test_what_no_method_ships_is_not_what_the_order_becomes(shop: Shop) -> None:
    """Beyond 50 kg."""
    table = await a_placed_table(shop, ("A", 2))
    before = await shop.get(table.vendor.seen.order_id)
    green = await agreed(table, quantity=101)
    assert [(each.field, each.reason) for each in green.obstacles] == [
        ("shipping_method", "SHIPPING_NOT_AVAILABLE")
    ]
    assert await shop.get(before.id) == before
    assert not shop.catalog.amending
    other = await a_sent_table(shop, ("A", 101))
    await other.customer.accept()
    await other.vendor.look()
    refused = {each.reason for each in (await other.vendor.accept()).obstacles}
    assert "SHIPPING_NOT_AVAILABLE" in refused, "as placing it is"


@pytest.mark.spec("O-20")
async def test_customers_is_asked_about_more_money_and_about_less_it_is_not(shop: Shop) -> None:
    table = await a_placed_table(shop)
    no_more = FieldViolation("payment_method", "is not allowed any more", "PAYMENT_NOT_ALLOWED")
    shop.customers.findings = (no_more,)
    green = await agreed(table, quantity=6)
    assert [each.reason for each in green.obstacles] == ["PAYMENT_NOT_ALLOWED"]
    order = await shop.get(green.order_id)
    assert order.lines[0].quantity == 5
    assert not (await agreed(table, quantity=4)).obstacles
    after = await shop.get(green.order_id)
    assert (after.lines[0].quantity, after.state) == (4, orders_pb2.Order.STATE_PLACED)
