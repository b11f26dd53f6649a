"""Quotes, price lists and the grid over the wire."""

from __future__ import annotations

import datetime
from uuid import UUID

import pytest
import sqlalchemy as sa
from commis.catalog.v1 import pricing_pb2 as pb
from google.protobuf.timestamp_pb2 import Timestamp
from google.type import date_pb2, decimal_pb2, money_pb2

from chassis.ids import new_id
from chassis.testing import as_customer, as_rep, as_rep_for, as_staff

from .. import factories as a
from .conftest import ORDERS, STAFF, Catalog, refusal


def eur(amount: str) -> money_pb2.Money:
    units, _, rest = amount.partition(".")
    return money_pb2.Money(currency_code="EUR", units=int(units), nanos=int(rest.ljust(9, "0") or 0))


def day(text: str) -> date_pb2.Date:
    parsed = datetime.date.fromisoformat(text)
    return date_pb2.Date(year=parsed.year, month=parsed.month, day=parsed.day)


def a_price(variant: a.AVariant, begin: str, *steps: tuple[int, str], end: str = "") -> pb.Price:
    ladder = [pb.LadderStep(min_quantity=quantity, unit_price=eur(price)) for quantity, price in steps]
    built = pb.Price(variant_id=str(variant.id), valid_from=day(begin), ladder=ladder)
    if end:
        built.valid_to.CopyFrom(day(end))
    return built


async def set_prices(catalog: Catalog, list_id: object, *prices: pb.Price) -> list[pb.Price]:
    request = pb.SetPricesRequest(price_list_id=str(list_id), prices=prices)
    return list((await catalog.lists.SetPrices(request, metadata=STAFF)).prices)


def quote(variant: a.AVariant, quantity: int = 1, as_of: str = "", **facts: object) -> pb.QuoteLinesRequest:
    customer = {"account_id": str(new_id()), "region_code": "BE", "business": True} | facts
    request = pb.QuoteLinesRequest(
        customer=pb.PricingCustomer(**customer),  # type: ignore[arg-type]
        lines=[pb.QuoteLine(line_id="1", variant_id=str(variant.id), quantity=quantity)],
    )
    if as_of:
        stamp = Timestamp()
        stamp.FromJsonString(as_of)
        request.as_of_time.CopyFrom(stamp)
    return request


async def unit(catalog: Catalog, request: pb.QuoteLinesRequest) -> str:
    line = (await catalog.pricing.QuoteLines(request, metadata=ORDERS)).lines[0]
    price = line.price.unit_price
    return line.refusal.reason or f"{price.units}.{price.nanos // 10**5:04d}"


@pytest.mark.spec("C-03", "C-14")
async def test_a_quote_explains_itself(catalog: Catalog) -> None:
    chair = await a.a_variant(catalog.sessions, "CHAIR", stock=2, price="10.005")
    request = quote(chair, 3)
    request.language_code = "fr"
    line = (await catalog.pricing.QuoteLines(request, metadata=ORDERS)).lines[0]
    assert (line.line_id, line.sku, line.description) == ("1", "CHAIR", "Chose CHAIR")
    assert (line.price.total.units, line.price.total.nanos) == (30, 20_000_000)
    assert (line.price.tax_rate_percent.value, line.price.tax_category) == ("21", "S")
    assert (line.price.unit_gross.units, line.price.unit_gross.nanos) == (12, 106_100_000)
    kinds = [pb.PriceTraceStep.Kind.Name(step.kind) for step in line.price.trace]
    assert kinds == ["KIND_PRICE_LIST", "KIND_LADDER", "KIND_ROUNDING"]
    assert line.availability.state == pb.Availability.STATE_PARTLY
    assert not line.HasField("refusal")


