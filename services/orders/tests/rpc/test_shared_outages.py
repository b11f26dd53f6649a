"""What both agreed to becomes an order though a neighbour was away when it was to be placed, however many wait."""

import datetime
from typing import Any

import pytest
from commis.orders.v1 import orders_pb2

from chassis.errors import DeadlineExceeded, Kind, RemoteError, Unavailable
from orders.shared import finishing, reminding
from services.orders.tests.negotiating import TERMS, a_sent_table
from services.orders.tests.rpc.test_shared_amendments import a_placed_table
from services.orders.tests.rpc.test_shared_finishing import an_agreed_table, later
from services.orders.tests.shop import Shop

pytestmark = pytest.mark.spec("N-07")
PLACED, NEGOTIATING = orders_pb2.Order.STATE_PLACED, orders_pb2.Order.STATE_NEGOTIATING
AWAY = [
    Unavailable("catalog is away"),
    DeadlineExceeded("catalog is slow"),
    RemoteError("away", kind=Kind.UNAVAILABLE, reason="DATABASE_UNAVAILABLE", domain="catalog", metadata={}),
]


@pytest.mark.parametrize("away", AWAY, ids=lambda error: str(error.reason))
async def test_a_neighbour_that_is_away_for_a_while_is_no_obstacle(
    shop: Shop, clock: Any, away: Exception
) -> None:
    table = await an_agreed_table(shop)
    shop.catalog.fail_reserve = away
    for _ in range(3):
        assert await later(shop, clock) == 0
        await finishing.finish_interrupted(shop.infra)
        seen = await table.vendor.look()
        assert (seen.state, list(seen.obstacles)) == (NEGOTIATING, [])
    assert shop.catalog.calls["reserve"] == 3, "not twice at once"
    shop.catalog.fail_reserve = None
    await later(shop, clock)
    assert (await shop.get(table.vendor.seen.order_id)).state == PLACED


async def test_customers_away_is_no_obstacle_either(shop: Shop, clock: Any) -> None:
    """It is asked before anything is tried."""
    table = await an_agreed_table(shop)
    shop.customers.down = True
    await later(shop, clock)
    shop.customers.down = False
    await later(shop, clock)
    assert (await shop.get(table.vendor.seen.order_id)).state == PLACED


async def test_who_agrees_while_a_neighbour_is_away_is_told_and_it_is_placed_by_itself(
    shop: Shop, clock: Any
) -> None:
    table = await a_sent_table(shop)
    await table.customer.accept(**TERMS)
    await table.vendor.look()
    shop.catalog.fail_reserve = Unavailable("catalog is away")
    told = await table.vendor.accept()
    assert [each.reason for each in told.obstacles] == ["UNAVAILABLE"]
    assert list((await table.vendor.look()).obstacles) == []
    shop.catalog.fail_reserve = None
    assert await later(shop, clock) == 1
    assert (await table.vendor.look()).state == PLACED


@pytest.mark.spec("N-09")
async def test_an_amendment_that_a_neighbour_kept_from_is_tried_again_by_itself(
    shop: Shop, clock: Any
) -> None:
    table = await a_placed_table(shop)
    await table.customer.change(1, quantity=4)
    await table.vendor.look()
    shop.catalog.fail_reserve = Unavailable("catalog is away")
    assert [each.reason for each in (await table.vendor.accept()).obstacles] == ["UNAVAILABLE"]
    await later(shop, clock)
    assert list((await table.vendor.look()).obstacles) == []
    shop.catalog.fail_reserve = None
    await later(shop, clock)
    assert (await shop.get(table.vendor.seen.order_id)).lines[1].quantity == 4


async def test_many_that_were_left_behind_are_all_placed_in_one_turn(
    shop: Shop, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finishing, "_AT_ONCE", 1)
    tables = [await an_agreed_table(shop) for _ in range(3)]
    clock.fixed = clock() + datetime.timedelta(hours=1)
    await reminding.Reminders(shop.infra).turn()
    assert [(await table.vendor.look()).state for table in tables] == [PLACED] * 3


async def test_where_nothing_succeeds_the_others_wait_for_the_next_turn_and_come_first_then(
    shop: Shop, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finishing, "_AT_ONCE", 1)
    tables = [await an_agreed_table(shop) for _ in range(2)]
    shop.catalog.fail_reserve = Unavailable("catalog is away")
    for tried in (1, 2):
        clock.fixed = clock() + datetime.timedelta(hours=1)
        await reminding.Reminders(shop.infra).turn()
        assert shop.catalog.calls["reserve"] == tried
    waiting = await shop.rows("SELECT count(*) FROM shared_orders WHERE retry_time IS NULL")
    assert waiting[0].count == 0, "each had its turn"
    shop.catalog.fail_reserve = None
    clock.fixed = clock() + datetime.timedelta(hours=1)
    await reminding.Reminders(shop.infra).turn()
    assert [(await table.vendor.look()).state for table in tables] == [PLACED] * 2
