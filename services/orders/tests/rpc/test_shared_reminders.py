"""What happens to a shared order by itself: it ends, and whoever is asked is reminded, each once."""

import datetime
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from commis.orders.v1 import events_pb2, orders_pb2
from commis.orders.v1 import shared_orders_pb2 as pb

from chassis import db
from orders.shared import reminding
from orders.shipping.store import ShippingMethods
from services.orders.tests.negotiating import TERMS, Table, a_sent_table, a_table, day
from services.orders.tests.shop import Shop, refused

pytestmark = pytest.mark.spec("N-13")
PLACED = orders_pb2.Order.STATE_PLACED


async def told(shop: Shop) -> list[tuple[str, str]]:
    found = [events_pb2.SheetReminderDue.FromString(raw) for raw in await shop.events("sheet_reminder_due")]
    return [(event.why, event.side) for event in found]


async def test_who_does_not_answer_is_reminded_once_per_hand_over(shop: Shop, clock: Any) -> None:
    table = await a_sent_table(shop)
    now = datetime.datetime.now(datetime.UTC)
    clock.fixed = now + datetime.timedelta(days=2, hours=23)
    assert (await reminding.remind_waiting(shop.infra)).done == 0
    clock.fixed = now + datetime.timedelta(days=3, minutes=1)
    assert (await reminding.remind_waiting(shop.infra)).done == 1
    assert (await reminding.remind_waiting(shop.infra)).done == 0
    assert await told(shop) == [("waiting", "VENDOR")]
    await table.vendor.send(message="what do you think?")
    clock.fixed = now + datetime.timedelta(days=7)
    await table.customer.look()
    await table.customer.change(0, quantity=9)  # which is an answer
    assert (await reminding.remind_waiting(shop.infra)).done == 0


async def test_an_offer_ends_once_in_the_log_and_in_the_zone_of_the_vendor(shop: Shop, clock: Any) -> None:
    table = a_table(shop)
    await table.rep.start(await shop.sheet(("A", 1), who=shop.as_rep))
    await table.rep.send(expire_date=day("2999-06-10"))
    clock.fixed = datetime.datetime(
        2999, 6, 7, 21, 59, tzinfo=datetime.UTC
    )  # the 7th, two hours ahead of UTC
    assert (await reminding.remind_expiring(shop.infra)).done == 0
    clock.fixed = datetime.datetime(2999, 6, 7, 22, 1, tzinfo=datetime.UTC)  # the 8th in Brussels
    assert (await reminding.remind_expiring(shop.infra)).done == 1
    assert (await reminding.remind_expiring(shop.infra)).done == 0
    clock.fixed = datetime.datetime(2999, 6, 10, 21, 59, tzinfo=datetime.UTC)
    assert (await reminding.expire(shop.infra)).done == 0
    clock.fixed = datetime.datetime(2999, 6, 10, 22, 1, tzinfo=datetime.UTC)
    assert (await reminding.expire(shop.infra)).done == 1
    assert (await reminding.expire(shop.infra)).done == 0
    assert await told(shop) == [("expiring", "CUSTOMER"), ("expired", "CUSTOMER")]
    assert [change.kind for change in await table.rep.log()][-1] == "expired"
    (payload,) = (await shop.events(f"sheets.{table.rep.seen.order_id}"))[-1:]
    event = pb.SheetChanged.FromString(payload)
    assert [change.kind for change in event.changes] == ["expired"]
    await table.rep.send(expire_date=day("2999-07-01"))
    clock.fixed = datetime.datetime(2999, 7, 2, 12, tzinfo=datetime.UTC)
    assert (await reminding.expire(shop.infra)).done == 1, "once more, for the new date"


async def test_what_was_not_sent_or_has_ended_reminds_nobody(shop: Shop, clock: Any) -> None:
    table = a_table(shop)
    await table.rep.start(await shop.sheet(("A", 1), who=shop.as_rep), expire_date=day("2999-06-10"))
    other = await a_sent_table(shop)
    await other.customer.send(expire_date=day("2999-06-10"))
    await other.customer.end()
    clock.fixed = datetime.datetime(2999, 6, 20, tzinfo=datetime.UTC)
    for work in (reminding.expire, reminding.remind_expiring, reminding.remind_waiting):
        assert (await work(shop.infra)).done == 0


async def a_placed_table_with_an_end(shop: Shop) -> Table:
    """Until the 10th."""
    table = await a_sent_table(shop)
    await table.vendor.send(expire_date=day("2999-06-10"))
    await table.look()
    await table.customer.accept(**TERMS)
    await table.vendor.look()
    assert (await table.vendor.accept()).state == PLACED
    await table.look()
    return table


@pytest.mark.spec("N-09")
async def test_the_end_of_an_offer_that_was_taken_ends_no_change_after_it(shop: Shop, clock: Any) -> None:
    clock.fixed = datetime.datetime(2999, 6, 1, 10, tzinfo=datetime.UTC)
    table = await a_placed_table_with_an_end(shop)
    clock.fixed = datetime.datetime(2999, 6, 12, 10, tzinfo=datetime.UTC)
    assert not table.vendor.seen.HasField("expire_date")
    await table.customer.change(0, quantity=6)
    await table.vendor.look()
    assert not (await table.vendor.accept()).obstacles
    assert (await shop.get(table.vendor.seen.order_id)).lines[0].quantity == 6
    await table.vendor.change(0, quantity=7)
    await table.vendor.send(expire_date=day("2999-06-20"))
    await table.customer.look()
    clock.fixed = datetime.datetime(2999, 6, 21, 10, tzinfo=datetime.UTC)
    async with refused("OFFER_EXPIRED"):
        await table.customer.accept()


@pytest.mark.spec("N-09")
async def test_what_does_not_end_keeps_nobody_else_from_it(
    shop: Shop, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change after placing whose time is over, and an order that is being placed just now."""
    monkeypatch.setattr(reminding, "_AT_ONCE", 2)
    clock.fixed = datetime.datetime(2999, 6, 1, 10, tzinfo=datetime.UTC)
    for until in ("2999-06-10", "2999-06-11"):
        table = await a_placed_table_with_an_end(shop)
        await table.customer.change(0, quantity=6)
        await table.customer.send(expire_date=day(until))
    for until in ("2999-06-12", "2999-06-13"):
        table = await a_sent_table(shop)
        await table.customer.send(expire_date=day(until))
    busy = "UPDATE orders SET placing_attempt = id, placing_until = now() + interval '1 hour' WHERE id = :id"
    async with shop.infra.sessions.begin() as session:
        await session.execute(sa.text(busy), {"id": table.vendor.seen.order_id})
    clock.fixed = datetime.datetime(2999, 6, 20, 10, tzinfo=datetime.UTC)
    assert (await reminding.expire(shop.infra)).done == 1
    assert (await reminding.expire(shop.infra)).done == 0
    assert await told(shop) == [("expired", "VENDOR")]


async def test_one_connection_is_enough_to_end_an_offer(shop: Shop, clock: Any) -> None:
    """Nothing else is asked of the database while an order is locked."""
    table = await a_sent_table(shop)
    await table.customer.send(expire_date=day("2999-06-10"))
    clock.fixed = datetime.datetime(2999, 6, 12, 10, tzinfo=datetime.UTC)
    url = shop.infra.engine.url.render_as_string(hide_password=False)
    narrow = db.engine_for(url, pool_size=1)
    sessions = db.sessions(narrow)
    infra = replace(shop.infra, sessions=sessions, methods=ShippingMethods(sessions))
    assert (await reminding.expire(infra)).done == 1
    await narrow.dispose()