@pytest.mark.spec("C-10", "C-13")
async def test_whose_lists_are_used(catalog: Catalog) -> None:
    chair = await a.a_variant(catalog.sessions, price=None)
    lists = {}
    for code, use in (
        ("BUS", "BUSINESS"),
        ("CON", "CONSUMER"),
        ("G1", "NONE"),
        ("A1", "NONE"),
        ("A2", "NONE"),
    ):
        lists[code] = await a.a_list(catalog.sessions, code, default_use=use)
    prices = {"BUS": "1", "CON": "2", "G1": "3", "A2": "4"}
    for code, amount in prices.items():
        await a.a_price(catalog.sessions, chair, lists[code], [(1, amount)])
    account = str(new_id())
    catalog.customers.known[UUID(account)] = a.a_customer(UUID(account))
    assert await unit(catalog, quote(chair)) == "1.0000"
    assert await unit(catalog, quote(chair, business=False)) == "2.4200"  # with 21 % VAT
    assert await unit(catalog, quote(chair, groups=["shops"])) == "1.0000"

    async def order(**request: object) -> None:
        await catalog.lists.SetPriceListOrder(pb.SetPriceListOrderRequest(**request), metadata=STAFF)  # type: ignore[arg-type]

    await order(group="shops", price_list_ids=[str(lists["G1"])])
    assert await unit(catalog, quote(chair, groups=["none", "shops"])) == "3.0000"
    await order(account_id=account, price_list_ids=[str(lists["A1"]), str(lists["A2"])])
    assert await unit(catalog, quote(chair, groups=["shops"], account_id=account)) == "4.0000"
    got = pb.GetPriceListOrderRequest(account_id=account)
    answer = await catalog.lists.GetPriceListOrder(got, metadata=STAFF)
    assert list(answer.price_list_ids) == [str(lists["A1"]), str(lists["A2"])]
    await order(account_id=account, price_list_ids=[str(lists["A1"])])
    assert await unit(catalog, quote(chair, account_id=account)) == "NO_PRICE"


@pytest.mark.spec("C-11", "C-15")
async def test_a_replaced_price_ends_where_the_new_one_begins(catalog: Catalog) -> None:
    chair = await a.a_variant(catalog.sessions, price=None)
    net = await a.a_list(catalog.sessions, "NET", default_use="BUSINESS")
    await set_prices(catalog, net, a_price(chair, "2026-01-01", (1, "10"), (5, "9")))
    await set_prices(catalog, net, a_price(chair, "2026-07-01", (1, "12")))
    await set_prices(catalog, net, a_price(chair, "2999-03-01", (1, "8"), end="2999-04-01"))
    listed = await catalog.lists.ListPrices(pb.ListPricesRequest(variant_id=str(chair.id)), metadata=STAFF)
    spans = {(price.valid_from.year, price.valid_from.month): price.valid_to for price in listed.prices}
    assert (spans[2026, 1], spans[2026, 7]) == (day("2026-07-01"), day("2999-03-01"))
    assert (spans[2999, 3], spans[2999, 4]) == (day("2999-04-01"), date_pb2.Date())
    as_of = {
        "2025-12-31T22:30:00Z": "NO_PRICE", "2025-12-31T23:00:00Z": "10.0000", "2026-06-30T21:59:59Z": "10.0000",
        "2026-06-30T22:00:00Z": "12.0000", "2999-03-15T12:00:00Z": "8.0000", "2999-04-15T12:00:00Z": "12.0000",
    }  # fmt: skip
    for instant, expected in as_of.items():
        assert (instant, await unit(catalog, quote(chair, as_of=instant))) == (instant, expected)


@pytest.mark.spec("C-15")
async def test_a_past_quote_answers_what_was_valid_then(catalog: Catalog) -> None:
    chair = await a.a_variant(catalog.sessions, price=None)
    net = await a.a_list(catalog.sessions, "NET", default_use="BUSINESS")
    today = datetime.date.today().isoformat()  # noqa: DTZ011
    await set_prices(catalog, net, a_price(chair, "2026-01-01", (1, "10")))
    between = datetime.datetime.now(datetime.UTC).isoformat()
    await set_prices(catalog, net, a_price(chair, "2026-06-01", (1, "11")))  # back-dated
    await set_prices(catalog, net, a_price(chair, today, (1, "12")))
    await set_prices(catalog, net, a_price(chair, today, (1, "13")))  # corrected on the same day
    assert await unit(catalog, quote(chair, as_of=between)) == "10.0000"
    assert await unit(catalog, quote(chair)) == "13.0000"
    assert await unit(catalog, quote(chair, as_of="2026-07-01T12:00:00Z")) == "11.0000"
    listed = await catalog.lists.ListPrices(pb.ListPricesRequest(price_list_id=str(net)), metadata=STAFF)
    assert [price.ladder[0].unit_price.units for price in listed.prices] == [13, 12, 11, 10]


