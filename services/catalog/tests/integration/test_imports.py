"""CSV imports: a verdict per record, nothing guessed, resumable, the same file twice changes nothing."""

from __future__ import annotations

import pytest

from catalog.imports import readers, store
from catalog.imports import run as running
from catalog.imports.domain import ImportTooLarge
from chassis.db import Sessions
from chassis.errors import RequestIdReused
from chassis.ids import new_id

from .. import factories as a
from .importing import Importing, counts


class Crash(BaseException):
    """Nothing in the program catches it."""


PRODUCTS = """product_ref,sku,name_en,name_fr,brand,category,option_size,option_color,attr_material,vat_class,\
weight_grams,stock_policy
H1,H1-S,Hoodie,"Sweat, à capuche",Chaz,Men/Tops|Sale,S,Black,Cotton,STANDARD,300,STOCKED
P9,P9-M,Pants,Pantalon,Chaz,Men/Bottoms,M,Grey,Wool,STANDARD,400,BACKORDER
H1,H1-M,Hoodie,,Chaz,Men/Tops|Sale,M,Black,Cotton,STANDARD,310,STOCKED
"""


@pytest.mark.spec("C-04")
async def test_products_with_variants_apart_in_the_file(importing: Importing) -> None:
    job = await importing("PRODUCTS", PRODUCTS)
    assert (job.state, counts(job)) == ("SUCCEEDED", (3, 0, 0, 0))
    assert job.processed_bytes == job.total_bytes == len(PRODUCTS.encode())
    found = await importing.all(
        "SELECT p.product_ref, v.sku, v.options, v.weight_grams, p.names->>'fr', cardinality(p.category_ids)"
        " FROM variants v JOIN products p ON p.id = v.product_id ORDER BY v.sku"
    )
    assert found == [
        ("H1", "H1-M", [["size", "M"], ["color", "Black"]], 310, "Sweat, à capuche", 2),
        ("H1", "H1-S", [["size", "S"], ["color", "Black"]], 300, "Sweat, à capuche", 2),
        ("P9", "P9-M", [["size", "M"], ["color", "Grey"]], 400, "Pantalon", 1),
    ]
    paths = await importing.all("SELECT path FROM categories ORDER BY path")
    assert paths == [("Men",), ("Men/Bottoms",), ("Men/Tops",), ("Sale",)]
    assert await importing.all("SELECT 1 FROM import_pieces UNION ALL SELECT 1 FROM import_seen") == []


@pytest.mark.spec("C-04")
async def test_the_same_file_twice_changes_nothing(importing: Importing) -> None:
    await importing("PRODUCTS", PRODUCTS)
    before = await importing.all("SELECT id, version, update_time FROM products ORDER BY id")
    job = await importing("PRODUCTS", PRODUCTS)
    assert (job.state, counts(job)) == ("SUCCEEDED", (0, 0, 3, 0))
    assert await importing.all("SELECT id, version, update_time FROM products ORDER BY id") == before
    changed = await importing("PRODUCTS", PRODUCTS.replace("310", "320"))
    assert counts(changed) == (0, 1, 2, 0)
    emptied = await importing("PRODUCTS", "sku,product_ref,brand\nH1-S,H1,\n")  # an empty cell says nothing
    assert counts(emptied) == (0, 0, 1, 0)


@pytest.mark.spec("C-04")
async def test_the_first_row_of_a_product_decides_and_repeats_are_refused(importing: Importing) -> None:
    rows = "product_ref,sku,name_en,brand\nA,A1,Chair,\nA,A2,Table,Linde\nA,A1,Chair,\nB,B1,Bed,\n"
    for outcome in ((3, 0, 1, 0), (0, 0, 4, 0)):
        job = await importing("PRODUCTS", rows)
        assert counts(job) == outcome
        assert (await importing.findings(job))[3] == [("name_en", "Table", "DIFFERS_FROM_FIRST_ROW", False)]
    assert await importing.all("SELECT names->>'en', brand FROM products WHERE product_ref = 'A'") == [
        ("Chair", "Linde")
    ]
    twice = await importing("PRODUCTS", "sku,weight_grams,name_en\nX,1,X\nX,2,X\nX,1,X\n")
    assert counts(twice) == (1, 0, 1, 1)
    moved = await importing("PRODUCTS", "product_ref,sku,name_en\nB,A1,Bed\n")
    assert (await importing.findings(moved))[2][0][2] == "BELONGS_TO_ANOTHER_PRODUCT"


