"""Lists in every documented order, with every filter, page by page."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from commis.orders.v1 import orders_pb2 as pb
from google.type import date_pb2

from chassis.ids import new_id
from chassis.testing import as_customer, as_rep, as_rep_for
from services.orders.tests.care import Care
from services.orders.tests.conftest import Clock
from services.orders.tests.rpc.test_lists import day, ids
from services.orders.tests.shop import Shop, found, refused

Key = Callable[[pb.OrderSummary], Any]
SORTS: dict[int, tuple[Key, bool]] = {
    pb.ORDER_SORT_UNSPECIFIED: (lambda each: (each.create_time.ToDatetime(), each.id), True),
    pb.ORDER_SORT_NEWEST: (lambda each: (each.create_time.ToDatetime(), each.id), True),
    pb.ORDER_SORT_OLDEST: (lambda each: (each.create_time.ToDatetime(), each.id), False),
    pb.ORDER_SORT_PLACED_NEWEST: (lambda each: (each.place_time.ToDatetime(), each.id), True),
    pb.ORDER_SORT_TOTAL_HIGHEST: (lambda each: (each.total.units, each.total.nanos, each.id), True),
}


class Filled:
    """Twelve orders of two accounts and a client, made and placed in another order, with all kinds of totals."""

    def __init__(self, shop: Shop, clock: Clock) -> None:
        self.shop, self.clock, self.care = shop, clock, Care(shop)
        self.other, self.orders = shop.customers.add(display_name="Ander"), {}
        self.callers: list[Any] = []

    async def fill(self) -> None:
        shop = self.shop
        shop.customers.reps[self.other].add(str(shop.rep))
        client = self.care.client("maria@example.org")
        self.worker = new_id()
        self.callers = [
            shop.customer,
            as_customer(new_id(), self.other),
            self.care.carer(client, self.worker),
            as_rep_for(shop.rep, shop.account),
        ]
        made = []
        for number in range(12):
            self.clock.fixed = datetime.datetime(2026, 3, 1 + number, 9, tzinfo=datetime.UTC)
            who = self.callers[number % 4]
            assisted = {"payment_method": pb.PAYMENT_METHOD_PAY_LATER} if number % 4 == 2 else {}
            sheet = await shop.sheet(
                ("C", 1 + 5 * number % 7), who=who, order_reference=f"ref {number}", **assisted
            )
            made.append((sheet.id, who))
        for turn, number in enumerate((7, 0, 9, 4, 2, 10, 1)):
            self.clock.fixed = datetime.datetime(2026, 3, 20 + turn, 9, tzinfo=datetime.UTC)
            await shop.place(*made[number])
        self.clock.fixed = datetime.datetime(2026, 3, 28, 9, tzinfo=datetime.UTC)
        answer = await shop.orders.ListOrders(pb.ListOrdersRequest(), metadata=shop.staff)
        self.orders = {each.id: each for each in answer.orders}

    def wanted(self, sort: int, keep: Callable[[pb.OrderSummary], bool]) -> list[str]:
        key, descending = SORTS[sort]
        placed = sort == pb.ORDER_SORT_PLACED_NEWEST
        kept = [each for each in self.orders.values() if keep(each) and (each.number or not placed)]
        return [each.id for each in sorted(kept, key=key, reverse=descending)]


@pytest.mark.spec("O-34")
@pytest.mark.parametrize("sort", sorted(SORTS))
async def test_every_filter_in_every_order(shop: Shop, clock: Clock, sort: int) -> None:
    filled = Filled(shop, clock)
    await filled.fill()
    account, rep, worker = str(shop.account), str(shop.rep), str(filled.worker)
    cases: list[tuple[dict[str, Any], Callable[[pb.OrderSummary], bool]]] = [
        ({}, lambda each: True),
        ({"account_id": account}, lambda each: each.parties.customer.id == account),
        ({"states": [pb.Order.STATE_PLACED]}, lambda each: each.state == pb.Order.STATE_PLACED),
        ({"states": [pb.Order.STATE_DRAFT]}, lambda each: each.state == pb.Order.STATE_DRAFT),
        ({"states": [pb.Order.STATE_DRAFT, pb.Order.STATE_PLACED]}, lambda each: True),
        ({"representative_id": rep}, lambda each: each.parties.actor.id == rep),
        ({"actor_id": worker}, lambda each: each.parties.actor.id == worker),
        ({"community_id": str(filled.care.community)}, lambda each: bool(each.parties.community_name)),
        ({"payer_account_id": account}, lambda each: each.parties.payer.id == account),
        ({"query": "ref 1"}, lambda each: each.order_reference.startswith("ref 1")),
        ({"query": "boek", "states": [pb.Order.STATE_PLACED]}, _is_placed_linde),
        (_period("2026-03-21", "2026-03-24"), lambda each: 21 <= each.place_time.ToDatetime().day <= 24),
        (_period("2026-03-22", None), lambda each: bool(each.number) and each.place_time.ToDatetime().day >= 22),
        (_period(None, "2026-03-23"), lambda each: bool(each.number) and each.place_time.ToDatetime().day <= 23),
        (_period("1999-03-22", "9999-12-31"), lambda each: bool(each.number)),
        (_period("0001-01-01", "9999-12-31"), lambda each: bool(each.number)),
        (
            {"account_id": account, **_period("2026-03-21", "2026-03-23")},
            lambda each: each.parties.customer.id == account and 21 <= each.place_time.ToDatetime().day <= 23,
        ),
    ]  # fmt: skip
    for fields, keep in cases:
        assert await ids(shop, sort=sort, **fields) == filled.wanted(sort, keep), fields
    # A rep of two accounts sees those two alone.
    theirs = {account, str(filled.other)}
    expected = filled.wanted(sort, lambda each: each.parties.customer.id in theirs)
    assert await ids(shop, as_rep(shop.rep), sort=sort) == expected


def _is_placed_linde(each: pb.OrderSummary) -> bool:
    return each.state == pb.Order.STATE_PLACED and each.parties.customer.display_name.startswith("Boek")


def _period(first: str | None, last: str | None) -> dict[str, date_pb2.Date]:
    named = {"place_from_date": first, "place_to_date": last}
    return {name: day(text) for name, text in named.items() if text is not None}


@pytest.mark.spec("O-34")
async def test_a_page_token_belongs_to_its_sort_and_filters(shop: Shop) -> None:
    for _ in range(3):
        await shop.sheet(("A", 1))
    first = await shop.orders.ListOrders(
        pb.ListOrdersRequest(page_size=1, sort=pb.ORDER_SORT_TOTAL_HIGHEST), metadata=shop.staff
    )
    assert first.next_page_token
    for other in (
        {"sort": pb.ORDER_SORT_NEWEST},
        {},
        {"sort": pb.ORDER_SORT_TOTAL_HIGHEST, "query": "x"},
    ):
        async with refused("INVALID_FIELDS") as errors:
            request = pb.ListOrdersRequest(page_size=1, page_token=first.next_page_token, **other)
            await shop.orders.ListOrders(request, metadata=shop.staff)
        assert {field for field, _ in found(errors)} == {"page_token"}
    async with refused("INVALID_FIELDS") as errors:
        await shop.orders.ListOrders(pb.ListOrdersRequest(sort=77), metadata=shop.staff)
    assert {field for field, _ in found(errors)} == {"sort"}
