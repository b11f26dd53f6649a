"""Search: words as prefixes, exact codes first, filters, facets, sorts, paging, prices of the account."""

from __future__ import annotations

from uuid import UUID

import pytest
import sqlalchemy as sa
from commis.catalog.v1 import products_pb2 as pb

from catalog.search import ordered, results, upkeep
from chassis.ids import new_id
from chassis.testing import as_customer

from .. import factories as a
from ..integration.test_imports import Importing
from .conftest import STAFF, Catalog, refusal

BOOKS = """product_ref,sku,name_en,name_fr,name_nl,author,brand,category,isbn,attr_language,publication_date,\
stock_policy
R1,BK-1,The Hunger Games,L'Embrasement,,Suzanne Collins,Scholastic,Books/Fiction,9780439023481,English,2008,UNMANAGED
R2,BK-2,Hungry Planet,,Hongerige planeet,Peter Menzel,Material World,Books/Food,9781580088695,English,2007,UNMANAGED
R3,BK-3,Games of Skill,,,J.K. Øregård,Scholastic,Books/Fiction,,French,2010-05,UNMANAGED
"""
CLOTHES = """product_ref,sku,name_en,brand,category,option_size,option_color,stock_policy
H1,WS12-XS-Black,Élan Hoodie,Chaz,Clothing,XS,Black,STOCKED
H1,WS12-M-Red,Élan Hoodie,Chaz,Clothing,M,Red,STOCKED
H2,WS13-XS-Red,Radiant Tee,Chaz,Clothing,XS,Red,STOCKED
"""


async def load(catalog: Catalog, content: str, kind: str = "PRODUCTS") -> None:
    job = await Importing(catalog.sessions, catalog.runner)(kind, content)
    assert (job.state, job.refused_count) == ("SUCCEEDED", 0)


async def names(catalog: Catalog, query: str = "", **fields: object) -> list[str]:
    return [hit.product.name.texts["en"] for hit in (await search(catalog, query, **fields)).hits]


async def search(catalog: Catalog, query: str = "", **fields: object) -> pb.SearchProductsResponse:
    metadata = fields.pop("metadata", STAFF)
    request = pb.SearchProductsRequest(query=query, **fields)  # type: ignore[arg-type]
    return await catalog.search.SearchProducts(request, metadata=metadata)


@pytest.mark.spec("C-02")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("hung", ["Hungry Planet", "The Hunger Games"]),
        ("HUNG gam", ["The Hunger Games"]),
        ("games", ["Games of Skill", "The Hunger Games"]),  # the name that begins with it
        ("embras", ["The Hunger Games"]),  # French name
        ("l'embrasement", ["The Hunger Games"]),
        ("hongerige", ["Hungry Planet"]),
        ("collins suz", ["The Hunger Games"]),
        ("jk oregard", ["Games of Skill"]),
        ("j.k. Øregård", ["Games of Skill"]),
        ("scholastic", ["Games of Skill", "The Hunger Games"]),
        ("french", ["Games of Skill"]),  # a characteristic
        ("elan", ["Élan Hoodie"]),
        ("h elan", ["Élan Hoodie"]),
        ("q elan", []),
        ("ÉLAN", ["Élan Hoodie"]),
        ("ws12-x", ["Élan Hoodie"]),
        ("ws12xs", ["Élan Hoodie"]),
        ("WS13-XS-RED", ["Radiant Tee"]),
        ("978-0-439-02348-1", ["The Hunger Games"]),
        ("0439023483", ["The Hunger Games"]),
        ("0-439-02348-3", ["The Hunger Games"]),
        ("97804390", ["The Hunger Games"]),
        ("hunger zzz", []),
        ("...", []),
        ("' & | ! :* \\ <->", []),
        ("%", []),
    ],
)
async def test_words_are_prefixes_without_accents_and_case(
    catalog: Catalog, query: str, expected: list[str]
) -> None:
    await load(catalog, BOOKS)
    await load(catalog, CLOTHES)
    assert await names(catalog, query) == expected


@pytest.mark.spec("C-02")
async def test_an_exact_code_comes_first_and_names_its_variant(catalog: Catalog) -> None:
    await load(catalog, "product_ref,sku,name_en\nA,100,Zebra\nB,200,100 questions\nB,201,100 questions\n")
    found = await search(catalog, "100")
    assert [hit.product.name.texts["en"] for hit in found.hits] == ["Zebra", "100 questions"]
    assert found.hits[0].matched_variant_id == found.hits[0].product.variants[0].id
    assert found.hits[1].matched_variant_id == ""