@pytest.mark.spec("C-04")
async def test_identifiers_are_repaired_where_certain_and_refused_where_not(importing: Importing) -> None:
    job = await importing(
        "PRODUCTS",
        "sku,name_en,isbn,isbn10,gtin\n"
        "B1,Lost zeros,,439023483,\n"
        "B2,Scientific,9.78043902348e+12,439023483,\n"
        "B3,Scientific alone,9.78043902348e+12,,\n"
        "B4,Wrong digit,,439023484,\n"
        "B5,No identifier,,,\n"
        "B6,Hyphens,978-0-439-02348-1,,\n"
        "B7,Two books,9780439023481,0316769487,\n"
        "B8,Other book,9.78031676948e+12,439023483,\n"
        "B9,Bar code without zeros,,,36000291452\n"
        "B10,Bad bar code,9780439023481,,4006381333932\n"
        "B11,Decimal point,9780439023481.0,,\n",
    )
    assert counts(job) == (7, 0, 0, 4)
    assert await importing.findings(job) == {
        2: [("isbn10", "439023483", "LEADING_ZEROS", True)],
        3: [("isbn10", "439023483", "LEADING_ZEROS", True), ("isbn", "9.78043902348e+12", "SCIENTIFIC_NOTATION", True)],
        4: [("isbn", "9.78043902348e+12", "SCIENTIFIC_NOTATION", False)],
        5: [("isbn10", "439023484", "ISBN_CHECK_DIGIT", False)],
        6: [],
        7: [],
        8: [("isbn", "9780439023481", "IDENTIFIERS_DISAGREE", False),
            ("isbn10", "0316769487", "IDENTIFIERS_DISAGREE", False)],
        9: [("isbn", "9.78031676948e+12", "IDENTIFIERS_DISAGREE", False),
            ("isbn10", "439023483", "IDENTIFIERS_DISAGREE", False)],
        10: [("gtin", "36000291452", "LEADING_ZEROS", True)],
        11: [("gtin", "4006381333932", "GTIN_CHECK_DIGIT", False)],
        12: [("isbn", "9780439023481.0", "DECIMAL_POINT", True)],
    }  # fmt: skip
    assert await importing.all("SELECT sku, isbn FROM variants WHERE isbn IS NOT NULL ORDER BY sku") == [
        ("B1", "9780439023481"), ("B10", "9780439023481"), ("B11", "9780439023481"), ("B2", "9780439023481"),
        ("B6", "9780439023481"),
    ]  # fmt: skip


@pytest.mark.spec("C-04")
async def test_a_bad_record_never_stops_or_half_applies_the_rest(importing: Importing) -> None:
    job = await importing(
        "PRODUCTS",
        "sku,name_en,vat_class,weight_grams,publication_date\n"
        "OK1,Fine,STANDARD,1,1999\n"
        ",Nobody,LUXURY,-5,\n"
        'BAD,5" pipe",STANDARD,1,2000\n'
        'OPEN,"never closed,STANDARD,1,2000\n'
        "NUL,a\x00b,STANDARD,1,\n"
        "MANY,a,STANDARD,1,,extra\n"
        "OLD,Odyssey,STANDARD,1,-750\n"
        '\nOK2,"Two\nlines",STANDARD,2,2001-02-29\n'
        "OK3,Fine,,,\n",
    )
    assert (job.state, counts(job)) == ("SUCCEEDED", (3, 0, 0, 6))
    rules = {
        number: {rule for _, _, rule, _ in found}
        for number, found in (await importing.findings(job, "REFUSED")).items()
    }
    assert rules == {
        3: {"REQUIRED", "MUST_BE_ONE_OF", "WHOLE_NUMBER"},
        5: {"MALFORMED"},
        6: {"UNSTORABLE_CHARACTER"},
        7: {"COLUMN_COUNT"},
        8: {"DATE"},
        10: {"DATE"},
    }
    assert await importing.all("SELECT sku FROM variants ORDER BY sku") == [("BAD",), ("OK1",), ("OK3",)]