@pytest.mark.spec("C-11")
async def test_overlaps_are_refused(catalog: Catalog) -> None:
    chair = await a.a_variant(catalog.sessions, price=None)
    net = await a.a_list(catalog.sessions, "NET")
    planned = a_price(chair, "2027-01-01", (1, "10"))
    await set_prices(catalog, net, planned)
    again = await set_prices(catalog, net, planned)
    assert len(again) == 1
    over = pb.SetPricesRequest(price_list_id=str(net), prices=[a_price(chair, "2026-12-01", (1, "9"))])
    refused = await refusal(catalog.lists.SetPrices(over, metadata=STAFF))
    assert (refused.code, refused.reason, refused.metadata["begins"]) == (
        "FAILED_PRECONDITION", "PRICE_OVERLAP", "2027-01-01",
    )  # fmt: skip
    twice = [a_price(chair, "2028-01-01", (1, "1")), a_price(chair, "2028-01-01", (1, "2"))]
    both = pb.SetPricesRequest(price_list_id=str(net), prices=twice)
    assert (await refusal(catalog.lists.SetPrices(both, metadata=STAFF))).reason == "PRICE_OVERLAP"
    await set_prices(catalog, net, a_price(chair, "2026-12-01", (1, "9"), end="2027-01-01"))


async def test_wrong_prices_are_named(catalog: Catalog) -> None:
    chair = await a.a_variant(catalog.sessions, price=None)
    net = await a.a_list(catalog.sessions, "NET")
    wrong = [
        pb.Price(
            variant_id=str(chair.id), sku="x", ladder=[pb.LadderStep(min_quantity=2, unit_price=eur("1"))]
        ),
        a_price(chair, "2026-02-01", (1, "1"), end="2026-02-01"),
        a_price(chair, "1800-01-01", (1, "1"), (1, "2")),
        a_price(chair, "2026-01-01", (1, "1.00001")),
        a_price(chair, "2026-01-01", (1, "-1")),
        a_price(chair, "2026-01-01"),
    ]
    wrong[3].ladder[0].unit_price.currency_code = "USD"
    request = pb.SetPricesRequest(price_list_id=str(net), prices=wrong)
    refused = await refusal(catalog.lists.SetPrices(request, metadata=STAFF))
    assert {name.removeprefix("prices") for name in refused.fields} == {
        "[0]", "[0].valid_from", "[0].ladder", "[1].valid_to", "[2].valid_from", "[2].ladder",
        "[3].ladder[0].unit_price", "[4].ladder[0].unit_price", "[5].ladder",
    }  # fmt: skip
    unknown = pb.SetPricesRequest(
        price_list_id=str(new_id()), prices=[a_price(chair, "2026-01-01", (1, "1"))]
    )
    assert (await refusal(catalog.lists.SetPrices(unknown, metadata=STAFF))).reason == "PRICE_LIST_NOT_FOUND"
    nobody = pb.SetPricesRequest(price_list_id=str(net), prices=[a_price(chair, "2026-01-01", (1, "1"))])
    nobody.prices[0].variant_id = str(new_id())
    assert (await refusal(catalog.lists.SetPrices(nobody, metadata=STAFF))).reason == "VARIANT_NOT_FOUND"


@pytest.mark.spec("C-10")
async def test_price_lists(catalog: Catalog) -> None:
    request = pb.CreatePriceListRequest(
        price_list=pb.PriceList(
            code="NET", currency_code="EUR", default_use=pb.PriceList.DEFAULT_USE_BUSINESS
        )
    )
    made = (await catalog.lists.CreatePriceList(request, metadata=STAFF)).price_list
    assert (
        await refusal(catalog.lists.CreatePriceList(request, metadata=STAFF))
    ).reason == "PRICE_LIST_CODE_TAKEN"
    change = pb.UpdatePriceListRequest(
        price_list=pb.PriceList(id=made.id, display_name="Net", etag=made.etag)
    )
    changed = (await catalog.lists.UpdatePriceList(change, metadata=STAFF)).price_list
    assert (changed.display_name, changed.default_use, changed.etag) == ("Net", made.default_use, '"2"')
    assert (await refusal(catalog.lists.UpdatePriceList(change, metadata=STAFF))).reason == "ETAG_MISMATCH"
    change.update_mask.paths.append("currency_code")
    assert (await refusal(catalog.lists.UpdatePriceList(change, metadata=STAFF))).fields == {
        "price_list.currency_code"
    }
    got = pb.GetPriceListRequest(price_list_id=made.id)
    assert (await catalog.lists.GetPriceList(got, metadata=STAFF)).price_list == changed
    page = await catalog.lists.ListPriceLists(pb.ListPriceListsRequest(), metadata=as_staff("FINANCE"))
    assert list(page.price_lists) == [changed]
    wrong = pb.CreatePriceListRequest(price_list=pb.PriceList(currency_code="XXX1"))
    assert (await refusal(catalog.lists.CreatePriceList(wrong, metadata=STAFF))).fields == {
        "price_list.code", "price_list.currency_code",
    }  # fmt: skip


