"""However a page is found, by few matches or by many, it is the same page; and what it shows is of now."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from commis.catalog.v1 import products_pb2 as pb

from catalog import direct
from catalog.search import commonness, ordered, results
from chassis.ids import new_id
from chassis.testing import as_customer

from .. import factories as a
from .conftest import STAFF, Catalog
from .test_search import load, search

RED = [f"{letter} red chair {letter}" for letter in "mnopqrst"]
OTHERS = [f"{letter} blue chair" for letter in "abcdefghijkl"] + [
    f"{letter} red table" for letter in "uvwxyz"
]


async def _chairs(catalog: Catalog, *, analysed: bool) -> None:
    rows = "".join(f"P{number},S{number},{name}\n" for number, name in enumerate([*RED, *OTHERS]))
    await load(catalog, f"product_ref,sku,name_en\n{rows}")
    if analysed:
        async with catalog.sessions.begin() as session:
            await session.execute(sa.text("ANALYZE search_documents"))


async def _all_pages(catalog: Catalog, query: str) -> list[str]:
    found: list[str] = []
    token = ""
    while True:
        page = await search(catalog, query, page_size=3, page_token=token)
        found += [hit.product.name.texts["en"] for hit in page.hits]
        token = page.next_page_token
        if not token:
            return found


@pytest.mark.spec("C-02")
@pytest.mark.parametrize("analysed", [False, True], ids=["nothing known", "statistics"])
@pytest.mark.parametrize("narrow", [100, 9, 4, 1])
@pytest.mark.parametrize("walk", [1, 7, 5_000])
async def test_every_way_finds_the_same(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch, narrow: int, walk: int, analysed: bool
) -> None:
    monkeypatch.setattr(results, "NARROW", narrow)
    monkeypatch.setattr(ordered, "WALK", walk)
    monkeypatch.setattr(commonness, "FEW", 1)
    await _chairs(catalog, analysed=analysed)
    assert await _all_pages(catalog, "red chair") == RED
    assert await _all_pages(catalog, "chair") == sorted([*RED, *OTHERS[:12]])
    assert await _all_pages(catalog, "cha re") == RED  # both are common, and only together are they few
    assert await _all_pages(catalog, "m red") == ["m red chair m"]
    assert await _all_pages(catalog, "chair nothing") == []


@pytest.mark.spec("C-02")
async def test_the_statistics_tell_how_common_words_are(catalog: Catalog) -> None:
    await _chairs(catalog, analysed=True)
    async with catalog.sessions() as session:
        known = await commonness.Statistics().now(await direct.of(session))
    counts = [known.documents, *map(known.of, ("chair", "cha", "re", "zzz"))]
    assert list(map(round, counts)) == [26, 20, 20, 14, 0]
    assert round(known.rarest(("chair", "red"))) == 14
    assert known.rarest(()) == 26


def test_an_index_is_not_asked_for_a_much_more_common_word() -> None:
    known = commonness.Commonness(["girl", "girls", "green", "the", "their"], [4e3, 5e3, 3e4, 2e5, 9e4], 7e5)
    assert known.of("the") == 2.9e5
    assert known.telling(("the", "gir")) == ("gir",)
    assert known.telling(("green", "gir")) == ("green", "gir")  # not four times as common
    assert known.telling(("unknown", "gir", "the")) == ("unknown",)
    assert known.telling(("the",)) == ("the",)


@pytest.mark.spec("C-02")
async def test_what_many_match_is_remembered_but_not_what_it_is_and_costs(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "NARROW", 2)
    account = new_id()
    catalog.customers.known[account] = a.a_customer(account)
    who = as_customer(new_id(), account)
    await a.a_list(catalog.sessions, "NET", default_use="BUSINESS")
    await _chairs(catalog, analysed=False)

    async def first() -> pb.SearchHit:
        return (await search(catalog, "chair", metadata=who, page_size=1)).hits[0]

    before = await first()
    await load(catalog, "price_list,sku,amount\nNET,S8,9\n", "PRICES")
    change = pb.UpdateProductRequest(product=pb.Product(id=before.product.id, brand="Thonet"))
    await catalog.products.UpdateProduct(change, metadata=STAFF)
    await load(catalog, "product_ref,sku,name_en\nNEW,NEW,a a chair\n")
    after = await first()
    assert (before.product.brand, before.from_price.unit_price.units) == ("", 0)
    assert (after.product.id, after.product.brand) == (before.product.id, "Thonet")
    assert after.from_price.unit_price.units == 9
    assert (await search(catalog, "a a chair")).hits[0].product.product_ref == "NEW"
