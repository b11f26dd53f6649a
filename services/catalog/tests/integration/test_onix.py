"""ONIX messages of others: taken over block by block, nothing guessed, nothing half done."""

from __future__ import annotations

import datetime
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from catalog.imports import readers
from catalog.imports import run as running
from catalog.onix.mapping import store as mapping
from catalog.onix.mapping.domain import PriceRule, SubjectRule
from catalog.products import categories
from chassis.db import Sessions

from .. import factories as a
from .. import onix
from .importing import Importing, counts

SAMPLES = Path(__file__).parents[1] / "data/onix"
TODAY = datetime.datetime.now(tz=a.BRUSSELS).date()
PRODUCTS = "SELECT names->>'en', brand, publication_date, discontinued FROM products"
PRICES = (
    "SELECT l.code, p.valid_from::text, p.valid_to::text, p.min_quantities, p.unit_prices::text FROM prices p"
    " JOIN price_lists l ON l.no = p.list_no WHERE supersede_time IS NULL ORDER BY l.code, p.valid_from"
)


async def rules(
    sessions: Sessions, *prices: PriceRule, subjects: dict[tuple[str, str], str] | None = None
) -> None:
    async with sessions.begin() as session:
        found = await categories.ensure_paths(session, (subjects or {}).values(), "en")
        await mapping.lock(session)
        wanted = [SubjectRule(scheme, code, found[path]) for (scheme, code), path in (subjects or {}).items()]
        await mapping.replace(session, prices, wanted)


def rule(
    list_id: UUID, kind: str = "04", qualifier: str = "", currency: str = "EUR", region: str = "BE"
) -> PriceRule:
    return PriceRule(kind, qualifier, currency, region, list_id)


@pytest.mark.spec("C-04")
@pytest.mark.parametrize("name", ["Onix3.1-single-ref.xml", "Onix3.1-single-short.xml", "onix3-single.xml"])
async def test_real_records(importing: Importing, sessions: Sessions, name: str) -> None:
    retail = await a.a_list(sessions, "RETAIL")
    await rules(sessions, rule(retail, "01"), subjects={("93", "FF"): "Crime", ("12", "FF"): "Crime"})
    job = await importing.onix((SAMPLES / name).read_bytes())
    assert (job.state, counts(job), job.error) == ("SUCCEEDED", (1, 0, 0, 0), "")
    book = await importing.all(
        "SELECT product_ref, sku, isbn, p.names->>'en', vat_class, product_form, text_language_code, weight_grams,"
        " stock_policy, publication_date, brand, c.path, v.discontinued FROM products p"
        " JOIN variants v ON v.product_id = p.id JOIN categories c ON c.id = ANY(p.category_ids)"
    )
    assert book == [
        ("com.globalbookinfo.onix.01734529", "9780007232833", "9780007232833", "Roseanna", "BOOK", "BC", "en", 195,
         "UNMANAGED", "2006-08-07", "HarperPerennial", "Crime", False)
    ]  # fmt: skip
    expected = [] if name.startswith("onix3") else [("RETAIL", str(TODAY), None, [1], "{8.9900}")]
    assert await importing.all(PRICES) == expected
    ((ref, outcome, found),) = await importing.verdicts(job)
    assert (ref, outcome) == ("com.globalbookinfo.onix.01734529", "ACCEPTED")
    assert set(found) <= {"NO_PRICE_LIST", "OTHER_MARKETS"}
    before = await importing.all("SELECT id, version, update_time FROM products")
    assert counts(await importing.onix((SAMPLES / name).read_bytes())) == (0, 0, 1, 0)
    assert await importing.all("SELECT id, version, update_time FROM products") == before


