"""What codes mean: SKU first, else ISBN or EAN, as people write them."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from commis.catalog.v1 import products_pb2 as pb

from catalog.products import codes
from chassis.ids import new_id
from chassis.testing import as_customer

from .. import factories as a
from .conftest import ORDERS, STAFF, Catalog, refusal

# L'Etranger and Le Petit Prince (Gallimard); an ISBN-10 whose check digit is X.
STRANGER, PRINCE, X = "9782070360024", "9782070612758", "9780804429573"


async def resolve(catalog: Catalog, *given: str, language: str = "") -> list[pb.ResolvedCode]:
    request = pb.ResolveCodesRequest(codes=given, language_code=language)
    return list((await catalog.products.ResolveCodes(request, metadata=ORDERS)).codes)


async def found(catalog: Catalog, *given: str) -> list[tuple[str, list[str], str]]:
    answers = await resolve(catalog, *given)
    assert [answer.code for answer in answers] == list(given)
    return [(each.code, [match.sku for match in each.matches], each.read_as) for each in answers]


@pytest.mark.spec("O-04", "C-02")
async def test_isbns_as_people_write_them(catalog: Catalog) -> None:
    await a.a_variant(catalog.sessions, "B-1", isbn=STRANGER)
    await a.a_variant(catalog.sessions, "B-2", isbn=X)
    assert await found(
        catalog,
        "9782070360024",
        "978-2-07-036002-4",
        "978 2 07 036002 4",
        "2-07-036002-4",
        "2070360024",
        "9782070360024.0",
        "080442957X",
        "80442957x",
        "9782070360025",
        "2070360025",
        "9.78207E+12",
    ) == [
        ("9782070360024", ["B-1"], ""),
        ("978-2-07-036002-4", ["B-1"], STRANGER),
        ("978 2 07 036002 4", ["B-1"], STRANGER),
        ("2-07-036002-4", ["B-1"], STRANGER),
        ("2070360024", ["B-1"], STRANGER),
        ("9782070360024.0", ["B-1"], STRANGER),
        ("080442957X", ["B-2"], X),
        ("80442957x", ["B-2"], X),  # without the zero that a spreadsheet took away
        ("9782070360025", [], ""),
        ("2070360025", [], ""),
        ("9.78207E+12", [], ""),
    ]


@pytest.mark.spec("O-04")
async def test_a_sku_comes_before_an_isbn_and_an_exact_one_before_all(catalog: Catalog) -> None:
    await a.a_variant(catalog.sessions, STRANGER)
    await a.a_variant(catalog.sessions, "BOOK", isbn=STRANGER)
    await a.a_variant(catalog.sessions, "WS12-XS")
    await a.a_variant(catalog.sessions, "WS12XS")
    await a.a_variant(catalog.sessions, "A 7/5")
    assert await found(catalog, STRANGER, "2070360024", "WS12-XS", "ws12 xs", "a-7/5", "A75", "A 7.5") == [
        (STRANGER, [STRANGER], ""),
        ("2070360024", ["BOOK"], STRANGER),
        ("WS12-XS", ["WS12-XS"], ""),
        ("ws12 xs", ["WS12-XS", "WS12XS"], "WS12-XS"),
        ("a-7/5", ["A 7/5"], "A 7/5"),
        ("A75", [], ""),  # other punctuation than hyphens and spaces means something
        ("A 7.5", [], ""),
    ]


@pytest.mark.spec("O-04", "C-02")
async def test_eans_have_many_lengths_and_one_code_may_mean_several(catalog: Catalog) -> None:
    for sku, gtin in (("CAN", "036000291452"), ("SMALL", "96385074"), ("TWIN-1", STRANGER)):
        made = await a.a_variant(catalog.sessions, sku)
        await _set(catalog, made, gtin=gtin)
    await a.a_variant(catalog.sessions, "TWIN-2", isbn=STRANGER)
    assert await found(catalog, "0036000291452", "36000291452", "96385074", "2070360024") == [
        ("0036000291452", ["CAN"], ""),
        ("36000291452", ["CAN"], "0036000291452"),
        ("96385074", ["SMALL"], ""),
        ("2070360024", ["TWIN-1", "TWIN-2"], STRANGER),
    ]


@pytest.mark.spec("O-04", "C-04")
async def test_what_is_no_longer_sold_is_told_and_comes_last(catalog: Catalog) -> None:
    old = await a.a_variant(catalog.sessions, "OLD", isbn=STRANGER)
    gone = await a.a_variant(catalog.sessions, "GONE", isbn=STRANGER)
    await a.a_variant(catalog.sessions, "NEW", isbn=STRANGER)
    await _set(catalog, old, discontinued=True)
    async with catalog.sessions.begin() as session:
        update = sa.text("UPDATE products SET discontinued = true WHERE id = :id")
        await session.execute(update, {"id": gone.product_id})
    (answer,) = await resolve(catalog, STRANGER)
    assert [(match.sku, match.discontinued) for match in answer.matches] == [
        ("NEW", False), ("OLD", True), ("GONE", True),
    ]  # fmt: skip


@pytest.mark.spec("O-04")
async def test_matches_have_their_description_and_a_limit(catalog: Catalog) -> None:
    for number in range(25):
        made = await a.a_variant(catalog.sessions, f"N{number:02}", isbn=STRANGER)
    await _set(catalog, made, options=json.dumps([["size", "XS"]]))
    (one, many) = await resolve(catalog, made.sku, STRANGER, language="fr")
    assert one.matches[0].description == "Chose N24, XS"
    assert one.matches[0].variant_id == str(made.id)
    assert len(many.matches) == codes.MAX_MATCHES


@pytest.mark.spec("O-04")
async def test_2000_codes_at_once_use_the_indexes(catalog: Catalog) -> None:
    await a.a_variant(catalog.sessions, "B-1", isbn=STRANGER)
    await a.a_variant(catalog.sessions, "B-2", isbn=PRINCE)
    given = [STRANGER, "b-2", "nothing", PRINCE] * 500
    answers = await resolve(catalog, *given)
    assert [[match.sku for match in answer.matches] for answer in answers[:4]] == [
        ["B-1"], ["B-2"], [], ["B-2"]
    ]  # fmt: skip
    assert len(answers) == 2000
    async with catalog.sessions() as session:
        await session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        statement = codes._RESOLVE
        for number in (1, 2, 3):
            statement = statement.replace(f"${number}::text[]", "ARRAY['9782070360024']::text[]")
        plan = "\n".join(await session.scalars(sa.text(f"EXPLAIN {statement}")))
    for index in ("uq_variants_sku", "ix_variants_code", "ix_variants_isbn", "ix_variants_gtin"):
        assert index in plan


async def test_wrong_codes_are_named(catalog: Catalog) -> None:
    wrong = pb.ResolveCodesRequest(codes=["fine", "", " ", "x" * 101, "a\0b"], language_code="xx")
    assert (await refusal(catalog.products.ResolveCodes(wrong, metadata=ORDERS))).fields == {
        "codes[1]", "codes[2]", "codes[3]", "codes[4]", "language_code",
    }  # fmt: skip
    for number in (0, 2001):
        request = pb.ResolveCodesRequest(codes=["x"] * number)
        assert (await refusal(catalog.products.ResolveCodes(request, metadata=STAFF))).fields == {"codes"}
    request = pb.ResolveCodesRequest(codes=["--", "..", "\u00e9\u4e2d"])
    customer = as_customer(new_id(), new_id())
    answer = await catalog.products.ResolveCodes(request, metadata=customer)
    assert [list(each.matches) for each in answer.codes] == [[], [], []]
    assert (await refusal(catalog.products.ResolveCodes(request))).code == "UNAUTHENTICATED"


async def _set(catalog: Catalog, variant: a.AVariant, **columns: object) -> None:
    names = ", ".join(
        f"{name} = CAST(:{name} AS jsonb)" if name == "options" else f"{name} = :{name}" for name in columns
    )
    async with catalog.sessions.begin() as session:
        await session.execute(
            sa.text(f"UPDATE variants SET {names} WHERE id = :id"),
            {**columns, "id": variant.id},
        )
