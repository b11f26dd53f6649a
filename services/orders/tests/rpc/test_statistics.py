"""Figures of a community: for the platform that hands its clients over, and for staff."""

import asyncio
import datetime
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from commis.orders.v1 import orders_pb2 as pb
from commis.orders.v1 import orders_pb2_grpc
from google.type import date_pb2

from chassis.ids import new_id
from chassis.testing import as_service, as_staff
from orders.ports import PlatformAccess
from services.orders.tests import fakes
from services.orders.tests.care import Care
from services.orders.tests.conftest import Clock
from services.orders.tests.shop import Shop, amount, found, refused

JUNE = datetime.datetime(2026, 6, 10, 12, tzinfo=datetime.UTC)


@pytest.fixture
def care(shop: Shop) -> Care:
    made = Care(shop)
    shop.customers.platforms[made.platform] = PlatformAccess(frozenset((made.community,)), True)
    return made


def pb_date(day: datetime.date | None) -> date_pb2.Date | None:
    return None if day is None else date_pb2.Date(year=day.year, month=day.month, day=day.day)


async def statistics(
    shop: Shop,
    community: UUID,
    who: Any,
    first: datetime.date | None = datetime.date(2026, 1, 1),
    last: datetime.date | None = datetime.date(2026, 12, 31),
    products: bool = False,
) -> pb.GetCommunityStatisticsResponse:
    stub = orders_pb2_grpc.AssistedStatisticsServiceStub(shop.channel)
    request = pb.GetCommunityStatisticsRequest(
        community_id=str(community), from_date=pb_date(first), to_date=pb_date(last), products=products
    )
    answer: pb.GetCommunityStatisticsResponse = await stub.GetCommunityStatistics(request, metadata=who)
    return answer


def told(figures: pb.CommunityFigures) -> tuple[int, int, int, list[str]]:
    return (
        figures.order_count,
        figures.client_count,
        figures.article_count,
        [amount(each) for each in figures.amounts],
    )


@pytest.mark.spec("H-12")
async def test_figures_by_care_worker_without_cancelled_orders(shop: Shop, care: Care, clock: Clock) -> None:
    clock.fixed = JUNE
    an, bert = new_id(), new_id()
    maria, jef = care.client(), care.client()
    made = [
        await care.placed(care.carer(maria, an), ("A", 2)),
        await care.placed(care.carer(jef, an), ("B", 1), ("C", 3)),
        await care.placed(care.carer(maria, bert), ("C", 1)),
    ]
    gone = await care.placed(care.carer(jef, bert), ("A", 9))
    await shop.orders.CancelOrder(pb.CancelOrderRequest(order_id=gone.id), metadata=shop.staff)
    unplaced = await care.sheet(care.carer(maria, an))
    await shop.orders.CancelOrder(pb.CancelOrderRequest(order_id=unplaced.id), metadata=shop.staff)
    await care.sheet(care.carer(maria, an))
    await shop.placed(("A", 1))
    answer = await statistics(shop, care.community, care.as_platform())
    sums = [amount_of(order) for order in made]
    assert told(answer.total) == (3, 2, 7, [f"{sum(sums) / 100:.2f}"])
    by_worker = {each.care_worker_id: each for each in answer.care_workers}
    assert told(by_worker[str(an)].figures) == (2, 2, 6, [f"{(sums[0] + sums[1]) / 100:.2f}"])
    assert told(by_worker[str(bert)].figures) == (1, 1, 1, [f"{sums[2] / 100:.2f}"])
    assert by_worker[str(an)].care_worker_subject == f"worker-{an.hex[-6:]}"
    assert not answer.products
    assert (await statistics(shop, care.community, as_staff("FINANCE"))).total == answer.total


def amount_of(order: pb.Order) -> int:
    return int(amount(order.totals.total).replace(".", ""))


