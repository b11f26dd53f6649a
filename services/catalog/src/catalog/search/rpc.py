"""SearchService."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from commis.catalog.v1 import products_pb2 as pb
from commis.catalog.v1 import products_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncEngine

from catalog import direct
from catalog.accounts import Accounts
from catalog.pricing.quote import Customer, Quoter
from catalog.pricing.wire import fill_availability
from catalog.products.known import KnownProducts
from catalog.products.offers import Offer, best_availability, cheapest, offers_of
from catalog.products.rpc import offer_to_proto
from catalog.search import criteria, results
from catalog.search.commonness import Statistics
from catalog.search.criteria import Criteria, Query
from catalog.search.facets import FacetCounts, Facets
from chassis import access, db, fields, paging
from chassis.access import Rule
from chassis.errors import Violations

MAX_FILTER_VALUES = 50


class SearchServicer(products_pb2_grpc.SearchServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {"SearchProducts": access.anyone_signed_in()}

    def __init__(self, engine: AsyncEngine, hot: AsyncEngine, quoter: Quoter, accounts: Accounts) -> None:
        self._engine = engine
        self._hot = hot
        self._quoter = quoter
        self._accounts = accounts
        self._pages = results.Pages()
        self._facets = Facets()
        self._statistics = Statistics()
        self._products = KnownProducts()

    async def SearchProducts(
        self, request: pb.SearchProductsRequest, _context: Any
    ) -> pb.SearchProductsResponse:
        query, sort, account_id = _parse(request)
        filters = {"query": repr(query), "sort": sort, "account": str(account_id), "key": "broad first"}
        page = paging.decode(request.page_size, request.page_token, filters)
        broad, after = (bool(page.after[0]), page.after[1:]) if page.after else (None, None)
        customer = await self._accounts.find(account_id)
        async with direct.transaction(self._engine, own_plans=True) as connection:
            found = await criteria.resolve(connection, query, await self._statistics.now(connection))
            if found is None:
                return pb.SearchProductsResponse()
            lists = await self._quoter.lists_of(connection, customer) if sort == results.PRICE else ()
            day = self._quoter.clock().day
            wanted = results.Wanted(sort, page.size + 1, after, broad, lists, day)
            listed = await self._pages.find(connection, found, wanted)
            facets: Sequence[FacetCounts] = ()
            if request.with_facets:
                facets = await self._facets.count(connection, found, broad=listed.broad)
        hits = await self._hits(found, listed.product_ids[: page.size], customer)
        more = len(listed.keys) > page.size
        last = (int(listed.broad), *listed.keys[page.size - 1]) if more else ()
        return pb.SearchProductsResponse(
            hits=hits,
            next_page_token=paging.next_token(last, filters) if more else "",
            facets=[_facet_to_proto(facet) for facet in facets],
        )

    async def _hits(
        self, found: Criteria, ids: Sequence[UUID], customer: Customer | None
    ) -> list[pb.SearchHit]:
        """In the order of the ids; what is gone meanwhile is left out."""
        async with db.driver(self._hot) as connection:
            offers = await offers_of(connection, self._quoter, customer, ids)
            versions = {offer.product_id: offer.product_version for offer in offers.values()}
            products = await self._products.of(connection, versions)
        return [_hit(products[identity], identity, found, offers) for identity in ids if identity in products]


def _hit(product: pb.Product, identity: UUID, found: Criteria, offers: Mapping[UUID, Offer]) -> pb.SearchHit:
    own = [offers[known] for known in (UUID(variant.id) for variant in product.variants) if known in offers]
    matched = found.exact.get(identity) or (own[0].variant_id if len(own) == 1 else None)
    built = pb.SearchHit(
        product=product,
        matched_variant_id=str(matched or ""),
        offers=[offer_to_proto(offer) for offer in own],
    )
    lowest = cheapest(own)
    if lowest is not None:
        built.from_price.CopyFrom(built.offers[own.index(lowest)].price)
    availability = best_availability(own)
    if availability is not None:
        fill_availability(built.availability, availability)
    return built


def _parse(request: pb.SearchProductsRequest) -> tuple[Query, str, UUID | None]:
    v = Violations()
    most = max(len(request.category_ids), len(request.brands), len(request.characteristics))
    if most > MAX_FILTER_VALUES:
        v.add(
            "characteristics", f"and other filters must have at most {MAX_FILTER_VALUES} values", "TOO_LONG"
        )
        v.raise_if_any()
    ids = [fields.identifier(v, f"category_ids[{n}]", text) for n, text in enumerate(request.category_ids)]
    query = Query(
        text=fields.text(v, "query", request.query, max_length=500),
        language=fields.language(v, "language_code", request.language_code)
        if request.language_code
        else "en",
        category_ids=tuple(identity for identity in ids if identity is not None),
        brands=tuple(
            fields.text(v, f"brands[{n}]", text, required=bool(text)) for n, text in enumerate(request.brands)
        ),
        characteristics=tuple(
            (
                fields.text(v, f"characteristics[{n}].name", pair.name, required=True, max_length=100),
                fields.text(v, f"characteristics[{n}].value", pair.value, required=True, max_length=1000),
            )
            for n, pair in enumerate(request.characteristics)
        ),
        available_only=request.available_only,
    )
    sort = fields.enum(v, "sort", request.sort, pb.SearchProductsRequest.Sort, required=False)
    account_id = fields.identifier(v, "account_id", request.account_id, required=False)
    v.raise_if_any()
    return query, sort.removeprefix("SORT_") or results.RELEVANCE, account_id


def _facet_to_proto(facet: FacetCounts) -> pb.Facet:
    values = [
        pb.FacetValue(value=value.value, display_name=value.display_name, product_count=value.count)
        for value in facet.values
    ]
    return pb.Facet(name=facet.name, values=values)