@pytest.mark.spec("C-04")
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
async def test_separators_and_encodings(importing: Importing, separator: str, encoding: str) -> None:
    text = "sku;name_fr;colour;sku\r\nÉ1;Théière bleue;blue;x\r\n".replace(";", separator)
    job = await importing("PRODUCTS", text.encode(encoding))
    assert counts(job) == (1, 0, 0, 0)
    assert await importing.all("SELECT v.sku, names->>'fr' FROM variants v JOIN products p ON true") == [
        ("É1", "Théière bleue")
    ]
    header = (await importing.findings(job))[1]
    assert ("encoding", "cp1252", "NOT_UTF_8", False) in header or encoding != "cp1252"
    assert ("colour", "colour", "UNKNOWN_COLUMN", False) in header
    assert ("sku", "sku", "REPEATED_COLUMN", False) in header


@pytest.mark.spec("C-04")
@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("", "empty"),
        ("\n\n", "no header"),
        ("name_en,brand\nx,y\n", "lacks the columns sku"),
        ("x" * 1_100_000, "longer"),
    ],
)
async def test_a_file_that_cannot_be_read_fails_as_a_whole(
    importing: Importing, content: str, error: str
) -> None:
    job = await importing("PRODUCTS", content)
    assert job.state == "FAILED"
    assert error in job.error


@pytest.mark.spec("C-04", "C-11")
async def test_prices_and_their_ladders(importing: Importing, sessions: Sessions) -> None:
    chair = await a.a_variant(sessions, "CHAIR", price=None)
    await a.a_list(sessions, "NET")
    rows = (
        "price_list,sku,min_quantity,amount,currency,valid_from,valid_to\n"
        "NET,CHAIR,10,8.5,EUR,2026-01-01,\n"
        "NET,CHAIR,1,10,EUR,2026-01-01,\n"
        'NET,CHAIR,1,"11,50",EUR,2027-01-01,\n'
    )
    for outcome in ((3, 0, 0, 0), (0, 0, 3, 0)):
        job = await importing("PRICES", rows)
        assert counts(job) == outcome
        assert (await importing.findings(job))[4] == [("amount", "11,50", "DECIMAL_COMMA", True)]
    found = await importing.all(
        "SELECT valid_from::text, valid_to::text, min_quantities, unit_prices::text FROM prices ORDER BY valid_from"
    )
    assert found == [
        ("2026-01-01", "2027-01-01", [1, 10], "{10.0000,8.5000}"),
        ("2027-01-01", None, [1], "{11.5000}"),
    ]
    today = f"price_list,sku,amount\nNET,{chair.sku},9\n"
    assert counts(await importing("PRICES", today)) == (0, 0, 0, 1)  # would run into the price of 2027
    again = "price_list,sku,amount,valid_to\nNET,CHAIR,9,2027-01-01\n"
    assert counts(await importing("PRICES", again)) == (0, 1, 0, 0)
    assert counts(await importing("PRICES", again)) == (0, 0, 1, 0)