@pytest.mark.spec("H-12", "H-14")
async def test_products_only_as_far_as_configured(shop: Shop, care: Care, clock: Clock) -> None:
    clock.fixed = JUNE
    for lines in ((("A", 2), ("C", 1)), (("C", 2),)):
        await care.placed(care.carer(care.client()), *lines)
    answer = await statistics(shop, care.community, care.as_platform(), products=True)
    assert [(each.description, each.article_count, amount(each.amounts[0])) for each in answer.products] == [
        ("Article A", 2, "39.90"),
        ("Article C", 3, "15.00"),
    ]
    shop.customers.platforms[care.platform] = PlatformAccess(frozenset((care.community,)), False)
    answer = await statistics(shop, care.community, care.as_platform(), products=True)
    assert (answer.total.order_count, list(answer.products)) == (2, [])


@pytest.mark.spec("H-12")
async def test_a_cancelled_order_does_not_bring_back_the_old_name_of_a_product(
    shop: Shop, care: Care, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.fixed = JUNE
    old = await care.placed(care.carer(care.client()), ("A", 1))
    named = fakes.quote_of
    monkeypatch.setattr(fakes, "quote_of", lambda *given: replace(named(*given), description="Renamed"))
    await care.placed(care.carer(care.client()), ("A", 1))
    await shop.orders.CancelOrder(pb.CancelOrderRequest(order_id=old.id), metadata=shop.staff)
    answer = await statistics(shop, care.community, care.as_platform(), products=True)
    assert [(each.description, each.article_count) for each in answer.products] == [("Renamed", 1)]


@pytest.mark.spec("H-12")
@pytest.mark.parametrize(
    ("first", "last", "count"),
    [
        ("2025-12-31", "2026-03-02", 6),
        ("2026-01-01", "2026-01-31", 2),
        ("2026-01-15", "2026-03-01", 4),
        ("2026-01-15", "2026-02-10", 2),
        ("2026-01-31", "2026-02-01", 2),
        ("2026-02-02", "2026-02-27", 0),
        ("2026-03-01", "2026-03-01", 1),
        ("2026-01-02", "2026-03-02", 4),
    ],
)
async def test_a_period_counts_its_local_days(
    shop: Shop, care: Care, clock: Clock, first: str, last: str, count: int
) -> None:
    """Midnight is that of the vendor's zone: 23:30 UTC on 31 January is February in Brussels."""
    who = care.carer(care.client())
    for instant in (
        "2025-12-31T12:00", "2026-01-01T00:30", "2026-01-31T22:30",
        "2026-01-31T23:30", "2026-02-28T12:00", "2026-03-01T12:00",
    ):  # fmt: skip
        clock.fixed = datetime.datetime.fromisoformat(f"{instant}+00:00")
        await care.placed(who)
    days = datetime.date.fromisoformat(first), datetime.date.fromisoformat(last)
    answer = await statistics(shop, care.community, care.as_platform(), *days)
    assert answer.total.order_count == count
    assert answer.total.client_count == (1 if count else 0)


@pytest.mark.spec("H-12", "H-14")
async def test_a_platform_reads_its_own_communities_and_nothing_else(shop: Shop, care: Care) -> None:
    placed = await care.placed(care.carer(care.client()))
    for community in (new_id(), care.community):
        async with refused("COMMUNITY_NOT_FOUND") as errors:
            await statistics(shop, community, care.as_platform(new_id()))
        assert errors[0].metadata == {"community_id": str(community)}
    who = care.as_platform()
    for call, request in (
        (shop.orders.GetOrder, pb.GetOrderRequest(order_id=placed.id)),
        (shop.orders.ListOrders, pb.ListOrdersRequest()),
        (shop.orders.ListOrderHistory, pb.ListOrderHistoryRequest(order_id=placed.id)),
    ):
        async with refused("PERMISSION_DENIED"):
            await call(request, metadata=who)
    for other in (care.carer(care.client()), shop.customer, shop.as_rep, as_service("orders.read")):
        async with refused("PERMISSION_DENIED"):
            await statistics(shop, care.community, other)
    assert told((await statistics(shop, new_id(), as_staff("ADMIN"))).total) == (0, 0, 0, [])


async def test_every_wrong_field_is_named(shop: Shop, care: Care) -> None:
    stub = orders_pb2_grpc.AssistedStatisticsServiceStub(shop.channel)
    async with refused("INVALID_FIELDS") as errors:
        await stub.GetCommunityStatistics(pb.GetCommunityStatisticsRequest(), metadata=care.as_platform())
    assert found(errors) == {
        ("community_id", "REQUIRED"),
        ("from_date", "REQUIRED"),
        ("to_date", "REQUIRED"),
    }
    day = datetime.date
    for first, last, field in (
        (day(2026, 2, 1), day(2026, 1, 1), "to_date"),
        (day(2026, 1, 1), day(2027, 1, 2), "to_date"),
        (day(2026, 1, 1), day(9999, 12, 31), "to_date"),
    ):
        async with refused("INVALID_FIELDS") as errors:
            await statistics(shop, care.community, care.as_platform(), first, last)
        assert found(errors) == {(field, "OUT_OF_RANGE")}
    await statistics(shop, care.community, care.as_platform(), day(1, 1, 1), day(1, 12, 31))
    request = pb.GetCommunityStatisticsRequest(
        community_id="\x00", from_date=date_pb2.Date(year=2026, month=13, day=1)
    )
    async with refused("INVALID_FIELDS") as errors:
        await stub.GetCommunityStatistics(request, metadata=care.as_platform())
    assert {field for field, _ in found(errors)} == {"community_id", "from_date", "to_date"}


@pytest.mark.spec("H-12")
async def test_orders_placed_and_cancelled_at_once_are_counted_once_each(shop: Shop, care: Care) -> None:
    worker, client = new_id(), care.client()
    sheets = [await care.sheet(care.carer(client, worker), ("A", 1), ("B", 1)) for _ in range(12)]
    who = care.carer(client, worker)
    await asyncio.gather(*(shop.place(sheet.id, who) for sheet in sheets))
    await asyncio.gather(
        *(
            shop.orders.CancelOrder(
                pb.CancelOrderRequest(order_id=sheet.id, request_id=sheet.id), metadata=who
            )
            for sheet in sheets[:5]
            for _ in range(2)
        )
    )
    today = shop.infra.today()
    answer = await statistics(shop, care.community, care.as_platform(), today, today, products=True)
    assert told(answer.total)[:3] == (7, 1, 14)
    assert {each.description: each.article_count for each in answer.products} == {
        "Article A": 7,
        "Article B": 7,
    }


@pytest.mark.spec("H-12")
async def test_a_client_counts_as_long_as_an_order_of_the_period_does(
    shop: Shop, care: Care, clock: Clock
) -> None:
    """Counts of clients are no sums: of several days, care workers, and cancelled orders among others."""
    an, bert = new_id(), new_id()
    maria = care.client()
    by = {worker: care.carer(maria, worker) for worker in (an, bert)}

    async def order(day: int, worker: UUID) -> pb.Order:
        clock.fixed = datetime.datetime(2026, 5, day, 12, tzinfo=datetime.UTC)
        return await care.placed(by[worker])

    async def cancel(*orders: pb.Order) -> None:
        await asyncio.gather(
            *(
                shop.orders.CancelOrder(pb.CancelOrderRequest(order_id=each.id), metadata=shop.staff)
                for each in orders
            )
        )

    async def clients(first: int, last: int) -> tuple[int, dict[str, int]]:
        days = datetime.date(2026, 5, first), datetime.date(2026, 5, last)
        answer = await statistics(shop, care.community, care.as_platform(), *days)
        return answer.total.client_count, {
            each.care_worker_id: each.figures.client_count for each in answer.care_workers
        }

    first, second, third = await order(4, an), await order(4, an), await order(5, bert)
    assert await clients(1, 31) == (1, {str(an): 1, str(bert): 1})
    await cancel(first)
    assert await clients(4, 4) == (1, {str(an): 1})
    await cancel(second)
    assert await clients(4, 4) == (0, {})
    assert await clients(4, 5) == (1, {str(bert): 1})
    both = [third, await order(5, bert), await order(5, bert)]
    await cancel(*both)
    assert await clients(1, 31) == (0, {})
    await order(4, an)
    assert await clients(1, 31) == (1, {str(an): 1})
