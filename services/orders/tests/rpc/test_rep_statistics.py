"""What a representative reads about its own orders."""

import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from commis.orders.v1 import entry_pb2 as pb
from commis.orders.v1 import entry_pb2_grpc, orders_pb2
from google.type import date_pb2

from chassis.ids import new_id
from chassis.testing import as_rep, as_rep_for, as_service, as_staff
from services.orders.tests.conftest import Clock
from services.orders.tests.shop import Shop, amount, found, refused

YEAR = {
    "from_date": date_pb2.Date(year=2026, month=1, day=1),
    "to_date": date_pb2.Date(year=2026, month=12, day=31),
}
ACCOUNT, PRODUCT = (
    pb.ListRepresentativeFiguresRequest.BY_ACCOUNT,
    pb.ListRepresentativeFiguresRequest.BY_PRODUCT,
)


async def statistics(shop: Shop, who: Any = None, **fields: Any) -> pb.GetRepresentativeStatisticsResponse:
    stub = entry_pb2_grpc.RepresentativeStatisticsServiceStub(shop.channel)
    request = pb.GetRepresentativeStatisticsRequest(**(YEAR | fields))
    answer: pb.GetRepresentativeStatisticsResponse = await stub.GetRepresentativeStatistics(
        request, metadata=who or as_rep(shop.rep)
    )
    return answer


async def ranked(shop: Shop, who: Any = None, **fields: Any) -> list[pb.NamedFigures]:
    """One at a time, so that paging is tried."""
    stub = entry_pb2_grpc.RepresentativeStatisticsServiceStub(shop.channel)
    seen: list[pb.NamedFigures] = []
    token = ""
    while True:
        request = pb.ListRepresentativeFiguresRequest(
            **(YEAR | {"page_size": 1, "page_token": token} | fields)
        )
        page = await stub.ListRepresentativeFigures(request, metadata=who or as_rep(shop.rep))
        seen += page.figures
        token = page.next_page_token
        if not token:
            return seen


def told(figures: pb.RepresentativeFigures) -> tuple[int, int, int, dict[str, str]]:
    amounts = {each.currency_code: amount(each) for each in figures.amounts}
    return figures.order_count, figures.customer_count, figures.article_count, amounts


async def by_rep(
    shop: Shop, clock: Clock, instant: str, account: Any, *lines: tuple[str, int]
) -> orders_pb2.Order:
    clock.fixed = datetime.datetime.fromisoformat(f"{instant}+00:00")
    who = as_rep_for(shop.rep, account)
    return await shop.place((await shop.sheet(*lines, who=who)).id, who)