@pytest.mark.spec("C-04")
async def test_prices_that_cannot_be_taken(importing: Importing, sessions: Sessions) -> None:
    await a.a_variant(sessions, "CHAIR", price=None)
    await a.a_list(sessions, "NET")
    job = await importing(
        "PRICES",
        "price_list,sku,min_quantity,amount,currency,valid_from,valid_to\n"
        "GROSS,CHAIR,1,1,EUR,,\nNET,TABLE,1,1,EUR,,\nNET,CHAIR,1,1,USD,,\nNET,CHAIR,0,1,EUR,,\n"
        "NET,CHAIR,1,1.234567,EUR,,\nNET,CHAIR,1,-1,EUR,,\nNET,CHAIR,1,NaN,EUR,,\nNET,CHAIR,1,1,EUR,01/02/2026,\n"
        "NET,CHAIR,1,1,EUR,2026-02-01,2026-02-01\nNET,CHAIR,5,1,EUR,2020-01-01,2020-02-01\n"
        'NET,CHAIR,1,"1,234",EUR,,\nNET,CHAIR,1,1,EUR,2019-01-01,2019-02-01\nNET,CHAIR,1,2,EUR,2019-01-01,2019-02-01\n',
    )
    rules = [found[0][2] for found in (await importing.findings(job, "REFUSED")).values()]
    assert rules == [
        "UNKNOWN_PRICE_LIST", "UNKNOWN_SKU", "CURRENCY_OF_LIST", "WHOLE_NUMBER", "PRICE", "PRICE", "DECIMAL_NUMBER",
        "DATE", "AFTER_VALID_FROM", "LADDER", "DECIMAL_NUMBER", "REPEATED",
    ]  # fmt: skip
    assert counts(job) == (1, 0, 0, 12)


@pytest.mark.spec("C-04", "C-20")
async def test_counted_stock_moves_the_difference(importing: Importing, sessions: Sessions) -> None:
    chair = await a.a_variant(sessions, "CHAIR")
    rows = "warehouse,sku,quantity\nBRU,CHAIR,5\nANT,CHAIR,0\nBRU,NONE,1\nBRU,CHAIR,6\nBRU,CHAIR,x\n"
    job = await importing("STOCK", rows)
    assert counts(job) == (1, 0, 1, 3)
    assert counts(await importing("STOCK", rows)) == (0, 0, 2, 3), "a first count of nothing moves nothing"
    assert counts(await importing("STOCK", "warehouse,sku,quantity\nBRU,CHAIR,5\n")) == (0, 0, 1, 0)
    assert counts(await importing("STOCK", "warehouse,sku,quantity\nBRU,CHAIR,3\n")) == (0, 1, 0, 0)
    assert await importing.all("SELECT quantity, kind FROM stock_movements ORDER BY id") == [
        (5, "CORRECTION"), (-2, "CORRECTION"),
    ]  # fmt: skip
    from catalog.reservations.use_cases import reserve_stock

    await reserve_stock(a.reserving(sessions), a.a_reservation([a.a_line(chair, 2)]))
    below = await importing("STOCK", "warehouse,sku,quantity\nBRU,CHAIR,1\n")
    assert (await importing.findings(below))[2] == [("quantity", "1", "BELOW_RESERVED", False)]
    await a.assert_ledger_holds(sessions)


@pytest.mark.spec("C-04")
async def test_a_job_goes_on_from_its_checkpoint_after_a_crash(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "BATCH", 10)
    rows = "".join(f"S{n},Thing {n}\n" for n in range(45))
    job = await importing.upload("PRODUCTS", "sku,name_en\n" + rows)
    crashes = 0

    def crash(name: str) -> None:
        nonlocal crashes
        crashes += 1
        if crashes in (2, 4):
            raise Crash

    monkeypatch.setattr(running.crash, "point", crash)
    for _ in range(2):
        with pytest.raises(Crash):
            await importing.runner.run_next("PRODUCTS")
    assert (await importing.view(job.id)).state == "RUNNING"
    await importing.runner.run_next("PRODUCTS")
    done = await importing.view(job.id)
    assert (done.state, counts(done)) == ("SUCCEEDED", (45, 0, 0, 0))
    assert await importing.all("SELECT count(*), count(DISTINCT sku) FROM variants") == [(45, 45)]
    assert await importing.all("SELECT count(*) FROM import_verdicts") == [(45,)]


