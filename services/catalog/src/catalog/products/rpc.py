"""ProductService."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from commis.catalog.v1 import products_pb2 as pb
from commis.catalog.v1 import products_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncSession

from catalog import commands, direct
from catalog.accounts import Accounts
from catalog.pricing import requests
from catalog.pricing.quote import Quoter
from catalog.pricing.wire import fill_availability, fill_price
from catalog.products import categories, codes, domain, queries, use_cases, wire
from catalog.products.offers import Offer, offers_of
from chassis import access, fields, paging
from chassis.access import Rule
from chassis.db import Sessions
from chassis.errors import Violations

_SIGNED_IN = access.any_of(access.anyone_signed_in(), access.services("catalog.reserve"))
_STAFF = access.staff("CATALOGUE")
# Field of the message to field of ProductData.
_PATHS = {
    "product_ref": "product_ref",
    "name": "names",
    "description": "descriptions",
    "brand": "brand",
    "authors": "authors",
    "category_ids": "category_ids",
    "characteristics": "characteristics",
    "picture_urls": "picture_urls",
    "vat_class": "vat_class",
    "publication_date": "publication_date",
    "product_form": "product_form",
    "text_language_code": "text_language_code",
    "discontinued": "discontinued",
    "variants": "variants",
}
_OUTPUT_ONLY = frozenset(("id", "create_time", "update_time", "etag"))


class ProductServicer(products_pb2_grpc.ProductServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "CreateProduct": _STAFF,
        "GetProduct": _SIGNED_IN,
        "UpdateProduct": _STAFF,
        "ListProducts": _SIGNED_IN,
        "BatchGetVariants": _SIGNED_IN,
        "CreateCategory": _STAFF,
        "ListCategories": _SIGNED_IN,
        "ResolveCodes": _SIGNED_IN,
    }

    def __init__(self, sessions: Sessions, quoter: Quoter, accounts: Accounts, vendor_language: str) -> None:
        self._sessions = sessions
        self._quoter = quoter
        self._accounts = accounts
        self._language = vendor_language

    async def CreateProduct(
        self, request: pb.CreateProductRequest, _context: Any
    ) -> pb.CreateProductResponse:
        v = Violations()
        data = wire.product_data(v, request.product)
        variants = wire.variants_data(v, request.product.variants)
        v.raise_if_any()

        async def work(session: AsyncSession) -> pb.CreateProductResponse:
            view = await use_cases.create_product(session, data, variants)
            return pb.CreateProductResponse(product=wire.product_to_proto(view))

        return await commands.once(self._sessions, "CreateProduct", request, pb.CreateProductResponse, work)

    async def UpdateProduct(
        self, request: pb.UpdateProductRequest, _context: Any
    ) -> pb.UpdateProductResponse:
        paths = _mask(request)
        v = Violations()
        product_id = fields.identifier(v, "product.id", request.product.id)
        found = Violations()
        data = wire.product_data(found, request.product)
        variants = wire.variants_data(found, request.product.variants) if "variants" in paths else None
        for violation in found:  # fields that are not written are not judged
            if violation.field.split(".")[1].split("[")[0] in paths:
                v.add(violation.field, violation.description, violation.reason)
        v.raise_if_any()
        assert product_id is not None
        written = frozenset(_PATHS[path] for path in paths if path != "variants")

        async def work(session: AsyncSession) -> pb.UpdateProductResponse:
            view = await use_cases.update_product(
                session, product_id, data, variants, written, request.product.etag
            )
            return pb.UpdateProductResponse(product=wire.product_to_proto(view))

        return await commands.once(self._sessions, "UpdateProduct", request, pb.UpdateProductResponse, work)

    async def GetProduct(self, request: pb.GetProductRequest, _context: Any) -> pb.GetProductResponse:
        v = Violations()
        product_id = fields.identifier(v, "product_id", request.product_id)
        account_id = fields.identifier(v, "account_id", request.account_id, required=False)
        v.raise_if_any()
        assert product_id is not None
        customer = await self._accounts.find(account_id)
        async with self._sessions() as session:
            view = await queries.get_product(session, product_id)
            offers = await offers_of(await direct.of(session), self._quoter, customer, [product_id])
        return pb.GetProductResponse(
            product=wire.product_to_proto(view),
            offers=[offer_to_proto(offers[variant.id]) for variant in view.variants if variant.id in offers],
        )

    async def ListProducts(self, request: pb.ListProductsRequest, _context: Any) -> pb.ListProductsResponse:
        page = paging.decode(request.page_size, request.page_token, {"list": "products"})
        after = page.after[0] if page.after else None
        async with self._sessions() as session:
            views = await queries.list_products(session, after, page.size + 1)
        token = (
            paging.next_token((views[page.size - 1].id,), {"list": "products"}) if views[page.size :] else ""
        )
        products = [wire.product_to_proto(view) for view in views[: page.size]]
        return pb.ListProductsResponse(products=products, next_page_token=token)

    async def BatchGetVariants(
        self, request: pb.BatchGetVariantsRequest, _context: Any
    ) -> pb.BatchGetVariantsResponse:
        v = Violations()
        if len(request.variant_ids) + len(request.skus) > 1000:
            v.add("variant_ids", "and skus must be at most 1000 together", "TOO_LONG")
        ids = [fields.identifier(v, f"variant_ids[{n}]", text) for n, text in enumerate(request.variant_ids)]
        skus = [
            fields.text(v, f"skus[{n}]", text, max_length=domain.MAX_CODE)
            for n, text in enumerate(request.skus)
        ]
        v.raise_if_any()
        async with self._sessions() as session:
            views = await queries.find_variants(session, [identity for identity in ids if identity], skus)
        return pb.BatchGetVariantsResponse(variants=[wire.variant_to_proto(view) for view in views])

    async def ResolveCodes(self, request: pb.ResolveCodesRequest, _context: Any) -> pb.ResolveCodesResponse:
        v = Violations()
        given = wire.codes(v, request.codes)
        language = requests.language(v, request.language_code)
        v.raise_if_any()
        async with self._sessions() as session:
            found = await codes.resolve(session, given, language)
        return pb.ResolveCodesResponse(codes=[wire.resolved_to_proto(each) for each in found])

    async def CreateCategory(
        self, request: pb.CreateCategoryRequest, _context: Any
    ) -> pb.CreateCategoryResponse:
        v = Violations()
        names = wire.localized(v, "category.name", request.category.name, max_length=100, required=True)
        parent_id = fields.identifier(v, "category.parent_id", request.category.parent_id, required=False)
        v.raise_if_any()

        async def work(session: AsyncSession) -> pb.CreateCategoryResponse:
            view = await categories.create(session, names, parent_id, self._language)
            return pb.CreateCategoryResponse(category=wire.category_to_proto(view))

        return await commands.once(self._sessions, "CreateCategory", request, pb.CreateCategoryResponse, work)

    async def ListCategories(
        self, request: pb.ListCategoriesRequest, _context: Any
    ) -> pb.ListCategoriesResponse:
        page = paging.decode(request.page_size, request.page_token, {"list": "categories"})
        after = page.after[0] if page.after else None
        async with self._sessions() as session:
            views = await categories.list_categories(session, after, page.size + 1)
        token = (
            paging.next_token((views[page.size - 1].path,), {"list": "categories"})
            if views[page.size :]
            else ""
        )
        built = [wire.category_to_proto(view) for view in views[: page.size]]
        return pb.ListCategoriesResponse(categories=built, next_page_token=token)


def _mask(request: pb.UpdateProductRequest) -> frozenset[str]:
    """Absent: the populated fields; `*`: all. Output-only fields are ignored (AIP-134)."""
    paths: Sequence[str] = list(request.update_mask.paths)
    if not paths:
        paths = [descriptor.name for descriptor, _ in request.product.ListFields()]
    if "*" in paths:
        paths = list(_PATHS)
    roots = {path.split(".", 1)[0] for path in paths}
    unknown = roots - _PATHS.keys() - _OUTPUT_ONLY
    if unknown:
        raise domain.FieldsUnknown(", ".join(sorted(unknown)))
    return frozenset(roots - _OUTPUT_ONLY)


def offer_to_proto(offer: Offer) -> pb.VariantOffer:
    built = pb.VariantOffer(variant_id=str(offer.variant_id))
    if offer.price is not None:
        fill_price(built.price, offer.price, offer.weight_grams)
    if offer.availability is not None:
        fill_availability(built.availability, offer.availability)
    return built
