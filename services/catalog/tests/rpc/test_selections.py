"""SelectionService over the wire."""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from commis.catalog.v1 import events_pb2, pricing_pb2, stock_pb2
from commis.catalog.v1 import selections_pb2 as pb
from commis.common.v1 import common_pb2
from google.type import date_pb2

from catalog.pricing.quote import Customer
from chassis.ids import new_id
from chassis.testing import as_customer, as_rep, as_rep_for, as_service, as_staff

from .. import factories as a
from .conftest import STAFF, Catalog, refusal

LIBRARY, SHOP = new_id(), new_id()
LIBRARIAN = as_customer(new_id(), LIBRARY, "USER")
SHOPKEEPER = as_customer(new_id(), SHOP)
READERS = {
    "library": LIBRARIAN,
    "shop": SHOPKEEPER,
    "nobody": as_rep(new_id()),
    "service": as_service("catalog.reserve"),
}
Category = pb.Selection.WiseCategory


def day(offset: int = 0) -> date_pb2.Date:
    wanted = datetime.datetime.now(a.BRUSSELS).date() + datetime.timedelta(days=offset)
    return date_pb2.Date(year=wanted.year, month=wanted.month, day=wanted.day)


def text(**texts: str) -> common_pb2.LocalizedText:
    return common_pb2.LocalizedText(texts=texts)


def know(catalog: Catalog) -> None:
    for account_id, group in ((LIBRARY, "LIBRARY"), (SHOP, "TRADE")):
        catalog.customers.known[account_id] = Customer(account_id, (group,), region_code="BE", business=True)


async def create(catalog: Catalog, *skus: str, **fields: Any) -> pb.Selection:
    know(catalog)
    values = {"title": text(en="New fiction"), "valid_from": day(-1)} | fields
    request = pb.CreateSelectionRequest(
        selection=pb.Selection(**values), entries=[pb.SelectionEntry(sku=sku) for sku in skus]
    )
    return (await catalog.selections.CreateSelection(request, metadata=STAFF)).selection


async def get(catalog: Catalog, selection_id: str, metadata: Any = STAFF, **fields: Any) -> pb.Selection:
    request = pb.GetSelectionRequest(selection_id=selection_id, **fields)
    return (await catalog.selections.GetSelection(request, metadata=metadata)).selection


async def rows(catalog: Catalog, selection_id: str, metadata: Any = STAFF, **fields: Any) -> Any:
    request = pb.ListSelectionRowsRequest(selection_id=selection_id, **fields)
    return await catalog.selections.ListSelectionRows(request, metadata=metadata)


async def listed(catalog: Catalog, metadata: Any, **fields: Any) -> list[pb.Selection]:
    request = pb.ListSelectionsRequest(**fields)
    return list((await catalog.selections.ListSelections(request, metadata=metadata)).selections)


async def discontinue(catalog: Catalog, variant: a.AVariant) -> None:
    async with catalog.sessions.begin() as session:
        await session.execute(
            sa.text("UPDATE variants SET discontinued = true WHERE id = :id"), {"id": variant.id}
        )