@pytest.mark.spec("C-04")
async def test_a_batch_that_fails_is_taken_apart(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f"S{n},Thing {n}\n" for n in range(20))
    original = readers.ProductImport.apply

    async def fragile(self, session, job, records):  # type: ignore[no-untyped-def]
        if any(record.values["sku"] == "S13" for record in records):
            raise RuntimeError("nobody thought of this")
        return await original(self, session, job, records)

    monkeypatch.setattr(readers.ProductImport, "apply", fragile)
    job = await importing("PRODUCTS", "sku,name_en\n" + rows)
    assert (job.state, counts(job)) == ("SUCCEEDED", (19, 0, 0, 1))
    assert list(await importing.findings(job, "REFUSED")) == [15]


@pytest.mark.spec("C-04")
async def test_cancel_keeps_what_was_applied(importing: Importing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "BATCH", 10)
    rows = "".join(f"S{n},Thing {n}\n" for n in range(35))
    job = await importing.upload("PRODUCTS", "sku,name_en\n" + rows)
    original = readers.ProductImport.prepare

    async def cancel_soon(self, found, records):  # type: ignore[no-untyped-def]
        if records[0].number > 20:
            async with importing.sessions.begin() as session:
                assert await store.cancel(session, job.id)
        await original(self, found, records)

    monkeypatch.setattr(readers.ProductImport, "prepare", cancel_soon)
    await importing.runner.run_next("PRODUCTS")
    ended = await importing.view(job.id)
    assert (ended.state, counts(ended)) == ("CANCELLED", (20, 0, 0, 0))
    async with importing.sessions.begin() as session:
        assert not await store.cancel(session, job.id)


@pytest.mark.spec("C-04")
async def test_an_upload_is_idempotent_by_request_id(importing: Importing) -> None:
    request_id = new_id()
    first = await importing.upload("PRODUCTS", PRODUCTS, request_id)
    assert (await importing.upload("PRODUCTS", PRODUCTS, request_id)).id == first.id
    with pytest.raises(RequestIdReused):
        await importing.upload("PRODUCTS", PRODUCTS + "x", request_id)
    assert await importing.all("SELECT count(*) FROM imports") == [(1,)]


@pytest.mark.spec("C-04")
async def test_too_large_a_file_leaves_nothing(importing: Importing, monkeypatch: pytest.MonkeyPatch) -> None:
    from catalog.imports import upload as uploading

    monkeypatch.setattr(uploading, "MAX_BYTES", 2000)
    with pytest.raises(ImportTooLarge):
        await importing.upload("PRODUCTS", "x" * 3000)
    assert await importing.all("SELECT 1 FROM imports UNION ALL SELECT 1 FROM import_pieces") == []


@pytest.mark.spec("C-04")
async def test_a_large_file_is_cleared_away_in_slices(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    from catalog.imports import upload as uploading

    monkeypatch.setattr(uploading, "MAX_PIECE", 2000)
    monkeypatch.setattr(store, "PIECES_AT_ONCE", 3)
    monkeypatch.setattr(store, "KEYS_AT_ONCE", 50)
    rows = "sku,name_en\n" + "".join(f"S{n},Thing {n}\n" for n in range(2000))
    original = store.clear

    async def died(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "clear", died)
    with pytest.raises(KeyboardInterrupt):
        await importing("PRODUCTS", rows)
    monkeypatch.setattr(store, "clear", original)
    (pieces,) = (await importing.all("SELECT count(*) FROM import_pieces"))[0]
    assert pieces > 9
    await importing.runner.tidy()
    assert await importing.all("SELECT 1 FROM import_pieces UNION ALL SELECT 1 FROM import_seen") == []
    assert await importing.all("SELECT state, accepted_count FROM imports") == [("SUCCEEDED", 2000)]