@pytest.mark.spec("C-04")
async def test_a_block_update_changes_the_blocks_that_are_there_alone(importing: Importing) -> None:
    full = onix.product("r", onix.descriptive("First"), onix.publishing(imprint="One"), onix.supply())
    await importing.onix(onix.message(full))
    second = onix.product("r", onix.publishing(imprint="Two", date="20210101"), notification="04")
    assert counts(await importing.onix(onix.message(second))) == (0, 1, 0, 0)
    assert await importing.all(PRODUCTS) == [("First", "Two", "2021-01-01", False)]
    third = onix.product("r", onix.descriptive("Second"), notification="04")
    assert counts(await importing.onix(onix.message(third))) == (0, 1, 0, 0)
    assert await importing.all(PRODUCTS) == [("Second", "Two", "2021-01-01", False)]
    assert counts(await importing.onix(onix.message(third))) == (0, 0, 1, 0)
    unknown = onix.product("unknown", onix.descriptive(), number=9, notification="04")
    assert (await importing.verdicts(await importing.onix(onix.message(unknown)))) == [
        ("unknown", "REFUSED", ["UNKNOWN_RECORD"])
    ]


@pytest.mark.spec("C-04")
async def test_a_new_block_replaces_what_came_from_onix_and_leaves_what_others_added(
    importing: Importing, sessions: Sessions
) -> None:
    await rules(
        sessions, subjects={("93", "F"): "Fiction", ("93", "FF"): "Fiction/Crime", ("29", "3"): "Essais"}
    )
    more = onix.contributor(2, "B06", "Lois Roth") + onix.contributor(1, "A01", "Maj Sjöwall")
    subjects = onix.subject("93", "FFP") + onix.subject("32", "332") + onix.subject("24", "own")
    await importing.onix(onix.message(onix.product("r", onix.descriptive(more=more + subjects))))
    await importing(
        "PRODUCTS", "product_ref,sku,category,attr_signed\nr," + onix.isbn(1) + ",Shop window,yes\n"
    )
    row = "SELECT authors, characteristics, ARRAY(SELECT path FROM categories WHERE id = ANY(category_ids) ORDER BY 1)"
    assert await importing.all(f"{row} FROM products") == [
        (["Maj Sjöwall"], [["translator", "Lois Roth"], ["NUR", "332"], ["subject 24", "own"], ["signed", "yes"]],
         ["Shop window"]),
    ]  # fmt: skip
    again = onix.descriptive(more=onix.contributor(1, "A01", "Per Wahlöö") + onix.subject("93", "FFP"))
    await importing.onix(onix.message(onix.product("r", again, notification="04")))
    assert await importing.all(f"{row} FROM products") == [
        (["Per Wahlöö"], [["signed", "yes"]], ["Fiction/Crime", "Shop window"])
    ]
    other = onix.descriptive(more=onix.subject("29", "3145") + onix.subject("29", "4000"))
    await importing.onix(onix.message(onix.product("r", other, notification="04")))
    assert await importing.all(f"{row} FROM products") == [
        ([], [["signed", "yes"], ["CLIL", "4000"]], ["Essais", "Shop window"])
    ]


@pytest.mark.spec("C-04")
async def test_deletions_and_statuses(importing: Importing, sessions: Sessions) -> None:
    async def ended(*products: str) -> list[bool]:
        await importing.onix(onix.message(*products))
        return [bool(row[0]) for row in await importing.all("SELECT discontinued FROM variants ORDER BY sku")]

    full = onix.product("r", onix.descriptive(), onix.publishing(), onix.supply())
    assert await ended(full) == [False]
    assert await ended(onix.product("r", notification="05")) == [True]
    assert await ended(onix.product("r", notification="05")) == [True]
    assert await ended(full) == [False]
    assert await ended(onix.product("r", onix.publishing("07"), notification="04")) == [True]
    assert await ended(onix.product("r", onix.supply(availability="21"), notification="04")) == [True]
    assert await ended(onix.product("r", onix.publishing("04"), notification="04")) == [False]
    assert await ended(onix.product("r", onix.supply(availability="51"), notification="04")) == [True]
    both = onix.supply(availability="51") + onix.supply(availability="21")
    assert await ended(onix.product("r", both, notification="04")) == [False]
    async with sessions.begin() as session:
        await session.execute(sa.text("UPDATE variants SET discontinued = true"))
    assert await ended(full) == [True], "what people discontinued does not come back"
    gone = await importing.onix(onix.message(onix.product("never", number=5, notification="05")))
    assert await importing.verdicts(gone) == [("never", "UNCHANGED", ["UNKNOWN_RECORD"])]
    test = await importing.onix(
        onix.message(onix.product("t", onix.descriptive(), number=6, notification="89"))
    )
    assert await importing.verdicts(test) == [("t", "UNCHANGED", ["TEST_RECORD"])]


