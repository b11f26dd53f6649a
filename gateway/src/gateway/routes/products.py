"""Products, categories and the search."""

from gateway.answers import Merged
from gateway.operation import Body, Routes
from gateway.query import Query

_products = Routes("catalog.v1.ProductService", "Products")
_search = Routes("catalog.v1.SearchService", "Products")
_PRICES_FOR = "Prices and availability for this account; the token's account when absent."

OPERATIONS = (
    _search.get(
        "/v1/products",
        "SearchProducts",
        "Search products",
        description="Every word is a prefix; an exact SKU, GTIN or ISBN comes first.",
        query=(
            Query("query"),
            Query("language", "language_code"),
            Query("account_id", description=_PRICES_FOR),
            Query("category_id", "category_ids", "Any of these."),
            Query("brand", "brands", "Any of these."),
            Query(
                "characteristic",
                "characteristics",
                "`name:value`; all names must hold, several values of one name are alternatives.",
            ),
            Query("available_only"),
            Query("sort", lower=True),
            Query("facets", "with_facets", "Answer counts per filter value."),
        ),
        errors="INVALID_FIELDS ACCOUNT_NOT_FOUND",
    ),
    _products.get(
        "/v1/products/{product_id:id}",
        "GetProduct",
        "Get a product",
        query=(Query("account_id", description=_PRICES_FOR),),
        answer=Merged("product"),
        errors="PRODUCT_NOT_FOUND",
    ),
    _products.post(
        "/v1/products",
        "CreateProduct",
        "Create a product",
        body=Body("product"),
        status=201,
        location="/v1/products/{id}",
        errors="INVALID_FIELDS SKU_TAKEN PRODUCT_REF_TAKEN CATEGORY_NOT_FOUND",
    ),
    _products.patch(
        "/v1/products/{product_id:id}",
        "UpdateProduct",
        "product",
        "Change a product",
        description="`variants` is the whole set, recognised by SKU: missing ones are discontinued.",
        errors="PRODUCT_NOT_FOUND ETAG_MISMATCH INVALID_FIELDS SKU_TAKEN PRODUCT_REF_TAKEN",
    ),
    _products.post(
        "/v1/categories",
        "CreateCategory",
        "Create a category",
        body=Body("category"),
        status=201,
        errors="INVALID_FIELDS CATEGORY_NOT_FOUND CATEGORY_TAKEN",
    ),
    _products.get("/v1/categories", "ListCategories", "List categories"),
)
