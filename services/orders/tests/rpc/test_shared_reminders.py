"""What happens to a shared order by itself: it ends, and whoever is asked is reminded, each once."""

import datetime
from typing import Any

import pytest
from commis.orders.v1 import events_pb2
from commis.orders.v1 import shared_orders_pb2 as pb

from orders.shared import reminding
from services.orders.tests.negotiating import a_sent_table, a_table, day
from services.orders.tests.shop import Shop

pytestmark = pytest.mark.spec("N-13")


async def told(shop: Shop) -> list[tuple[str, str]]:
    found = [events_pb2.SheetReminderDue.FromString(raw) for raw in await shop.events("sheet_reminder_due")]
    return [(event.why, event.side) for event in found]


async def test_who_does_not_answer_is_reminded_once_per_hand_over(shop: Shop, clock: Any) -> None:
    table = await a_sent_table(shop)
    now = datetime.datetime.now(datetime.UTC)
    clock.fixed = now + datetime.timedelta(days=2, hours=23)
    assert await reminding.remind_waiting(shop.infra) == 0
    clock.fixed = now + datetime.timedelta(days=3, minutes=1)
    assert await reminding.remind_waiting(shop.infra) == 1
    assert await reminding.remind_waiting(shop.infra) == 0
    assert await told(shop) == [("waiting", "VENDOR")]
    await table.vendor.send(message="what do you think?")
    clock.fixed = now + datetime.timedelta(days=7)
    await table.customer.look()
    await table.customer.change(0, quantity=9)  # which is an answer
    assert await reminding.remind_waiting(shop.infra) == 0


async def test_an_offer_ends_once_in_the_log_and_in_the_zone_of_the_vendor(shop: Shop, clock: Any) -> None:
    table = a_table(shop)
    await table.rep.start(await shop.sheet(("A", 1), who=shop.as_rep))
    await table.rep.send(expire_date=day("2999-06-10"))
    clock.fixed = datetime.datetime(
        2999, 6, 7, 21, 59, tzinfo=datetime.UTC
    )  # the 7th, two hours ahead of UTC
    assert await reminding.remind_expiring(shop.infra) == 0
    clock.fixed = datetime.datetime(2999, 6, 7, 22, 1, tzinfo=datetime.UTC)  # the 8th in Brussels
    assert await reminding.remind_expiring(shop.infra) == 1
    assert await reminding.remind_expiring(shop.infra) == 0
    clock.fixed = datetime.datetime(2999, 6, 10, 21, 59, tzinfo=datetime.UTC)
    assert await reminding.expire(shop.infra) == 0
    clock.fixed = datetime.datetime(2999, 6, 10, 22, 1, tzinfo=datetime.UTC)
    assert await reminding.expire(shop.infra) == 1
    assert await reminding.expire(shop.infra) == 0
    assert await told(shop) == [("expiring", "CUSTOMER"), ("expired", "CUSTOMER")]
    assert [change.kind for change in await table.rep.log()][-1] == "expired"
    (payload,) = (await shop.events(f"sheets.{table.rep.seen.order_id}"))[-1:]
    event = pb.SheetChanged.FromString(payload)
    assert [change.kind for change in event.changes] == ["expired"]
    await table.rep.send(expire_date=day("2999-07-01"))
    clock.fixed = datetime.datetime(2999, 7, 2, 12, tzinfo=datetime.UTC)
    assert await reminding.expire(shop.infra) == 1, "once more, for the new date"


async def test_what_was_not_sent_or_has_ended_reminds_nobody(shop: Shop, clock: Any) -> None:
    table = a_table(shop)
    await table.rep.start(await shop.sheet(("A", 1), who=shop.as_rep), expire_date=day("2999-06-10"))
    other = await a_sent_table(shop)
    await other.customer.send(expire_date=day("2999-06-10"))
    await other.customer.end()
    clock.fixed = datetime.datetime(2999, 6, 20, tzinfo=datetime.UTC)
    for work in (reminding.expire, reminding.remind_expiring, reminding.remind_waiting):
        assert await work(shop.infra) == 0