@pytest.mark.spec("C-04")
async def test_what_is_kept_in_stock_is_sold_after_the_publisher_gave_it_up(importing: Importing) -> None:
    full = onix.product("r", onix.descriptive(), onix.publishing())
    await importing.onix(onix.message(full))
    await importing("PRODUCTS", f"product_ref,sku,stock_policy\nr,{onix.isbn(1)},STOCKED\n")
    job = await importing.onix(onix.message(onix.product("r", onix.publishing("07"))))
    assert await importing.verdicts(job) == [("r", "UNCHANGED", ["WITHDRAWN"])]
    assert await importing.all("SELECT discontinued FROM variants") == [(False,)]
    await importing.onix(onix.message(onix.product("r", notification="05")))
    assert await importing.all("SELECT discontinued FROM variants") == [(True,)]


@pytest.mark.spec("C-04", "C-10")
async def test_prices_go_to_the_lists_that_are_mapped_and_nowhere_else(
    importing: Importing, sessions: Sessions
) -> None:
    retail = await a.a_list(sessions, "RETAIL", tax_inclusive=True)
    library = await a.a_list(sessions, "LIBRARY", tax_inclusive=True)
    france = await a.a_list(sessions, "FRANCE", tax_inclusive=True)
    trade = await a.a_list(sessions, "TRADE")
    await rules(
        sessions, rule(retail), rule(library, qualifier="10"), rule(france, region="FR"), rule(trade, "05"),
        rule(retail, "02"),
    )  # fmt: skip
    prices = [
        onix.price("20.00", countries="BE"), onix.price("19.00", countries="FR"), onix.price("18", qualifier="10"),
        onix.price("12.3456", "05"), onix.price("11", "05", quantity=10), onix.price("25", currency="USD"),
        onix.price("9", "03"), onix.price("21", countries="CH"), onix.price("3", qualifier="05"),
    ]  # fmt: skip
    job = await importing.onix(onix.message(onix.product("r", onix.descriptive(), onix.supply(*prices))))
    today = str(TODAY)
    assert await importing.all(PRICES) == [
        ("FRANCE", today, None, [1], "{19.0000}"),
        ("LIBRARY", today, None, [1], "{18.0000}"),
        ("RETAIL", today, None, [1], "{20.0000}"),
        ("TRADE", today, None, [1, 10], "{12.3456,11.0000}"),
    ]
    values = [value for _, value, rule, _ in (await importing.findings(job))[1] if rule == "NO_PRICE_LIST"]
    assert values == ["04 25 USD BE FR", "03 9 EUR BE FR", "04 21 EUR CH", "04/05 3 EUR BE FR"]