@pytest.mark.spec("C-30")
async def test_staff_create_read_and_change(catalog: Catalog) -> None:
    await a.a_variant(catalog.sessions, "A-1")
    made = await create(
        catalog,
        "A-1",
        text=text(nl="Nieuw dit najaar"),
        wise_category=Category.WISE_CATEGORY_YOUTH_FICTION,
        valid_to=day(30),
        groups=["LIBRARY", "LIBRARY", " EDUCATION "],
        account_ids=[str(SHOP), str(SHOP)],
    )
    assert (made.etag, made.entry_count, list(made.groups)) == ('"1"', 1, ["LIBRARY", "EDUCATION"])
    assert list(made.account_ids) == [str(SHOP)]
    assert await get(catalog, made.id) == made
    assert await listed(catalog, as_staff("FINANCE")) == [made]
    change = pb.Selection(id=made.id, title=text(en="Autumn"), etag=made.etag)
    request = pb.UpdateSelectionRequest(selection=change)
    changed = (await catalog.selections.UpdateSelection(request, metadata=STAFF)).selection
    assert (changed.title, changed.text, changed.groups, changed.etag) == (
        text(en="Autumn"), made.text, made.groups, '"2"',
    )  # fmt: skip
    stale = await refusal(catalog.selections.UpdateSelection(request, metadata=STAFF))
    assert (stale.code, stale.reason) == ("ABORTED", "ETAG_MISMATCH")
    request.selection.ClearField("etag")
    request.update_mask.paths.extend(["valid_to", "groups", "wise_category", "entry_count"])
    cleared = (await catalog.selections.UpdateSelection(request, metadata=STAFF)).selection
    assert (cleared.HasField("valid_to"), list(cleared.groups), cleared.wise_category) == (False, [], 0)
    assert (cleared.title, list(cleared.account_ids), cleared.entry_count) == (
        text(en="Autumn"), [str(SHOP)], 1,
    )  # fmt: skip


@pytest.mark.spec("C-30")
async def test_others_see_what_is_valid_today_and_meant_for_them(catalog: Catalog) -> None:
    cases = {
        "all": ({"visible_to_all": True}, "library shop nobody service"),
        "group": ({"groups": ["LIBRARY"]}, "library"),
        "account": ({"account_ids": [str(SHOP)]}, "shop"),
        "draft": ({}, ""),
        "past": ({"visible_to_all": True, "valid_from": day(-9), "valid_to": day()}, ""),
        "last day": ({"groups": ["TRADE"], "valid_to": day(1)}, "shop"),
        "future": ({"visible_to_all": True, "valid_from": day(1)}, ""),
        "first day": ({"account_ids": [str(LIBRARY)], "valid_from": day()}, "library"),
    }
    made = {name: await create(catalog, **fields) for name, (fields, _) in cases.items()}
    absent = str(new_id())
    for who, metadata in READERS.items():
        wanted = [name for name, (_, seen_by) in cases.items() if who in seen_by.split()]
        assert [one.id for one in await listed(catalog, metadata)] == [
            made[name].id for name in reversed(wanted)
        ], who
        for name, selection in made.items():
            if name in wanted:
                seen = await get(catalog, selection.id, metadata)
                assert (seen.title, list(seen.groups), list(seen.account_ids)) == (selection.title, [], [])
                assert not (await rows(catalog, selection.id, metadata)).rows
                continue
            for call in (get, rows):
                hidden = await refusal(call(catalog, selection.id, metadata))
                none = await refusal(call(catalog, absent, metadata))
                assert (hidden.code, hidden.reason) == ("NOT_FOUND", "SELECTION_NOT_FOUND")
                assert hidden.metadata == {"selection_id": selection.id}
                assert (none.code, none.reason, none.fields) == (hidden.code, hidden.reason, hidden.fields)
    assert {one.id for one in await listed(catalog, STAFF)} == {one.id for one in made.values()}


@pytest.mark.spec("C-30")
async def test_for_whom_one_may_ask(catalog: Catalog) -> None:
    made = await create(catalog, groups=["LIBRARY"])
    ordering = as_rep_for(new_id(), LIBRARY)
    assert (await get(catalog, made.id, ordering)).id == made.id
    assert (await get(catalog, made.id, as_rep(new_id()), account_id=str(LIBRARY))).id == made.id
    assert (await get(catalog, made.id, STAFF, account_id=str(SHOP))).groups == ["LIBRARY"]
    for metadata, account_id in (
        (SHOPKEEPER, LIBRARY),
        (ordering, SHOP),
        (as_rep(new_id()), new_id()),
        (STAFF, new_id()),
        (as_service("catalog.reserve"), LIBRARY),
    ):
        for call in (get, rows):
            refused = await refusal(call(catalog, made.id, metadata, account_id=str(account_id)))
            assert (refused.code, refused.reason) == ("NOT_FOUND", "ACCOUNT_NOT_FOUND")
        refused = await refusal(listed(catalog, metadata, account_id=str(account_id)))
        assert refused.reason == "ACCOUNT_NOT_FOUND"


