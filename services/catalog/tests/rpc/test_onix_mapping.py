"""The mapping of ONIX over the wire, and jobs that fetch their file."""

from __future__ import annotations

import pytest
from commis.catalog.v1 import imports_pb2, products_pb2
from commis.catalog.v1 import onix_pb2 as pb
from commis.common.v1 import common_pb2

from chassis.ids import new_id
from chassis.testing import as_customer, as_staff

from .. import factories as a
from .conftest import STAFF, Catalog, refusal


def price_rule(list_id: object, **more: str) -> pb.OnixPriceRule:
    said = {"price_type": "04", "currency_code": "EUR", "price_list_id": str(list_id)} | more
    return pb.OnixPriceRule(**said)


async def test_the_mapping_is_replaced_as_a_whole(catalog: Catalog) -> None:
    retail = await a.a_list(catalog.sessions, "RETAIL", tax_inclusive=True)
    trade = await a.a_list(catalog.sessions, "TRADE")
    made = products_pb2.Category(name=common_pb2.LocalizedText(texts={"en": "Crime"}))
    category = (
        await catalog.products.CreateCategory(
            products_pb2.CreateCategoryRequest(category=made), metadata=STAFF
        )
    ).category
    empty = (await catalog.onix.GetOnixMapping(pb.GetOnixMappingRequest(), metadata=STAFF)).mapping
    assert empty == pb.OnixMapping(etag='"0"')
    wanted = pb.OnixMapping(
        price_rules=[
            price_rule(retail),
            price_rule(trade, price_type="05", price_qualifier="10", region_code="FR"),
        ],
        subject_rules=[pb.OnixSubjectRule(scheme="93", code="FF", category_id=category.id)],
    )
    request = pb.SetOnixMappingRequest(mapping=wanted, etag=empty.etag, request_id=str(new_id()))
    stored = (await catalog.onix.SetOnixMapping(request, metadata=STAFF)).mapping
    assert [(rule.price_type, rule.region_code) for rule in stored.price_rules] == [
        ("04", "BE"),
        ("05", "FR"),
    ]
    assert list(stored.subject_rules) == list(wanted.subject_rules)
    assert stored.etag == '"1"'
    assert (await catalog.onix.SetOnixMapping(request, metadata=STAFF)).mapping == stored
    assert (await catalog.onix.GetOnixMapping(pb.GetOnixMappingRequest(), metadata=STAFF)).mapping == stored
    request.request_id = ""
    assert (await refusal(catalog.onix.SetOnixMapping(request, metadata=STAFF))).reason == "ETAG_MISMATCH"
    none = pb.SetOnixMappingRequest(mapping=pb.OnixMapping())
    cleared = (await catalog.onix.SetOnixMapping(none, metadata=STAFF)).mapping
    assert cleared == pb.OnixMapping(etag='"2"')


async def test_rules_that_cannot_be(catalog: Catalog) -> None:
    retail = await a.a_list(catalog.sessions, "RETAIL", tax_inclusive=True)

    async def refused(*prices: pb.OnixPriceRule, subjects: tuple[pb.OnixSubjectRule, ...] = ()) -> set[str]:
        mapping = pb.OnixMapping(price_rules=prices, subject_rules=subjects)
        found = await refusal(
            catalog.onix.SetOnixMapping(pb.SetOnixMappingRequest(mapping=mapping), metadata=STAFF)
        )
        return {field.removeprefix("mapping.") for field in found.fields} or {found.reason}

    first = "price_rules[0]."
    assert await refused(price_rule(retail, price_type="99")) == {first + "price_type"}
    assert await refused(price_rule(retail, price_type="01")) == {first + "price_type"}, (
        "the list includes tax"
    )
    assert await refused(price_rule(retail, currency_code="USD")) == {first + "currency_code"}
    assert await refused(price_rule(retail, currency_code="", region_code="Belgium", price_qualifier="a")) == {
        first + "currency_code", first + "region_code", first + "price_qualifier",
    }  # fmt: skip
    assert await refused(price_rule(retail), price_rule(retail)) == {"price_rules[1]"}
    assert await refused(price_rule(new_id())) == {"PRICE_LIST_NOT_FOUND"}
    assert await refused(*[price_rule(retail)] * 201) == {"price_rules"}
    odd = pb.OnixSubjectRule(scheme="20", code="\x00", category_id="x")
    assert await refused(subjects=(odd,)) == {
        f"subject_rules[0].{name}" for name in ("scheme", "code", "category_id")
    }
    gone = pb.OnixSubjectRule(scheme="93", code="F", category_id=str(new_id()))
    assert await refused(subjects=(gone,)) == {"CATEGORY_NOT_FOUND"}
    assert await refused(subjects=(gone, gone)) == {"subject_rules[1]"}
    for who in (as_staff("FINANCE"), as_customer(new_id(), new_id())):
        asked = catalog.onix.GetOnixMapping(pb.GetOnixMappingRequest(), metadata=who)
        assert (await refusal(asked)).code == "PERMISSION_DENIED"


@pytest.mark.spec("C-04")
async def test_a_fetch_is_a_job(catalog: Catalog) -> None:
    request = imports_pb2.FetchImportRequest(
        kind=imports_pb2.Import.KIND_PRODUCTS,
        format=imports_pb2.Import.FORMAT_ONIX,
        source_address="https://no.such.host.invalid/feed.xml",
        request_id=str(new_id()),
    )
    job = getattr(await catalog.imports.FetchImport(request, metadata=STAFF), "import")
    assert (job.state, job.source_address) == (imports_pb2.Import.STATE_PENDING, request.source_address)
    assert getattr(await catalog.imports.FetchImport(request, metadata=STAFF), "import").id == job.id
    await catalog.runner.run_next("PRODUCTS")
    asked = imports_pb2.GetImportRequest(import_id=job.id)
    done = getattr(await catalog.imports.GetImport(asked, metadata=STAFF), "import")
    assert done.state == imports_pb2.Import.STATE_FAILED
    assert "could not be fetched" in done.error


@pytest.mark.spec("C-04")
@pytest.mark.parametrize(
    "address",
    [
        "",
        "http://example.com/x",
        "https://127.0.0.1/x",
        "https://localhost/",
        "https://u:p@example.com/",
        "x\x00",
    ],
)
async def test_addresses_that_are_never_asked(catalog: Catalog, address: str) -> None:
    request = imports_pb2.FetchImportRequest(kind=2, format=3, source_address=address)
    found = await refusal(catalog.imports.FetchImport(request, metadata=STAFF))
    assert found.fields == {"kind", "source_address"}
