"""Shipping methods and terms, as staff keep them."""

from commis.common.v1 import common_pb2
from commis.orders.v1 import checkout_pb2
from google.protobuf.field_mask_pb2 import FieldMask

from services.orders.tests.shop import Shop, a_method, found, refused


async def test_shipping_methods_are_kept_by_staff(shop: Shop) -> None:
    async with refused("SHIPPING_METHOD_CODE_TAKEN"):
        request = checkout_pb2.CreateShippingMethodRequest(shipping_method=a_method())
        await shop.methods.CreateShippingMethod(request, metadata=shop.staff)
    listed = await shop.methods.ListShippingMethods(
        checkout_pb2.ListShippingMethodsRequest(), metadata=shop.customer
    )
    (method,) = listed.shipping_methods
    assert (
        method.zones == a_method().zones
        or method.zones[0].bands[0].price == a_method().zones[0].bands[0].price
    )
    change = checkout_pb2.UpdateShippingMethodRequest(
        shipping_method=checkout_pb2.ShippingMethod(id=method.id, active=False, etag=method.etag),
        update_mask=FieldMask(paths=["active"]),
    )
    changed = (await shop.methods.UpdateShippingMethod(change, metadata=shop.staff)).shipping_method
    assert not changed.active
    assert changed.zones == method.zones
    async with refused("ETAG_MISMATCH"):
        await shop.methods.UpdateShippingMethod(change, metadata=shop.staff)
    async with refused("PERMISSION_DENIED"):
        await shop.methods.UpdateShippingMethod(change, metadata=shop.customer)
    bad = a_method("BAD", currency_code="XYZ")
    bad.zones[0].bands[0].max_weight_grams = -1
    bad.zones[0].region_codes.append("??")
    async with refused("INVALID_FIELDS") as errors:
        await shop.methods.CreateShippingMethod(
            checkout_pb2.CreateShippingMethodRequest(shipping_method=bad), metadata=shop.staff
        )
    assert {name for name, _ in found(errors)} >= {
        "shipping_method.currency_code",
        "shipping_method.zones[0].region_codes[2]",
        "shipping_method.zones[0].bands[0].max_weight_grams",
    }


async def test_terms_are_published_once_per_version_and_read_by_anyone(shop: Shop) -> None:
    read = (await shop.terms.GetTerms(checkout_pb2.GetTermsRequest())).terms
    assert read.version == "2026-01"
    newer = checkout_pb2.PublishTermsRequest(
        version="2026-02", text=common_pb2.LocalizedText(texts={"en": " As shown. "})
    )
    published = (await shop.terms.PublishTerms(newer, metadata=shop.staff)).terms
    assert published.text.texts["en"] == " As shown. "
    assert (await shop.terms.GetTerms(checkout_pb2.GetTermsRequest())).terms == published
    assert (await shop.terms.PublishTerms(newer, metadata=shop.staff)).terms == published
    newer.text.texts["en"] = "Something else."
    async with refused("TERMS_VERSION_TAKEN"):
        await shop.terms.PublishTerms(newer, metadata=shop.staff)
    old = (await shop.terms.GetTerms(checkout_pb2.GetTermsRequest(version="2026-01"))).terms
    assert old == read
    async with refused("TERMS_NOT_FOUND"):
        await shop.terms.GetTerms(checkout_pb2.GetTermsRequest(version="1999"))
    async with refused("INVALID_FIELDS"):
        await shop.terms.PublishTerms(checkout_pb2.PublishTermsRequest(version="x"), metadata=shop.staff)