@pytest.mark.spec("C-04", "C-11", "C-15")
async def test_prices_follow_the_record_from_today_on(importing: Importing, sessions: Sessions) -> None:
    retail = await a.a_list(sessions, "RETAIL", tax_inclusive=True)
    await rules(sessions, rule(retail))

    async def take(*prices: str) -> tuple[int, int, int, int]:
        return counts(
            await importing.onix(onix.message(onix.product("r", onix.descriptive(), onix.supply(*prices))))
        )

    assert await take(onix.price("10", begin="20200101", end="29001231"), onix.price("12", begin="29010101")) == (
        1, 0, 0, 0,
    )  # fmt: skip
    expected = [
        ("RETAIL", "2020-01-01", "2901-01-01", [1], "{10.0000}"),
        ("RETAIL", "2901-01-01", None, [1], "{12.0000}"),
    ]
    assert await importing.all(PRICES) == expected
    assert await take(onix.price("10", begin="20200101", end="29001231"), onix.price("12", begin="29010101")) == (
        0, 0, 1, 0,
    )  # fmt: skip
    assert await take(onix.price("10")) == (0, 1, 0, 0)  # the rise was called off
    assert [row[1:] for row in await importing.all(PRICES)] == [
        ("2020-01-01", "2901-01-01", [1], "{10.0000}"), ("2901-01-01", None, [1], "{10.0000}"),
    ]  # fmt: skip
    assert await take(onix.price("10")) == (0, 0, 1, 0)
    assert await take(onix.price("11"), onix.price("8", begin="28000101", end="28000131")) == (0, 1, 0, 0)
    today = str(TODAY)
    offer = [
        ("2020-01-01", today, [1], "{10.0000}"), (today, "2800-01-01", [1], "{11.0000}"),
        ("2800-01-01", "2800-02-01", [1], "{8.0000}"), ("2800-02-01", None, [1], "{11.0000}"),
    ]  # fmt: skip
    assert [row[1:] for row in await importing.all(PRICES)] == offer
    assert await take(onix.price("11"), onix.price("8", begin="28000101", end="28000131")) == (0, 0, 1, 0)
    superseded = await importing.all("SELECT count(*) FROM prices WHERE supersede_time IS NOT NULL")
    assert superseded[0][0] >= 3, "history is kept"
    assert await take() == (0, 0, 1, 0), "a block without prices says nothing of them"
    assert [row[1:] for row in await importing.all(PRICES)] == offer


@pytest.mark.spec("C-04")
async def test_prices_that_are_not_certain_are_left_out(importing: Importing, sessions: Sessions) -> None:
    retail = await a.a_list(sessions, "RETAIL", tax_inclusive=True)
    await rules(sessions, rule(retail))

    async def take(number: int, *prices: str) -> list[str]:
        product = onix.product(f"r{number}", onix.descriptive(), onix.supply(*prices), number=number)
        ((_, outcome, found),) = await importing.verdicts(await importing.onix(onix.message(product)))
        assert outcome == "ACCEPTED"
        return found

    assert await take(1, onix.price("10"), onix.price("11")) == ["AMBIGUOUS_PRICE"]
    assert await take(2, onix.price("10", quantity=5)) == ["AMBIGUOUS_PRICE"]
    assert await take(
        3, onix.price("10", begin="20200101"), onix.price("9", begin="20200101", end="29990101")
    ) == ["AMBIGUOUS_PRICE"]
    assert await take(4, onix.price("10").replace("<PriceType>", "<PriceType>9")) == ["NO_PRICE_LIST"]
    rented = onix.price("1").replace(
        "<PriceAmount>",
        "<PriceCondition><PriceConditionType>10</PriceConditionType></PriceCondition><PriceAmount>",
    )
    assert await take(5, rented) == ["PRICE_CONDITION"]
    assert await importing.all(PRICES) == []
    wrong = onix.product("r6", onix.descriptive(), onix.supply(onix.price("ten")), number=6)
    assert counts(await importing.onix(onix.message(wrong))) == (0, 0, 0, 1)
    assert await importing.all("SELECT count(*) FROM products") == [(5,)], "nothing of the record was taken"