@pytest.mark.spec("C-30")
async def test_only_staff_of_the_catalogue_curate(catalog: Catalog) -> None:
    made = await create(catalog, visible_to_all=True)
    calls = {
        catalog.selections.CreateSelection: pb.CreateSelectionRequest(),
        catalog.selections.UpdateSelection: pb.UpdateSelectionRequest(selection=pb.Selection(id=made.id)),
        catalog.selections.SetSelectionEntries: pb.SetSelectionEntriesRequest(selection_id=made.id),
    }
    for call, request in calls.items():
        for metadata in (LIBRARIAN, as_rep(new_id()), as_staff("FINANCE"), as_service("catalog.reserve")):
            assert (await refusal(call(request, metadata=metadata))).code == "PERMISSION_DENIED"
        assert (await refusal(call(request))).code == "UNAUTHENTICATED"


@pytest.mark.spec("C-31", "C-03")
async def test_rows_carry_what_is_needed_to_order(catalog: Catalog) -> None:
    book = await a.a_variant(catalog.sessions, "BOOK", price="20.00", policy="UNMANAGED", vat_class="BOOK")
    chair = await a.a_variant(catalog.sessions, "CHAIR", price="50.00", stock=3)
    free = await a.a_variant(catalog.sessions, "FREE", price=None, stock=1)
    gone = await a.a_variant(catalog.sessions, "GONE", price="5.00", stock=9)
    made = await create(catalog, groups=["LIBRARY"], wise_category=Category.WISE_CATEGORY_ADULT_NON_FICTION)
    entries = [
        pb.SelectionEntry(variant_id=str(chair.id)),
        pb.SelectionEntry(sku=" BOOK ", wise_category=Category.WISE_CATEGORY_YOUTH_FICTION),
        pb.SelectionEntry(sku="FREE"),
        pb.SelectionEntry(sku="GONE"),
    ]
    request = pb.SetSelectionEntriesRequest(selection_id=made.id, entries=entries, etag=made.etag)
    filled = (await catalog.selections.SetSelectionEntries(request, metadata=STAFF)).selection
    assert (filled.entry_count, filled.etag) == (4, '"2"')
    await discontinue(catalog, gone)
    found = list((await rows(catalog, made.id, LIBRARIAN)).rows)
    assert [(row.position, row.variant_id, row.product.id) for row in found] == [
        (number, str(variant.id), str(variant.product_id))
        for number, variant in enumerate((chair, book, free, gone), 1)
    ]
    assert [Category.Name(row.wise_category)[14:] for row in found] == [
        "ADULT_NON_FICTION", "YOUTH_FICTION", "ADULT_NON_FICTION", "ADULT_NON_FICTION",
    ]  # fmt: skip
    assert [row.refusal.reason for row in found] == ["", "", "NO_PRICE", "VARIANT_DISCONTINUED"]
    states = [pricing_pb2.Availability.State.Name(row.availability.state) for row in found]
    assert states == ["STATE_AVAILABLE", "STATE_TO_ORDER", "STATE_AVAILABLE", "STATE_UNSPECIFIED"]
    assert [row.HasField("price") for row in found] == [True, True, False, False]
    lines = [pricing_pb2.QuoteLine(variant_id=row.variant_id, quantity=1) for row in found]
    asked = pricing_pb2.QuoteLinesRequest(lines=lines)
    quoted = (await catalog.pricing.QuoteLines(asked, metadata=LIBRARIAN)).lines
    assert [(row.price, row.availability, row.refusal) for row in found] == [
        (line.price, line.availability, line.refusal) for line in quoted
    ]
    assert found[0].price.trace