@pytest.mark.spec("C-02")
async def test_filters_and_facets(catalog: Catalog) -> None:
    await load(catalog, BOOKS)
    await load(catalog, CLOTHES)
    await load(catalog, "warehouse,sku,quantity\nMAIN,WS12-M-Red,3\nMAIN,WS13-XS-Red,0\n", "STOCK")
    while await upkeep.refresh_stock(catalog.sessions):
        pass
    async with catalog.sessions() as session:
        rows = (await session.execute(sa.text("SELECT path, id FROM categories"))).all()
    ids = {row.path: str(row.id) for row in rows}
    assert await names(catalog, category_ids=[ids["Books"]], sort="SORT_NAME") == [
        "Games of Skill", "Hungry Planet", "The Hunger Games",
    ]  # fmt: skip
    assert await names(catalog, category_ids=[ids["Books/Food"], ids["Clothing"]], brands=["CHAZ"]) == [
        "Élan Hoodie", "Radiant Tee",
    ]  # fmt: skip
    size, red, black = (
        pb.Characteristic(name=n, value=v) for n, v in (("size", "XS"), ("color", "Red"), ("Color", "Black"))
    )
    assert await names(catalog, characteristics=[size]) == ["Élan Hoodie", "Radiant Tee"]
    assert await names(catalog, characteristics=[size, red]) == ["Radiant Tee"]  # one variant must be both
    assert await names(catalog, characteristics=[size, red, black]) == ["Élan Hoodie", "Radiant Tee"]
    assert await names(catalog, available_only=True) == ["Élan Hoodie"]
    assert await names(catalog, available_only=True, characteristics=[size]) == []
    assert await names(catalog, characteristics=[pb.Characteristic(name="size", value="none")]) == []
    found = await search(catalog, with_facets=True, brands=["Chaz"], language_code="fr")
    facets = {facet.name: {v.display_name: v.product_count for v in facet.values} for facet in found.facets}
    assert facets == {
        "category": {"Clothing": 2},
        "brand": {"Chaz": 2, "Scholastic": 2, "Material World": 1},  # as if it were not filtered by
        "size": {"XS": 2, "M": 1},
        "color": {"Red": 2, "Black": 1},
        "availability": {"in stock": 1, "not in stock": 1},
    }


@pytest.mark.spec("C-02")
@pytest.mark.parametrize(
    ("narrow", "walk"), [(10_000, 5_000), (2, 5_000), (2, 1)], ids=["few match", "many match", "far apart"]
)
async def test_sorts_and_pages(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch, narrow: int, walk: int
) -> None:
    monkeypatch.setattr(results, "NARROW", narrow)
    monkeypatch.setattr(ordered, "WALK", walk)
    account = new_id()
    catalog.customers.known[account] = a.a_customer(account)
    await load(catalog, BOOKS)
    await load(catalog, CLOTHES)
    lists = [await a.a_list(catalog.sessions, code) for code in ("FIRST", "SECOND")]
    async with catalog.sessions.begin() as session:
        await session.execute(
            sa.text("INSERT INTO price_list_orders VALUES ('ACCOUNT', :account, CAST(:lists AS uuid[]))"),
            {"account": str(account), "lists": lists},
        )
    await load(
        catalog,
        "price_list,sku,amount\nFIRST,BK-1,9\nSECOND,BK-1,1\nSECOND,BK-2,5\nSECOND,WS12-XS-Black,7\n"
        "SECOND,WS12-M-Red,6\nFIRST,WS13-XS-Red,3\n",
        "PRICES",
    )
    expected = {
        "SORT_NAME": ["Élan Hoodie", "Games of Skill", "Hungry Planet", "Radiant Tee", "The Hunger Games"],
        "SORT_PRICE": ["Radiant Tee", "Hungry Planet", "Élan Hoodie", "The Hunger Games", "Games of Skill"],
        "SORT_NEWEST": ["Radiant Tee", "Élan Hoodie", "Games of Skill", "The Hunger Games", "Hungry Planet"],
        "SORT_RELEVANCE": [
            "Élan Hoodie",
            "Games of Skill",
            "Hungry Planet",
            "Radiant Tee",
            "The Hunger Games",
        ],
    }
    for sort, wanted in expected.items():
        assert (sort, await _pages(catalog, sort=sort, account=account)) == (sort, wanted)
    assert await _pages(catalog, query="games", sort="SORT_RELEVANCE", account=account) == [
        "Games of Skill", "The Hunger Games",
    ]  # fmt: skip
    prices = {
        hit.product.name.texts["en"]: hit.from_price.unit_price.units
        for hit in (await search(catalog, metadata=as_customer(new_id(), account))).hits
    }
    assert prices == {
        "Radiant Tee": 3,
        "Hungry Planet": 5,
        "Élan Hoodie": 6,
        "The Hunger Games": 9,
        "Games of Skill": 0,
    }