@pytest.mark.spec("C-04")
async def test_records_find_books_that_are_there_already(importing: Importing) -> None:
    await importing(
        "PRODUCTS",
        "product_ref,sku,name_en,isbn\n"
        f"A,SHOP-1,By its ISBN,{onix.isbn(1)}\n"
        f"B,{onix.isbn(2)},By its SKU,\n"
        "r3,SHOP-3,By the reference,\n"
        f"D,SHOP-4,Twice,{onix.isbn(4)}\nE,SHOP-5,Twice,{onix.isbn(4)}\n",
    )
    job = await importing.onix(
        onix.message(*(onix.product(f"r{n}", onix.descriptive(f"Book {n}"), number=n) for n in (1, 2, 3, 4)))
    )
    assert [(ref, outcome, found) for ref, outcome, found in await importing.verdicts(job)] == [
        ("r1", "CHANGED", []), ("r2", "CHANGED", []), ("r3", "CHANGED", []), ("r4", "REFUSED", ["SEVERAL_VARIANTS"]),
    ]  # fmt: skip
    assert await importing.all(
        "SELECT product_ref, sku, names->>'en', isbn FROM products p JOIN variants v ON v.product_id = p.id"
        " WHERE sku NOT IN ('SHOP-4', 'SHOP-5') ORDER BY sku"
    ) == [
        ("B", onix.isbn(2), "Book 2", onix.isbn(2)), ("A", "SHOP-1", "Book 1", onix.isbn(1)),
        ("r3", "SHOP-3", "Book 3", onix.isbn(3)),
    ]  # fmt: skip
    other = await importing.onix(onix.message(onix.product("r1", onix.descriptive(), number=7)))
    assert await importing.verdicts(other) == [("r1", "REFUSED", ["NAMES_ANOTHER_BOOK"])]
    second = onix.product("other-sender", onix.publishing("07"), number=1)
    await importing.onix(onix.message(second))
    assert await importing.all("SELECT discontinued FROM variants WHERE sku = 'SHOP-1'") == [(False,)]


@pytest.mark.spec("C-04")
async def test_one_file_says_one_thing_of_a_book(importing: Importing) -> None:
    twice = [onix.product("r", onix.descriptive(name)) for name in ("One", "One", "Two")]
    blocks = onix.product("r", onix.publishing(), notification="04")
    without = onix.product("x", onix.publishing(), number=3)
    unnamed = onix.product("y", onix.descriptive(), ids=onix.identifier("06", "10.1/doi"))
    for outcome in ("ACCEPTED", "UNCHANGED"):
        job = await importing.onix(onix.message(*twice, blocks, without, unnamed))
        assert await importing.verdicts(job) == [
            ("r", outcome, []), ("r", "UNCHANGED", []), ("r", "REFUSED", ["REPEATED"]),
            ("r", "CHANGED" if outcome == "ACCEPTED" else "UNCHANGED", []), ("x", "REFUSED", ["REQUIRED"]),
            ("y", "REFUSED", ["REQUIRED"]),
        ]  # fmt: skip


@pytest.mark.spec("C-04")
async def test_the_message_as_a_whole_is_record_zero(importing: Importing) -> None:
    cut = onix.message(onix.product("r", onix.descriptive()))[:-14]
    job = await importing.onix(cut)
    assert (job.state, counts(job)) == ("FAILED", (1, 0, 0, 0))
    assert "cut off" in job.error
    odd = onix.message(onix.product("r", onix.descriptive())).replace("</Sender>", "</Senders>")
    job = await importing.onix(odd)
    assert (job.state, counts(job)) == ("SUCCEEDED", (0, 0, 1, 0))
    assert [found[0][2] for number, found in (await importing.findings(job)).items() if number == 0] == [
        "MALFORMED"
    ]


@pytest.mark.spec("C-04")
async def test_a_batch_of_large_records_stays_small(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "MAX_SIZE", 20_000)
    sizes: list[int] = []
    original = readers.OnixImport.apply

    async def measured(self, session, job, records):  # type: ignore[no-untyped-def]
        sizes.append(sum(record.size for record in records))
        return await original(self, session, job, records)

    monkeypatch.setattr(readers.OnixImport, "apply", measured)
    large = "<CollateralDetail>" + "<x>y</x>" * 1000 + "</CollateralDetail>"
    products = (onix.product(f"r{n}", onix.descriptive(f"T{n}"), large, number=n) for n in range(30))
    assert counts(await importing.onix(onix.message(*products))) == (30, 0, 0, 0)
    assert len(sizes) > 5
    assert max(sizes) < 60_000