@pytest.mark.spec("C-31")
async def test_rows_as_staff_see_them(catalog: Catalog) -> None:
    await a.a_variant(catalog.sessions, "CHAIR", price="50.00", stock=3)
    gone = await a.a_variant(catalog.sessions, "GONE", stock=9)
    made = await create(catalog, "GONE", "CHAIR", valid_from=day(10))
    await discontinue(catalog, gone)
    for fields, priced in (({}, [False, False]), ({"account_id": str(LIBRARY)}, [False, True])):
        found = list((await rows(catalog, made.id, STAFF, **fields)).rows)
        assert [row.product.variants[0].sku for row in found] == ["GONE", "CHAIR"]
        assert [row.refusal.reason for row in found] == ["VARIANT_DISCONTINUED", ""]
        assert [row.HasField("price") for row in found] == priced
        assert found[1].availability.available_quantity == 3


@pytest.mark.spec("C-31")
async def test_rows_in_one_language(catalog: Catalog) -> None:
    await a.a_variant(catalog.sessions, "A-1")
    made = await create(catalog, "A-1", visible_to_all=True)
    for language, texts in (
        ("", {"en": "Thing A-1", "fr": "Chose A-1"}),
        ("fr", {"fr": "Chose A-1"}),
        ("nl", {"en": "Thing A-1"}),
    ):
        (row,) = (await rows(catalog, made.id, LIBRARIAN, language_code=language)).rows
        assert dict(row.product.name.texts) == texts
        assert not row.product.description.texts


@pytest.mark.spec("C-31")
async def test_pages(catalog: Catalog) -> None:
    skus = [f"P-{number}" for number in range(7)]
    for sku in skus:
        await a.a_variant(catalog.sessions, sku, price=None)
    made = await create(catalog, *reversed(skus), visible_to_all=True)
    seen: list[str] = []
    token = ""
    while True:
        page = await rows(catalog, made.id, LIBRARIAN, page_size=3, page_token=token)
        seen += [row.product.variants[0].sku for row in page.rows]
        token = page.next_page_token
        if not token:
            break
    assert seen == skus[::-1]
    more = [await create(catalog, visible_to_all=True) for _ in range(3)]
    first = await catalog.selections.ListSelections(pb.ListSelectionsRequest(page_size=2), metadata=LIBRARIAN)
    again = pb.ListSelectionsRequest(page_size=2, page_token=first.next_page_token)
    second = await catalog.selections.ListSelections(again, metadata=LIBRARIAN)
    assert [one.id for one in (*first.selections, *second.selections)] == [
        more[2].id, more[1].id, more[0].id, made.id,
    ]  # fmt: skip
    assert not second.next_page_token
    for request in (
        rows(catalog, made.id, page_token=first.next_page_token),
        rows(catalog, made.id, page_token="nonsense"),
        rows(catalog, made.id, page_size=-1),
        listed(catalog, STAFF, page_token="é"),
    ):
        refused = await refusal(request)
        assert refused.reason == "INVALID_FIELDS"
        assert refused.fields <= {"page_token", "page_size"}


