"""Legal caps over the wire, and what they do to quotes and reservations."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from commis.catalog.v1 import events_pb2, stock_pb2
from commis.catalog.v1 import legal_caps_pb2 as pb
from commis.catalog.v1 import pricing_pb2 as prices
from google.type import decimal_pb2

from catalog.pricing import reference
from chassis.ids import new_id
from chassis.testing import as_staff

from .. import factories as a
from .conftest import ORDERS, STAFF, Catalog, refusal
from .test_pricing import a_price, day, quote, set_prices

TODAY = datetime.datetime.now(a.BRUSSELS).date()
FAR = "BR"  # a jurisdiction without rules of its own


@pytest.fixture(autouse=True)
async def first_rules_only(catalog: Catalog) -> AsyncIterator[None]:
    """Rules are kept from test to test; what a test adds is taken away."""
    yield
    async with catalog.sessions.begin() as session:
        await session.execute(sa.text("DELETE FROM legal_caps WHERE jurisdiction = :far"), {"far": FAR})


def a_cap(
    percent: str = "10", begin: str = TODAY.isoformat(), end: str = "", **fields: object
) -> pb.LegalCap:
    values = {
        "jurisdiction": FAR,
        "buyer_class": "CONSUMER",
        "max_discount_percent": decimal_pb2.Decimal(value=percent),
        "valid_from": day(begin),
        "source": "Lei 1",
        "certainty": pb.LegalCap.CERTAINTY_SECONDARY,
    } | fields
    built = pb.LegalCap(**values)  # type: ignore[arg-type]
    if end:
        built.valid_to.CopyFrom(day(end))
    return built


async def create(catalog: Catalog, cap: pb.LegalCap) -> pb.LegalCap:
    request = pb.CreateLegalCapRequest(legal_cap=cap)
    return (await catalog.caps.CreateLegalCap(request, metadata=STAFF)).legal_cap


async def begun_before(catalog: Catalog, cap: pb.LegalCap) -> None:
    """As a rule that the migration brought."""
    async with catalog.sessions.begin() as session:
        statement = "UPDATE legal_caps SET valid_from = '2026-01-01' WHERE id = CAST(:id AS uuid)"
        await session.execute(sa.text(statement), {"id": cap.id})
        await reference.touch(session)


async def ended(catalog: Catalog, cap: pb.LegalCap, at: datetime.date) -> pb.LegalCap:
    request = pb.EndLegalCapRequest(legal_cap_id=cap.id, valid_to=day(at.isoformat()))
    return (await catalog.caps.EndLegalCap(request, metadata=STAFF)).legal_cap


async def a_book(catalog: Catalog, **fields: object) -> a.AVariant:
    """A Dutch paperback of yesterday for 20.00 without tax."""
    values = {
        "price": "20.00",
        "vat_class": "BOOK",
        "form": "BC",
        "language": "nl",
        "published": (TODAY - datetime.timedelta(days=1)).isoformat(),
    } | fields
    return await a.a_variant(catalog.sessions, **values)  # type: ignore[arg-type]


async def a_discount(catalog: Catalog, percent: str) -> None:
    row = prices.DiscountRow(percent=decimal_pb2.Decimal(value=percent), valid_from=day("2026-01-01"))
    request = prices.CreateDiscountRowRequest(discount_row=row)
    await catalog.grid.CreateDiscountRow(request, metadata=STAFF)


async def priced(catalog: Catalog, book: a.AVariant, quantity: int = 1, **facts: object) -> prices.LinePrice:
    values = {"buyer_class": "PUBLIC_LIBRARY", "postal_code": "9000"} | facts
    answer = await catalog.pricing.QuoteLines(quote(book, quantity, **values), metadata=ORDERS)  # type: ignore[arg-type]
    return answer.lines[0].price


def percent(price: prices.LinePrice) -> str:
    return str(price.discount_percent.value)


@pytest.mark.spec("C-16")
async def test_rules_are_created_listed_and_ended_but_never_overlap(catalog: Catalog) -> None:
    made = await create(
        catalog, a_cap("12.5", text_language_codes=["pt", "fr"], product_forms=["E", "B"], months=18)
    )
    assert (list(made.text_language_codes), list(made.product_forms)) == (["fr", "pt"], ["B", "E"])
    assert (made.max_discount_percent.value, made.months, made.min_quantity) == ("12.5", 18, 1)
    same = a_cap("5", "2030-01-01", text_language_codes=["fr", "pt"], product_forms=["B", "E"])
    request = pb.CreateLegalCapRequest(legal_cap=same)
    refused = await refusal(catalog.caps.CreateLegalCap(request, metadata=STAFF))
    assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "LEGAL_CAP_OVERLAP")
    await create(catalog, a_cap("0"))
    await create(catalog, a_cap("5", min_quantity=10))
    assert (await ended(catalog, made, TODAY)).valid_to == day(TODAY.isoformat())
    again = pb.EndLegalCapRequest(
        legal_cap_id=made.id, valid_to=day((TODAY + datetime.timedelta(days=1)).isoformat())
    )
    assert (await refusal(catalog.caps.EndLegalCap(again, metadata=STAFF))).reason == "LEGAL_CAP_ENDED"
    newer = await create(
        catalog, a_cap("5", TODAY.isoformat(), text_language_codes=["fr", "pt"], product_forms=["B", "E"])
    )
    listing = pb.ListLegalCapsRequest(jurisdiction=FAR, page_size=3)
    page = await catalog.caps.ListLegalCaps(listing, metadata=as_staff("FINANCE"))
    assert (len(page.legal_caps), page.legal_caps[0]) == (3, newer)
    listing.page_token = page.next_page_token
    last = await catalog.caps.ListLegalCaps(listing, metadata=STAFF)
    assert ([cap.id for cap in last.legal_caps], last.next_page_token) == ([made.id], "")
    unknown = pb.EndLegalCapRequest(legal_cap_id=str(new_id()), valid_to=again.valid_to)
    assert (await refusal(catalog.caps.EndLegalCap(unknown, metadata=STAFF))).reason == "LEGAL_CAP_NOT_FOUND"


@pytest.mark.spec("C-16")
async def test_all_rules_page_by_page_by_jurisdiction_and_newest_first(catalog: Catalog) -> None:
    seen: list[pb.LegalCap] = []
    request = pb.ListLegalCapsRequest(page_size=7)
    while True:
        page = await catalog.caps.ListLegalCaps(request, metadata=STAFF)
        seen += page.legal_caps
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    keys = [(cap.jurisdiction, cap.id) for cap in seen]
    assert len(set(keys)) == len(keys)
    newest_first = sorted(keys, key=lambda key: key[1], reverse=True)
    assert keys == sorted(newest_first, key=lambda key: key[0])
    assert {cap.jurisdiction for cap in seen} == {"BE-BRU", "BE-VLG", "BE-WAL", "DE", "FR", "IT", "NL"}
    assert all(cap.source and cap.certainty for cap in seen)


async def test_wrong_rules_are_named(catalog: Catalog) -> None:
    wrong = pb.LegalCap(
        jurisdiction="BE-XYZ",
        text_language_codes=["nl", "NL", "\0"],
        product_forms=["bc", "BCC"],
        buyer_class="NOBODY",
        months=-1,
        min_quantity=-1,
        valid_from=day("1800-01-01"),
        source="\0",
        certainty=99,  # type: ignore[arg-type]
        note="x" * 2001,
    )
    refused = await refusal(
        catalog.caps.CreateLegalCap(pb.CreateLegalCapRequest(legal_cap=wrong), metadata=STAFF)
    )
    assert {name.removeprefix("legal_cap.") for name in refused.fields} == {
        "jurisdiction", "text_language_codes[1]", "text_language_codes[2]", "product_forms[0]", "product_forms[1]",
        "buyer_class", "months", "min_quantity", "max_discount_percent", "valid_from", "source", "certainty", "note",
    }  # fmt: skip
    empty = await refusal(catalog.caps.CreateLegalCap(pb.CreateLegalCapRequest(), metadata=STAFF))
    assert {"legal_cap.jurisdiction", "legal_cap.valid_from", "legal_cap.source"} <= empty.fields
    twice = a_cap("100.0001", end="2025-01-01", text_language_codes=["nl", "nl"])
    refused = await refusal(
        catalog.caps.CreateLegalCap(pb.CreateLegalCapRequest(legal_cap=twice), metadata=STAFF)
    )
    assert refused.fields == {
        "legal_cap.max_discount_percent", "legal_cap.valid_to", "legal_cap.text_language_codes",
    }  # fmt: skip
    early = a_cap(begin=(TODAY - datetime.timedelta(days=1)).isoformat())
    refused = await refusal(
        catalog.caps.CreateLegalCap(pb.CreateLegalCapRequest(legal_cap=early), metadata=STAFF)
    )
    assert refused.fields == {"legal_cap.valid_from"}
    for request in (
        pb.EndLegalCapRequest(legal_cap_id="x"),
        pb.EndLegalCapRequest(legal_cap_id="x", valid_to=day("2020-01-01")),
        pb.EndLegalCapRequest(legal_cap_id="x", valid_to={"year": 2026, "month": 13, "day": 1}),
    ):
        refused = await refusal(catalog.caps.EndLegalCap(request, metadata=STAFF))
        assert refused.fields == {"legal_cap_id", "valid_to"}
    listing = pb.ListLegalCapsRequest(jurisdiction="\0")
    assert (await refusal(catalog.caps.ListLegalCaps(listing, metadata=STAFF))).fields == {"jurisdiction"}


@pytest.mark.spec("C-16")
async def test_of_many_at_once_one_rule_is_made_and_told(catalog: Catalog) -> None:
    request = pb.CreateLegalCapRequest(legal_cap=a_cap())
    answers = await asyncio.gather(
        *(catalog.caps.CreateLegalCap(request, metadata=STAFF) for _ in range(6)), return_exceptions=True
    )
    made = [answer.legal_cap for answer in answers if isinstance(answer, pb.CreateLegalCapResponse)]
    assert len(made) == 1
    async with catalog.sessions() as session:
        rows = await session.execute(
            sa.text("SELECT payload FROM outbox WHERE subject = 'commis.catalog.v1.legal_cap_changed'")
        )
        events = [events_pb2.LegalCapChanged.FromString(row.payload) for row in rows]
    assert [event.legal_cap_id for event in events] == [made[0].id]
    assert events[0].attribution.actor.id
    keyed = pb.CreateLegalCapRequest(request_id=str(new_id()), legal_cap=a_cap(min_quantity=5))
    first = await catalog.caps.CreateLegalCap(keyed, metadata=STAFF)
    assert await catalog.caps.CreateLegalCap(keyed, metadata=STAFF) == first


@pytest.mark.spec("C-14", "C-16")
async def test_a_library_in_flanders(catalog: Catalog) -> None:
    new = await a_book(catalog)
    old = await a_book(catalog, published=(TODAY - datetime.timedelta(days=366)).isoformat())
    chair = await a.a_variant(catalog.sessions, price="20.00")
    await a_discount(catalog, "30")
    price = await priced(catalog, new)
    assert (percent(price), price.total.units, price.unit_net.units) == ("20", 16, 16)
    proof = price.legal_cap
    assert (proof.jurisdiction, proof.buyer_class, proof.max_discount_percent.value) == (
        "BE-VLG", "PUBLIC_LIBRARY", "20",
    )  # fmt: skip
    assert (proof.floor.units, proof.publisher_price.units) == (16, 20)
    assert proof.publication_date == (TODAY - datetime.timedelta(days=1)).isoformat()
    step = price.trace[-1]
    assert (step.kind, step.reference_id) == (prices.PriceTraceStep.KIND_LEGAL_CAP, proof.legal_cap_id)
    assert (step.before.value, step.after.value) == ("14", "16")
    for free in (old, chair):
        price = await priced(catalog, free)
        assert (percent(price), price.HasField("legal_cap")) == ("30", False)


@pytest.mark.spec("C-16")
@pytest.mark.parametrize(
    ("facts", "book", "quantity", "expected"),
    [
        ({"buyer_class": "CONSUMER"}, {}, 1, "10"),
        ({"buyer_class": "EDUCATION"}, {}, 1, "25"),
        ({"buyer_class": ""}, {}, 1, "10"),  # who is not known is a consumer
        ({"buyer_class": "BUSINESS"}, {}, 1, "40"),  # resellers
        ({"postal_code": "1000"}, {}, 1, "20"),
        ({"postal_code": "1000"}, {"language": "fr"}, 1, "15"),
        ({"postal_code": "1000"}, {"language": "en"}, 1, "40"),
        ({"postal_code": "1000"}, {"language": ""}, 1, "15"),
        ({"postal_code": "5000"}, {"language": "fr"}, 1, "15"),
        ({"postal_code": "9000"}, {"language": "fr"}, 1, "40"),
        ({"postal_code": ""}, {}, 1, "15"),  # it may be Wallonia
        ({"region_code": "", "postal_code": "9000"}, {}, 1, "20"),  # the vendor's own country
        ({}, {"published": ""}, 1, "20"),
        ({}, {"form": "", "isbn": "9789000000000"}, 1, "20"),
        ({}, {"form": "", "isbn": None}, 1, "40"),
        ({"region_code": "FR"}, {"published": "1950"}, 1, "9"),
        ({"region_code": "FR", "buyer_class": "CONSUMER"}, {}, 1, "0"),  # delivered
        ({"region_code": "RE", "buyer_class": "CONSUMER"}, {}, 1, "0"),
        ({"region_code": "MC", "buyer_class": "CONSUMER"}, {}, 1, "40"),
        ({"region_code": "NL"}, {"published": "2000-01-01"}, 9, "0"),
        ({"region_code": "NL"}, {}, 10, "5"),
        ({"region_code": "NL"}, {}, 30, "10"),
        ({"region_code": "NL"}, {}, 100, "40"),
        ({"region_code": "NL"}, {"language": "en"}, 1, "40"),
        ({"region_code": "NL"}, {"form": "EA", "isbn": "9789000000000"}, 1, "40"),
        ({"region_code": "DE", "buyer_class": "CONSUMER"}, {}, 1, "0"),
        ({"region_code": "DE"}, {}, 1, "10"),
        ({"region_code": "DE", "buyer_class": "EDUCATION"}, {}, 26, "10"),
        ({"region_code": "IT", "buyer_class": "CONSUMER"}, {}, 1, "5"),
        ({"region_code": "IT"}, {}, 1, "40"),  # libraries are exempt
        ({"region_code": "LU"}, {}, 1, "40"),
    ],
)  # fmt: skip
async def test_the_first_rules(
    catalog: Catalog, facts: dict[str, object], book: dict[str, object], quantity: int, expected: str
) -> None:
    variant = await a_book(catalog, **book)
    await a_discount(catalog, "40")
    price = await priced(catalog, variant, quantity, **facts)
    assert percent(price) == expected


@pytest.mark.spec("C-14", "C-16")
@pytest.mark.parametrize(
    ("facts", "book", "words"),
    [
        ({}, {"published": ""}, "publication date unknown, so the title counts as under fixed price"),
        ({}, {"published": str(TODAY.year)}, f"publication date {TODAY.year} taken at its latest"),
        ({}, {"language": ""}, "language unknown, so the strictest rule of any language holds"),
        (
            {"region_code": "NL"},
            {"form": "", "isbn": "9789000000000"},
            "product form unknown, so the strictest rule of any form holds",
        ),
        (
            {"postal_code": "x"},
            {},
            "the postal code says no part of Belgium, so the strictest of BE-BRU, BE-VLG, BE-WAL holds",
        ),
    ],
)
async def test_the_trace_says_what_was_not_known(
    catalog: Catalog, facts: dict[str, object], book: dict[str, object], words: str
) -> None:
    variant = await a_book(catalog, **book)
    public = await a.a_list(
        catalog.sessions, "PUB", tax_inclusive=True, publisher=str(facts.get("region_code", "BE"))
    )
    await a.a_price(catalog.sessions, variant, public, [(1, "5")])
    price = await priced(catalog, variant, **facts)
    step = price.trace[-1]
    assert step.description.split("; ")[1:] == [words]
    assert (step.before.value, step.after.value, percent(price)) == ("20", "20", "0")


@pytest.mark.spec("C-16")
async def test_the_publisher_s_price_of_the_country_decides_where_it_is_known(catalog: Catalog) -> None:
    book = await a_book(catalog)
    await a_discount(catalog, "40")
    public = await a.a_list(catalog.sessions, "PUBLIC-BE", tax_inclusive=True, publisher="BE")
    dollars = await a.a_list(
        catalog.sessions, "PUBLIC-USD", tax_inclusive=True, publisher="BE", currency="USD"
    )
    await a.a_price(catalog.sessions, book, public, [(1, "26.50"), (100, "1")])  # 25.00 without 6 %
    await a.a_price(catalog.sessions, book, dollars, [(1, "99")])
    price = await priced(catalog, book, 100)
    assert (price.legal_cap.floor.units, price.legal_cap.publisher_price.units) == (20, 26)
    assert (price.unit_price.units, percent(price), price.total.units) == (20, "0", 2000)
    shop = await a.a_list(catalog.sessions, "SHOP", tax_inclusive=True, default_use="CONSUMER")
    await a.a_price(catalog.sessions, book, shop, [(1, "20")])
    consumer = await priced(catalog, book, buyer_class="CONSUMER", business=False)
    assert (consumer.unit_price.units, consumer.unit_price.nanos) == (23, 850_000_000)  # 26.50 less 10 %
    await set_prices(catalog, public, a_price(book, TODAY.isoformat(), (1, "30")))
    assert (await priced(catalog, book)).legal_cap.publisher_price.units == 30
    assert (await priced(catalog, book, region_code="FR")).legal_cap.publisher_price.units == 20


@pytest.mark.spec("C-15", "C-16")
async def test_a_change_of_rules_holds_from_its_day_and_as_of(catalog: Catalog) -> None:
    book = await a_book(catalog)
    await a_discount(catalog, "40")
    facts = {"region_code": FAR, "buyer_class": "CONSUMER"}

    async def at(moment: str = "") -> str:
        answer = await catalog.pricing.QuoteLines(quote(book, 1, moment, **facts), metadata=ORDERS)
        return percent(answer.lines[0].price)

    assert await at() == "40"
    rule = await create(catalog, a_cap("10", end="2999-07-01"))
    await begun_before(catalog, rule)
    assert await at() == "10"
    assert await at("2999-06-30T21:59:00Z") == "10"
    assert await at("2999-06-30T22:00:00Z") == "40"  # midnight in Brussels
    await ended(catalog, rule, TODAY)
    assert await at() == "40"
    yesterday = TODAY - datetime.timedelta(days=1)
    assert await at(f"{yesterday}T12:00:00Z") == "10"


@pytest.mark.spec("C-16", "C-17")
async def test_the_cart_the_search_and_the_reservation_have_the_same_price(catalog: Catalog) -> None:
    book = await a_book(catalog, stock=5)
    await a_discount(catalog, "30")
    quoted = await priced(catalog, book)
    request = stock_pb2.ReserveStockRequest(
        order_id=str(new_id()),
        attempt_id=str(new_id()),
        customer=quote(book, 1, buyer_class="PUBLIC_LIBRARY", postal_code="9000").customer,
        lines=[prices.QuoteLine(line_id="1", variant_id=str(book.id), quantity=1)],
    )
    reserved = await catalog.reservations.ReserveStock(request, metadata=ORDERS)
    assert reserved.lines[0].price == quoted
    assert quoted.legal_cap.floor.units == 16


@pytest.mark.spec("C-16")
async def test_lists_of_publishers_prices_are_nobody_s_default(catalog: Catalog) -> None:
    sent = prices.PriceList(code="PUB", currency_code="EUR", tax_inclusive=True, publisher_region_code="FR")
    sent.default_use = prices.PriceList.DEFAULT_USE_BUSINESS
    request = prices.CreatePriceListRequest(price_list=sent)
    refused = await refusal(catalog.lists.CreatePriceList(request, metadata=STAFF))
    assert refused.fields == {"price_list.default_use"}
    request.price_list.ClearField("default_use")
    made = (await catalog.lists.CreatePriceList(request, metadata=STAFF)).price_list
    assert made.publisher_region_code == "FR"
    change = prices.UpdatePriceListRequest(
        price_list=prices.PriceList(id=made.id, default_use=prices.PriceList.DEFAULT_USE_CONSUMER)
    )
    refused = await refusal(catalog.lists.UpdatePriceList(change, metadata=STAFF))
    assert (refused.code, refused.fields) == ("INVALID_ARGUMENT", {"price_list.default_use"})
    change.update_mask.paths.append("publisher_region_code")
    refused = await refusal(catalog.lists.UpdatePriceList(change, metadata=STAFF))
    assert refused.fields == {"price_list.publisher_region_code"}
    request.price_list.publisher_region_code = "fr"
    refused = await refusal(catalog.lists.CreatePriceList(request, metadata=STAFF))
    assert refused.fields == {"price_list.publisher_region_code"}