async def _pages(catalog: Catalog, account: UUID, **fields: object) -> list[str]:
    """All pages of two, by their tokens."""
    found: list[str] = []
    token = ""
    while True:
        page = await search(
            catalog, page_size=2, page_token=token, metadata=as_customer(new_id(), account), **fields
        )
        assert len(page.hits) <= 2
        found += [hit.product.name.texts["en"] for hit in page.hits]
        token = page.next_page_token
        if not token:
            return found


@pytest.mark.spec("C-02")
@pytest.mark.parametrize(("narrow", "walk"), [(10_000, 5_000), (1, 5_000), (1, 1)])
async def test_what_begins_with_the_query_comes_before_what_has_it(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch, narrow: int, walk: int
) -> None:
    monkeypatch.setattr(results, "NARROW", narrow)
    monkeypatch.setattr(ordered, "WALK", walk)
    await load(
        catalog,
        "product_ref,sku,name_en\nA,1,A red chair\nB,2,Chair of wood\nC,chair,Zebra\nD,4,Chair\nE,5,Blue armchair\n"
        "F,6,Zinc chair\nG,7,Chairs\n",
    )
    expected = ["Zebra", "Chair", "Chair of wood", "Chairs", "A red chair", "Zinc chair"]
    assert await _pages(catalog, _account(catalog), query="chair") == expected
    assert await _pages(catalog, _account(catalog), query="chai") == [*expected[1:5], "Zebra", "Zinc chair"]


def _account(catalog: Catalog) -> UUID:
    account = new_id()
    catalog.customers.known[account] = a.a_customer(account)
    return account


@pytest.mark.spec("C-03")
async def test_hits_carry_prices_and_availability_of_the_account(catalog: Catalog) -> None:
    account = new_id()
    catalog.customers.known[account] = a.a_customer(account, business=False)
    await a.a_list(catalog.sessions, "GROSS", tax_inclusive=True, default_use="CONSUMER")
    await load(catalog, CLOTHES)
    await load(
        catalog, "price_list,sku,amount\nGROSS,WS12-XS-Black,12.10\nGROSS,WS12-M-Red,24.20\n", "PRICES"
    )
    await load(catalog, "warehouse,sku,quantity\nMAIN,WS12-M-Red,3\n", "STOCK")
    (hit,) = (await search(catalog, "elan", metadata=as_customer(new_id(), account))).hits
    assert (hit.from_price.unit_price.units, hit.from_price.tax_inclusive) == (12, True)
    assert hit.from_price.unit_net.units == 10
    assert [offer.price.unit_price.units for offer in hit.offers] == [12, 24]
    assert [offer.availability.available_quantity for offer in hit.offers] == [0, 3]
    assert (hit.availability.state, hit.availability.available_quantity) == (
        hit.availability.STATE_AVAILABLE,
        3,
    )
    (bare,) = (await search(catalog, "elan")).hits
    assert not bare.HasField("from_price")
    foreign = search(catalog, "elan", account_id=str(new_id()), metadata=as_customer(new_id(), account))
    assert (await refusal(foreign)).reason == "ACCOUNT_NOT_FOUND"


@pytest.mark.spec("C-02")
async def test_discontinued_products_leave_the_search(catalog: Catalog) -> None:
    await load(catalog, CLOTHES)
    (hit,) = (await search(catalog, "radiant")).hits
    change = pb.UpdateProductRequest(product=pb.Product(id=hit.product.id, discontinued=True))
    await catalog.products.UpdateProduct(change, metadata=STAFF)
    assert await names(catalog, "radiant") == []
    change.product.discontinued = False
    change.update_mask.paths.append("discontinued")
    await catalog.products.UpdateProduct(change, metadata=STAFF)
    assert await names(catalog, "radiant") == ["Radiant Tee"]


@pytest.mark.spec("C-02")
async def test_wrong_searches_are_named(catalog: Catalog) -> None:
    wrong = search(
        catalog,
        "x" * 501,
        language_code="de",
        category_ids=["x"],
        brands=["a\x00"],
        characteristics=[pb.Characteristic()],
        account_id="x",
    )
    assert (await refusal(wrong)).fields == {
        "query", "language_code", "category_ids[0]", "brands[0]", "characteristics[0].name",
        "characteristics[0].value", "account_id",
    }  # fmt: skip
    token = (await search(catalog)).next_page_token
    assert token == ""
    assert (await refusal(search(catalog, page_token="nonsense"))).fields == {"page_token"}
    assert (await refusal(search(catalog, page_size=-1))).fields == {"page_size"}