@pytest.mark.spec("O-13")
async def test_totals_months_accounts_and_products_without_cancelled_orders(shop: Shop, clock: Clock) -> None:
    other = shop.customers.add(display_name="Ander")
    shop.customers.reps[other].add(str(shop.rep))
    made = [
        await by_rep(shop, clock, "2026-01-31T22:30", shop.account, ("A", 2), ("B", 1)),
        await by_rep(shop, clock, "2026-01-31T23:30", shop.account, ("A", 1)),  # in Brussels it is February
        await by_rep(shop, clock, "2026-02-10T12:00", other, ("C", 3)),
    ]
    gone = await by_rep(shop, clock, "2026-02-11T12:00", other, ("B", 9))
    await shop.orders.CancelOrder(orders_pb2.CancelOrderRequest(order_id=gone.id), metadata=shop.staff)
    await shop.sheet(("A", 1), who=shop.as_rep)
    await shop.placed(("A", 5))  # by the customer
    totals = [each.totals.total.units * 100 + each.totals.total.nanos // 10**7 for each in made]
    answer = await statistics(shop)
    assert answer.representative_id == str(shop.rep)
    assert told(answer.total) == (3, 2, 7, {"EUR": f"{sum(totals) / 100:.2f}"})
    assert [(each.month.month, each.month.day, told(each.figures)) for each in answer.months] == [
        (1, 1, (1, 1, 3, {"EUR": f"{totals[0] / 100:.2f}"})),
        (2, 1, (2, 2, 4, {"EUR": f"{(totals[1] + totals[2]) / 100:.2f}"})),
    ]
    by_account = await ranked(shop, by=ACCOUNT)
    assert [(each.id, each.display_name, each.order_count, each.article_count) for each in by_account] == [
        (str(shop.account), "Boekhandel De Linde", 2, 4),
        (str(other), "Ander", 1, 3),
    ]
    assert amount(by_account[1].amount) == amount(made[2].totals.total)
    by_product = await ranked(shop, by=PRODUCT)
    assert [
        (each.display_name, each.order_count, each.article_count, amount(each.amount)) for each in by_product
    ] == [
        ("Article A", 2, 3, "59.85"),
        ("Article B", 1, 1, "20.95"),
        ("Article C", 1, 3, "15.00"),
    ]
    february = {
        "from_date": date_pb2.Date(year=2026, month=2, day=1),
        "to_date": date_pb2.Date(year=2026, month=2, day=9),
    }
    assert told((await statistics(shop, **february)).total)[:3] == (1, 1, 1)
    assert [each.display_name for each in await ranked(shop, by=PRODUCT, **february)] == ["Article A"]
    assert await ranked(shop, by=ACCOUNT, currency_code="CHF") == []


@pytest.mark.spec("O-13")
async def test_one_sum_per_currency(shop: Shop, clock: Clock) -> None:
    shop.customers.add(swiss := new_id())
    shop.customers.reps[swiss].add(str(shop.rep))
    clock.fixed = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
    await by_rep(shop, clock, "2026-03-01T12:00", shop.account, ("A", 1))
    async with shop.infra.engine.begin() as connection:
        await connection.execute(sa.text("UPDATE orders SET currency = 'CHF', total = 4250"))
    await by_rep(shop, clock, "2026-03-02T12:00", swiss, ("A", 1))
    answer = await statistics(shop)
    assert told(answer.total)[0] == 2
    assert set(told(answer.total)[3]) == set(told(answer.months[0].figures)[3]) == {"CHF", "EUR"}
    assert told(answer.total)[3]["CHF"] == "42.50"
    assert [each.id for each in await ranked(shop, by=ACCOUNT)] == [str(swiss)]
    assert [each.id for each in await ranked(shop, by=ACCOUNT, currency_code="CHF")] == [str(shop.account)]


@pytest.mark.spec("O-13", "A-12")
async def test_a_rep_reads_its_own_and_staff_anybodys(shop: Shop, clock: Clock) -> None:
    await by_rep(shop, clock, "2026-03-01T12:00", shop.account, ("A", 1))
    colleague, own = new_id(), str(shop.rep)
    shop.customers.reps[shop.account].add(str(colleague))
    assert told((await statistics(shop, representative_id=own)).total)[0] == 1
    for staff in (as_staff("ORDER_DESK"), as_staff("FINANCE"), as_staff("ADMIN")):
        assert told((await statistics(shop, staff, representative_id=own)).total)[0] == 1
        assert len(await ranked(shop, staff, representative_id=own, by=ACCOUNT)) == 1
        assert told((await statistics(shop, staff, representative_id=str(colleague))).total)[0] == 0
    nobody = str(new_id())
    for who, asked in ((as_rep(colleague), own), (as_rep(shop.rep), nobody), (as_staff("ADMIN"), nobody)):
        for call in (
            statistics(shop, who, representative_id=asked),
            ranked(shop, who, representative_id=asked, by=ACCOUNT),
        ):
            async with refused("REPRESENTATIVE_NOT_FOUND") as errors:
                await call
            assert errors[0].metadata == {"representative_id": asked}
    for who in (shop.customer, shop.as_rep, as_staff("CATALOGUE"), as_service("orders.read")):
        async with refused("PERMISSION_DENIED"):
            await statistics(shop, who, representative_id=own)


@pytest.mark.spec("O-13", "A-12")
async def test_an_account_that_a_rep_lost_is_counted_but_no_longer_named(shop: Shop, clock: Clock) -> None:
    kept = shop.customers.add(display_name="Kept")
    shop.customers.reps[kept].add(str(shop.rep))
    for account, quantity in ((shop.account, 5), (kept, 1)):
        await by_rep(shop, clock, "2026-03-01T12:00", account, ("A", quantity))
    before = await statistics(shop)
    shop.customers.reps[shop.account].clear()
    assert [each.id for each in await ranked(shop, by=ACCOUNT)] == [str(kept)]
    assert await statistics(shop) == before
    assert [each.article_count for each in await ranked(shop, by=PRODUCT)] == [6]
    of_all = await ranked(shop, as_staff("FINANCE"), representative_id=str(shop.rep), by=ACCOUNT)
    assert [each.id for each in of_all] == [str(shop.account), str(kept)]


async def test_every_wrong_field_is_named(shop: Shop) -> None:
    stub = entry_pb2_grpc.RepresentativeStatisticsServiceStub(shop.channel)
    async with refused("INVALID_FIELDS") as errors:
        request = pb.ListRepresentativeFiguresRequest(representative_id="\x00", currency_code="EURO")
        await stub.ListRepresentativeFigures(request, metadata=as_rep(shop.rep))
    assert found(errors) == {
        ("representative_id", "INVALID"),
        ("from_date", "REQUIRED"),
        ("to_date", "REQUIRED"),
        ("by", "REQUIRED"),
        ("currency_code", "INVALID"),
    }
    async with refused("INVALID_FIELDS") as errors:
        await statistics(shop, to_date=date_pb2.Date(year=2027, month=1, day=2))
    assert found(errors) == {("to_date", "OUT_OF_RANGE")}
    async with refused("INVALID_FIELDS") as errors:
        await statistics(shop, shop.staff)
    assert found(errors) == {("representative_id", "REQUIRED")}
    first = await stub.ListRepresentativeFigures(
        pb.ListRepresentativeFiguresRequest(**YEAR, by=ACCOUNT), metadata=as_rep(shop.rep)
    )
    assert not first.next_page_token
    async with refused("INVALID_FIELDS") as errors:
        await ranked(shop, by=PRODUCT, page_token="x")
    assert found(errors) == {("page_token", "INVALID")}
