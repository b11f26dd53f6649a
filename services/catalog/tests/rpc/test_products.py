"""ProductService over the wire."""

from __future__ import annotations

import pytest
from commis.catalog.v1 import products_pb2 as pb
from commis.common.v1 import common_pb2

from chassis.ids import new_id
from chassis.testing import as_customer, as_staff

from .. import factories as a
from .conftest import ORDERS, STAFF, Catalog, refusal


def text(**texts: str) -> common_pb2.LocalizedText:
    return common_pb2.LocalizedText(texts=texts)


def a_product(**fields: object) -> pb.Product:
    variants = [
        pb.Variant(
            sku="H-S",
            gtin="4006381333931",
            options=[pb.Characteristic(name="Size", value="S")],
            weight_grams=300,
        ),
        pb.Variant(sku="H-M", isbn="0-439-02348-3", stock_policy=pb.STOCK_POLICY_BACKORDER),
    ]
    values = {
        "product_ref": "H1",
        "name": text(en="Hoodie", fr="Sweat"),
        "brand": "Chaz",
        "variants": variants,
    }
    return pb.Product(**(values | fields))  # type: ignore[arg-type]


async def create(catalog: Catalog, **fields: object) -> pb.Product:
    request = pb.CreateProductRequest(product=a_product(**fields))
    return (await catalog.products.CreateProduct(request, metadata=STAFF)).product


@pytest.mark.spec("C-01")
async def test_create_get_list_and_update(catalog: Catalog) -> None:
    category = (
        await catalog.products.CreateCategory(
            pb.CreateCategoryRequest(category=pb.Category(name=text(en="Tops", fr="Hauts"))), metadata=STAFF
        )
    ).category
    made = await create(
        catalog,
        category_ids=[category.id],
        vat_class="BOOK",
        publication_date="2008-09",
        product_form="BC",
        text_language_code="en",
        authors=["Suzanne Collins"],
        picture_urls=["https://pictures.example/1.jpg"],
        characteristics=[pb.Characteristic(name="Material", value="Cotton")],
    )
    assert (made.etag, made.variants[0].stock_policy, made.variants[1].isbn) == (
        '"1"', pb.STOCK_POLICY_STOCKED, "9780439023481",
    )  # fmt: skip
    read = await catalog.products.GetProduct(pb.GetProductRequest(product_id=made.id), metadata=STAFF)
    assert read.product == made
    assert list((await catalog.products.ListProducts(pb.ListProductsRequest(), metadata=STAFF)).products) == [
        made
    ]
    change = pb.UpdateProductRequest(product=pb.Product(id=made.id, brand="New", etag=made.etag))
    changed = (await catalog.products.UpdateProduct(change, metadata=STAFF)).product
    assert (changed.brand, changed.name, changed.etag) == ("New", made.name, '"2"')
    stale = await refusal(catalog.products.UpdateProduct(change, metadata=STAFF))
    assert (stale.code, stale.reason) == ("ABORTED", "ETAG_MISMATCH")


@pytest.mark.spec("C-01")
async def test_variants_are_replaced_as_a_set_and_missing_ones_discontinued(catalog: Catalog) -> None:
    made = await create(catalog)
    change = pb.Product(id=made.id, variants=[pb.Variant(sku="H-L"), pb.Variant(sku="H-S", weight_grams=310)])
    changed = (
        await catalog.products.UpdateProduct(pb.UpdateProductRequest(product=change), metadata=STAFF)
    ).product
    assert [(v.sku, v.discontinued, v.weight_grams) for v in changed.variants] == [
        ("H-L", False, 0), ("H-S", False, 310), ("H-M", True, 0),
    ]  # fmt: skip
    assert {v.id for v in made.variants} < {v.id for v in changed.variants}


@pytest.mark.spec("C-01")
async def test_every_wrong_field_is_named(catalog: Catalog) -> None:
    wrong = pb.Product(
        product_ref="x" * 101,
        name=text(de="Stuhl"),
        category_ids=["nonsense"],
        vat_class="LUXURY",
        publication_date="2001-02-29",
        product_form="bc",
        text_language_code="eng",
        picture_urls=["ftp://x", "javascript:alert(1)"],
        characteristics=[pb.Characteristic(name="", value="a\x00b")],
        variants=[pb.Variant(sku="", gtin="4006381333932", isbn="123", weight_grams=-1), pb.Variant(sku=""),
                  pb.Variant(sku="B", gtin="9780439023481", isbn="9780007232833")],
    )  # fmt: skip
    refused = await refusal(
        catalog.products.CreateProduct(pb.CreateProductRequest(product=wrong), metadata=STAFF)
    )
    assert (refused.code, refused.reason) == ("INVALID_ARGUMENT", "INVALID_FIELDS")
    assert {name.removeprefix("product.") for name in refused.fields} == {
        "product_ref", "name", "name.texts", "category_ids[0]", "vat_class", "publication_date", "product_form",
        "text_language_code", "picture_urls[0]", "picture_urls[1]", "characteristics[0].name",
        "characteristics[0].value", "variants[0].sku", "variants[0].gtin", "variants[0].isbn",
        "variants[0].weight_grams", "variants[1].sku", "variants[2].gtin",
    }  # fmt: skip
    none = await refusal(catalog.products.CreateProduct(pb.CreateProductRequest(), metadata=STAFF))
    assert none.fields == {"product.name", "product.variants"}


