"""The pages of one search hang together while products come and go."""

from __future__ import annotations

import pytest
from commis.catalog.v1 import products_pb2 as pb

from catalog.search import results

from .conftest import STAFF, Catalog
from .test_search import load, search

NAMES = ["Chair one", "Chair two", "A chair", "B chair", "C chair", "D chair"]


def found(page: pb.SearchProductsResponse) -> list[str]:
    return [hit.product.name.texts["en"] for hit in page.hits]


@pytest.mark.spec("C-02")
@pytest.mark.parametrize("sort", ["SORT_RELEVANCE", "SORT_NAME", "SORT_PRICE", "SORT_NEWEST"])
async def test_fewer_matches_than_before_take_nothing_from_the_pages_to_come(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    monkeypatch.setattr(results, "NARROW", 5)
    rows = "".join(f"P{number},S{number},{name}\n" for number, name in enumerate(NAMES))
    await load(catalog, f"product_ref,sku,name_en\n{rows}")
    first = await search(catalog, "chair", page_size=3, sort=sort)
    gone = (await search(catalog, "S1")).hits[0].product  # the sixth match makes them many
    change = pb.UpdateProductRequest(product=pb.Product(id=gone.id, discontinued=True))
    await catalog.products.UpdateProduct(change, metadata=STAFF)
    second = await search(catalog, "chair", page_size=3, page_token=first.next_page_token, sort=sort)
    assert {*found(first), *found(second), "Chair two"} == set(NAMES)


@pytest.mark.spec("C-02")
async def test_more_matches_than_before_take_nothing_from_them_either(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "NARROW", 3)
    await load(catalog, "product_ref,sku,name_en\nA,1,A chair\nB,2,Y chair\nC,3,B chairs\n")
    first = await search(catalog, "chair", page_size=2)
    await load(catalog, "product_ref,sku,name_en\nD,4,Z chair\n")
    second = await search(catalog, "chair", page_size=2, page_token=first.next_page_token)
    assert found(first) + found(second) == ["A chair", "Y chair", "Z chair", "B chairs"]
