"""Shipping methods and the vendor's terms."""

from gateway.operation import Body, Routes
from gateway.query import Query

_methods = Routes("orders.v1.ShippingMethodService", "Shipping methods")
_terms = Routes("orders.v1.TermsService", "Terms")

OPERATIONS = (
    _methods.post(
        "/v1/shipping-methods",
        "CreateShippingMethod",
        "Create a shipping method",
        body=Body("shipping_method"),
        status=201,
        errors="INVALID_FIELDS SHIPPING_METHOD_CODE_TAKEN",
    ),
    _methods.get("/v1/shipping-methods", "ListShippingMethods", "List shipping methods"),
    _methods.patch(
        "/v1/shipping-methods/{shipping_method_id:id}",
        "UpdateShippingMethod",
        "shipping_method",
        "Change a shipping method",
        errors="SHIPPING_METHOD_NOT_FOUND ETAG_MISMATCH INVALID_FIELDS",
    ),
    _terms.post(
        "/v1/terms",
        "PublishTerms",
        "Publish a version of the terms",
        description="In force at once; accepted versions stay readable.",
        body=Body(),
        status=201,
        errors="INVALID_FIELDS TERMS_VERSION_TAKEN",
    ),
    _terms.get(
        "/v1/terms",
        "GetTerms",
        "Get the terms",
        query=(Query("version", description="The version in force when absent."),),
        public=True,
        errors="TERMS_NOT_FOUND",
    ),
)