@pytest.mark.spec("C-01")
async def test_skus_references_and_categories_are_checked(catalog: Catalog) -> None:
    await create(catalog)
    sku = await refusal(
        catalog.products.CreateProduct(
            pb.CreateProductRequest(product=a_product(product_ref="H2")), metadata=STAFF
        )
    )
    assert (sku.code, sku.reason, sku.metadata["skus"]) == ("ALREADY_EXISTS", "SKU_TAKEN", "H-M, H-S")
    other = a_product(variants=[pb.Variant(sku="Z")])
    ref = await refusal(
        catalog.products.CreateProduct(pb.CreateProductRequest(product=other), metadata=STAFF)
    )
    assert ref.reason == "PRODUCT_REF_TAKEN"
    other = a_product(product_ref="", variants=[pb.Variant(sku="Z")], category_ids=[str(new_id())])
    none = await refusal(
        catalog.products.CreateProduct(pb.CreateProductRequest(product=other), metadata=STAFF)
    )
    assert (none.code, none.reason) == ("NOT_FOUND", "CATEGORY_NOT_FOUND")


async def test_a_request_id_makes_one_product(catalog: Catalog) -> None:
    request = pb.CreateProductRequest(request_id=str(new_id()), product=a_product())
    first = await catalog.products.CreateProduct(
        request, metadata=(staff := as_staff("CATALOGUE", staff_id=new_id()))
    )
    assert await catalog.products.CreateProduct(request, metadata=staff) == first
    request.product.brand = "other"
    assert (
        await refusal(catalog.products.CreateProduct(request, metadata=staff))
    ).reason == "REQUEST_ID_REUSED"


@pytest.mark.spec("C-01")
async def test_categories_are_a_tree(catalog: Catalog) -> None:
    async def make(name: str, parent: str = "") -> pb.Category:
        request = pb.CreateCategoryRequest(category=pb.Category(name=text(en=name), parent_id=parent))
        return (await catalog.products.CreateCategory(request, metadata=STAFF)).category

    root = await make("Men")
    child = await make("Tops", root.id)
    assert child.path == "Men/Tops"
    again = pb.CreateCategoryRequest(category=pb.Category(name=text(en="Men")))
    assert (await refusal(catalog.products.CreateCategory(again, metadata=STAFF))).reason == "CATEGORY_TAKEN"
    page = await catalog.products.ListCategories(pb.ListCategoriesRequest(page_size=1), metadata=STAFF)
    assert [category.path for category in page.categories] == ["Men"]
    rest = pb.ListCategoriesRequest(page_size=1, page_token=page.next_page_token)
    assert [c.path for c in (await catalog.products.ListCategories(rest, metadata=STAFF)).categories] == [
        "Men/Tops"
    ]


@pytest.mark.spec("C-01")
async def test_variants_by_id_and_sku(catalog: Catalog) -> None:
    made = await create(catalog)
    request = pb.BatchGetVariantsRequest(
        variant_ids=[made.variants[0].id, str(new_id())], skus=["H-M", "none"]
    )
    found = (await catalog.products.BatchGetVariants(request, metadata=ORDERS)).variants
    assert {variant.sku for variant in found} == {"H-S", "H-M"}
    assert found[0].product_name.texts["fr"] == "Sweat"


async def test_only_catalogue_staff_writes_and_nobody_reads_unsigned(catalog: Catalog) -> None:
    request = pb.CreateProductRequest(product=a_product())
    customer = as_customer(new_id(), new_id())
    for metadata, code in ((customer, "PERMISSION_DENIED"), (as_staff("FINANCE"), "PERMISSION_DENIED")):
        assert (await refusal(catalog.products.CreateProduct(request, metadata=metadata))).code == code
    assert (await refusal(catalog.products.ListProducts(pb.ListProductsRequest()))).code == "UNAUTHENTICATED"
    missing = pb.GetProductRequest(product_id=str(new_id()))
    assert (await refusal(catalog.products.GetProduct(missing, metadata=STAFF))).reason == "PRODUCT_NOT_FOUND"


@pytest.mark.spec("C-03")
async def test_a_product_carries_the_prices_of_the_account(catalog: Catalog) -> None:
    account = new_id()
    catalog.customers.known[account] = a.a_customer(account)
    chair = await a.a_variant(catalog.sessions, stock=3, price="12.50")
    request = pb.GetProductRequest(product_id=str(chair.product_id))
    mine = await catalog.products.GetProduct(request, metadata=as_customer(new_id(), account))
    assert mine.offers[0].price.unit_price.units == 12
    assert mine.offers[0].availability.available_quantity == 3
    bare = await catalog.products.GetProduct(request, metadata=STAFF)
    assert not bare.offers[0].HasField("price")
    foreign = pb.GetProductRequest(product_id=str(chair.product_id), account_id=str(new_id()))
    refused = await refusal(catalog.products.GetProduct(foreign, metadata=as_customer(new_id(), account)))
    assert (refused.code, refused.reason) == ("NOT_FOUND", "ACCOUNT_NOT_FOUND")