@pytest.mark.spec("C-30")
async def test_every_wrong_field_is_named(catalog: Catalog) -> None:
    wrong = pb.Selection(
        title=text(de="Neu"),
        text=text(en="x" * 2001, fr="a\x00b"),
        wise_category=99,  # type: ignore[arg-type]
        valid_from=date_pb2.Date(year=2026, month=2, day=30),
        valid_to=date_pb2.Date(year=3000, month=1, day=1),
        groups=["", "x" * 101, "a\x00"],
        account_ids=["nonsense", str(LIBRARY).upper()],
    )
    entries = [
        pb.SelectionEntry(),
        pb.SelectionEntry(variant_id=str(new_id()), sku="X"),
        pb.SelectionEntry(variant_id="x"),
        pb.SelectionEntry(sku="  "),
        pb.SelectionEntry(sku="a\x00b", wise_category=77),  # type: ignore[arg-type]
        pb.SelectionEntry(sku="x" * 101),
    ]
    request = pb.CreateSelectionRequest(selection=wrong, entries=entries)
    refused = await refusal(catalog.selections.CreateSelection(request, metadata=STAFF))
    assert (refused.code, refused.reason) == ("INVALID_ARGUMENT", "INVALID_FIELDS")
    assert refused.fields == {
        *(f"selection.{name}" for name in ("title", "title.texts", "text.texts[en]", "text.texts[fr]")),
        *(f"selection.{name}" for name in ("wise_category", "valid_from", "valid_to")),
        *(f"selection.groups[{number}]" for number in range(3)),
        *(f"selection.account_ids[{number}]" for number in range(2)),
        *("entries[0]", "entries[1]", "entries[2].variant_id", "entries[3].sku"),
        *("entries[4].sku", "entries[4].wise_category", "entries[5].sku"),
    }
    none = await refusal(catalog.selections.CreateSelection(pb.CreateSelectionRequest(), metadata=STAFF))
    assert none.fields == {"selection.title", "selection.valid_from"}
    many = pb.Selection(groups=["g"] * 51, account_ids=[str(LIBRARY)] * 501, title=text(en="x"))
    many.valid_from.CopyFrom(day(1))
    many.valid_to.CopyFrom(day(1))
    long = pb.CreateSelectionRequest(selection=many, entries=[pb.SelectionEntry(sku="A")] * 2001)
    refused = await refusal(catalog.selections.CreateSelection(long, metadata=STAFF))
    assert refused.fields == {
        "selection.groups", "selection.account_ids", "selection.valid_to", "entries",
    }  # fmt: skip


@pytest.mark.spec("C-30")
async def test_wrong_changes(catalog: Catalog) -> None:
    made = await create(catalog, valid_to=day(10))

    async def refused(*paths: str, **fields: Any) -> Any:
        change = pb.UpdateSelectionRequest(selection=pb.Selection(**fields))
        change.update_mask.paths.extend(paths)
        return await refusal(catalog.selections.UpdateSelection(change, metadata=STAFF))

    crossed = await refused(id=made.id, valid_from=day(10))
    assert (crossed.reason, crossed.fields) == ("INVALID_FIELDS", {"selection.valid_to"})
    assert (await refused("title", "valid_from", id=made.id)).fields == {
        "selection.title", "selection.valid_from",
    }  # fmt: skip
    assert (await refused("colour", id=made.id)).reason == "UNKNOWN_UPDATE_MASK"
    assert (await refused("title", title=text(en="x"))).fields == {"selection.id"}
    assert (await refused("title", id="x", title=text(en="x"))).fields == {"selection.id"}
    assert (await refused("title", id=str(new_id()), title=text(en="x"))).reason == "SELECTION_NOT_FOUND"
    assert (await refused(id=made.id, title=text(en="x"), etag="x")).fields == {"etag"}
    for call in (get, rows):
        for wrong in ("", "x", "a\x00", str(new_id()).upper()):
            assert (await refusal(call(catalog, wrong))).fields == {"selection_id"}
        assert (await refusal(call(catalog, made.id, account_id="x"))).fields == {"account_id"}
    assert (await refusal(rows(catalog, made.id, language_code="de"))).fields == {"language_code"}
    assert (await get(catalog, made.id)) == made