@pytest.mark.spec("C-12")
async def test_the_grid_over_the_wire(catalog: Catalog) -> None:
    chair = await a.a_variant(catalog.sessions, brand="Linde")
    account = str(new_id())
    catalog.customers.known[UUID(account)] = a.a_customer(UUID(account))

    async def create(**fields: object) -> pb.DiscountRow:
        values = {"percent": decimal_pb2.Decimal(value="10"), "valid_from": day("2026-01-01")} | fields
        request = pb.CreateDiscountRowRequest(discount_row=pb.DiscountRow(**values))  # type: ignore[arg-type]
        return (await catalog.grid.CreateDiscountRow(request, metadata=STAFF)).discount_row

    async def percent(**facts: object) -> str:
        answer = await catalog.pricing.QuoteLines(quote(chair, 5, **facts), metadata=ORDERS)
        return str(answer.lines[0].price.discount_percent.value)

    assert await percent() == "0"
    await create(brand="LINDE")
    assert await percent() == "10"
    row = await create(
        account_id=account, variant_id=str(chair.id), percent=decimal_pb2.Decimal(value="7.25")
    )
    assert (await percent(account_id=account), await percent()) == ("7.25", "10")
    today = datetime.datetime.now(a.BRUSSELS).date()
    end = pb.EndDiscountRowRequest(discount_row_id=row.id, valid_to=day(today.isoformat()))
    assert (await catalog.grid.EndDiscountRow(end, metadata=STAFF)).discount_row.valid_to == end.valid_to
    assert await percent(account_id=account) == "10"
    end.valid_to.year = today.year + 1
    assert (await refusal(catalog.grid.EndDiscountRow(end, metadata=STAFF))).reason == "DISCOUNT_ROW_ENDED"
    end.valid_to.year = 2020
    assert (await refusal(catalog.grid.EndDiscountRow(end, metadata=STAFF))).fields == {"valid_to"}
    listed = await catalog.grid.ListDiscountRows(
        pb.ListDiscountRowsRequest(account_id=account), metadata=STAFF
    )
    assert [found.id for found in listed.discount_rows] == [row.id]
    wrong = pb.DiscountRow(
        account_id=account, group="x", brand="x", variant_id=str(chair.id), min_quantity=-1
    )
    wrong.percent.value = "100.1"
    request = pb.CreateDiscountRowRequest(discount_row=wrong)
    assert (await refusal(catalog.grid.CreateDiscountRow(request, metadata=STAFF))).fields == {
        "discount_row", "discount_row.valid_from", "discount_row.min_quantity", "discount_row.percent",
    }  # fmt: skip


@pytest.mark.spec("C-10", "C-12")
async def test_lists_and_discounts_are_of_accounts_that_there_are(catalog: Catalog) -> None:
    row = pb.DiscountRow(
        account_id=str(new_id()), percent=decimal_pb2.Decimal(value="10"), valid_from=day("2026-01-01")
    )
    discount = pb.CreateDiscountRowRequest(discount_row=row)
    order = pb.SetPriceListOrderRequest(account_id=row.account_id)
    assert (
        await refusal(catalog.grid.CreateDiscountRow(discount, metadata=STAFF))
    ).reason == "ACCOUNT_NOT_FOUND"
    assert (
        await refusal(catalog.lists.SetPriceListOrder(order, metadata=STAFF))
    ).reason == "ACCOUNT_NOT_FOUND"
    listed = await catalog.grid.ListDiscountRows(pb.ListDiscountRowsRequest(), metadata=STAFF)
    assert not listed.discount_rows


@pytest.mark.spec("C-12")
async def test_what_selects_is_not_blank(catalog: Catalog) -> None:
    """A discount for a group without a name would be everybody's."""
    for name in ("group", "brand"):
        row = pb.DiscountRow(percent=decimal_pb2.Decimal(value="10"), valid_from=day("2026-01-01"))
        setattr(row, name, " \t ")
        request = pb.CreateDiscountRowRequest(discount_row=row)
        refused = await refusal(catalog.grid.CreateDiscountRow(request, metadata=STAFF))
        assert refused.fields == {f"discount_row.{name}"}
    listing = catalog.grid.ListDiscountRows(pb.ListDiscountRowsRequest(group=" "), metadata=STAFF)
    assert (await refusal(listing)).fields == {"group"}
    order = catalog.lists.SetPriceListOrder(pb.SetPriceListOrderRequest(group=" "), metadata=STAFF)
    assert (await refusal(order)).fields == {"group"}
    everything = await catalog.grid.ListDiscountRows(pb.ListDiscountRowsRequest(), metadata=STAFF)
    assert list(everything.discount_rows) == []


@pytest.mark.spec("C-03")
async def test_an_account_asks_for_itself_and_a_rep_is_checked_each_time(catalog: Catalog) -> None:
    account, person, rep = new_id(), new_id(), new_id()
    chair = await a.a_variant(catalog.sessions)
    catalog.customers.known[account] = a.a_customer(account)
    own = pb.QuoteLinesRequest(lines=[pb.QuoteLine(sku=chair.sku, quantity=1)])
    customer = as_customer(person, account)
    for _ in range(3):
        line = (await catalog.pricing.QuoteLines(own, metadata=customer)).lines[0]
        assert line.price.total.units == 10
    assert (
        catalog.customers.asked == 1
    )  # facts of the last seconds are good enough for the account's own people
    session = as_rep_for(rep, account)
    for _ in range(3):
        await catalog.pricing.QuoteLines(own, metadata=session)
    assert catalog.customers.asked == 4
    named = pb.QuoteLinesRequest(account_id=str(account), lines=own.lines)
    await catalog.pricing.QuoteLines(named, metadata=as_rep(rep))
    catalog.customers.known.clear()
    assert (await refusal(catalog.pricing.QuoteLines(own, metadata=session))).reason == "ACCOUNT_NOT_FOUND"
    assert (
        await refusal(catalog.pricing.QuoteLines(named, metadata=as_rep(rep)))
    ).reason == "ACCOUNT_NOT_FOUND"
    other = pb.QuoteLinesRequest(account_id=str(new_id()), lines=own.lines)
    assert (await refusal(catalog.pricing.QuoteLines(other, metadata=customer))).reason == "ACCOUNT_NOT_FOUND"
    assert (await refusal(catalog.pricing.QuoteLines(own, metadata=as_rep(rep)))).fields == {"account_id"}
    own.customer.business = True  # facts come from services only
    assert (await refusal(catalog.pricing.QuoteLines(own, metadata=customer))).fields == {"customer"}


@pytest.mark.spec("C-17")
async def test_2000_lines_in_one_quote(catalog: Catalog) -> None:
    chair = await a.a_variant(catalog.sessions, "CHAIR")
    request = quote(chair)
    lines = [pb.QuoteLine(line_id=str(n), variant_id=str(chair.id), quantity=n + 1) for n in range(2000)]
    del request.lines[:]
    request.lines.extend(lines)
    answer = await catalog.pricing.QuoteLines(request, metadata=ORDERS)
    assert [line.price.total.units for line in answer.lines] == [10 * (n + 1) for n in range(2000)]
    request.lines.append(lines[0])
    assert (await refusal(catalog.pricing.QuoteLines(request, metadata=ORDERS))).fields == {"lines"}


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:01Z", "9999-12-31T23:59:59Z"])
async def test_the_ends_of_time_are_answered(catalog: Catalog, instant: str) -> None:
    chair = await a.a_variant(catalog.sessions)
    expected = "NO_PRICE" if instant < "2026" else "10.0000"
    assert await unit(catalog, quote(chair, as_of=instant)) == expected


async def test_the_database_refuses_an_overlap_whoever_writes(catalog: Catalog) -> None:
    chair = await a.a_variant(catalog.sessions, price=None)
    net = await a.a_list(catalog.sessions, "NET")
    await a.a_price(catalog.sessions, chair, net, [(1, "1")])
    with pytest.raises(sa.exc.IntegrityError, match="ex_prices_no_overlap"):
        await a.a_price(catalog.sessions, chair, net, [(1, "2")], datetime.date(2026, 5, 1))
    other = await a.a_list(catalog.sessions, "OTHER")
    await a.a_price(catalog.sessions, chair, other, [(1, "2")], datetime.date(2026, 5, 1))