@pytest.mark.spec("C-30")
async def test_wrong_entries_change_nothing(catalog: Catalog) -> None:
    chair = await a.a_variant(catalog.sessions, "CHAIR")
    made = await create(catalog, "CHAIR")

    async def refused(*entries: pb.SelectionEntry, **fields: Any) -> Any:
        values = {"selection_id": made.id} | fields
        request = pb.SetSelectionEntriesRequest(entries=entries, **values)
        return await refusal(catalog.selections.SetSelectionEntries(request, metadata=STAFF))

    by_sku, by_id = pb.SelectionEntry(sku="CHAIR"), pb.SelectionEntry(variant_id=str(chair.id))
    unknown = pb.SelectionEntry(variant_id=str(new_id()))
    missing = await refused(by_sku, unknown, pb.SelectionEntry(sku="NONE"))
    assert (missing.code, missing.reason) == ("NOT_FOUND", "VARIANT_NOT_FOUND")
    assert missing.metadata == {"variants": f"{unknown.variant_id}, NONE", "variant_count": "2"}
    assert missing.fields == {"entries[1]", "entries[2]"}
    twice = await refused(by_sku, by_id)
    assert (twice.reason, twice.fields) == ("INVALID_FIELDS", {"entries[1]"})
    assert (await refused(by_sku, etag='"9"')).reason == "ETAG_MISMATCH"
    assert (await refused(unknown, etag='"9"')).reason == "ETAG_MISMATCH"
    assert (await refused(by_sku, etag="9")).fields == {"etag"}
    assert (await refused(by_sku, selection_id=str(new_id()))).reason == "SELECTION_NOT_FOUND"
    many = await refused(*(pb.SelectionEntry(sku=f"N-{number}" * 10) for number in range(2000)))
    assert many.reason == "VARIANT_NOT_FOUND"
    assert many.metadata["variant_count"] == "2000"
    assert await get(catalog, made.id) == made
    (row,) = (await rows(catalog, made.id)).rows
    assert row.variant_id == str(chair.id)


@pytest.mark.spec("C-30")
async def test_a_request_id_counts_once_and_every_change_is_told(catalog: Catalog) -> None:
    await a.a_variant(catalog.sessions, "CHAIR")
    know(catalog)
    request = pb.CreateSelectionRequest(
        request_id=str(new_id()), selection=pb.Selection(title=text(en="x"), valid_from=day())
    )
    staff = as_staff("CATALOGUE", staff_id=new_id())
    made = (await catalog.selections.CreateSelection(request, metadata=staff)).selection
    assert (await catalog.selections.CreateSelection(request, metadata=staff)).selection == made
    fill = pb.SetSelectionEntriesRequest(
        request_id=str(new_id()),
        selection_id=made.id,
        entries=[pb.SelectionEntry(sku="CHAIR")],
        etag=made.etag,
    )
    filled = (await catalog.selections.SetSelectionEntries(fill, metadata=staff)).selection
    assert (await catalog.selections.SetSelectionEntries(fill, metadata=staff)).selection == filled
    empty = pb.SetSelectionEntriesRequest(selection_id=made.id)
    assert not (await catalog.selections.SetSelectionEntries(empty, metadata=staff)).selection.entry_count
    async with catalog.sessions() as session:
        sent = await session.execute(
            sa.text(
                "SELECT payload, headers->>'ce-aggregateversion' AS version FROM outbox"
                " WHERE subject = 'commis.catalog.v1.selection_changed' ORDER BY position"
            )
        )
        facts = [
            (events_pb2.SelectionChanged.FromString(row.payload), int(row.version)) for row in sent.all()
        ]
    assert [(fact.selection_id, fact.created, version) for fact, version in facts] == [
        (made.id, True, 1), (made.id, False, 2), (made.id, False, 3),
    ]  # fmt: skip
    assert all(UUID(fact.attribution.actor.id) for fact, _ in facts)


@pytest.mark.spec("C-31")
async def test_rows_follow_the_stock(catalog: Catalog) -> None:
    chair = await a.a_variant(catalog.sessions, "CHAIR", stock=1)
    made = await create(catalog, "CHAIR", visible_to_all=True)
    assert (await rows(catalog, made.id, LIBRARIAN)).rows[0].availability.available_quantity == 1
    moved = stock_pb2.MoveStockRequest(
        variant_id=str(chair.id),
        warehouse_id=str(await a.a_warehouse(catalog.sessions)),
        kind=stock_pb2.StockMovement.KIND_CORRECTION,
        quantity=-1,
        reason="broken",
    )
    await catalog.stock.MoveStock(moved, metadata=STAFF)
    availability = (await rows(catalog, made.id, LIBRARIAN)).rows[0].availability
    assert availability.state == pricing_pb2.Availability.STATE_UNAVAILABLE
