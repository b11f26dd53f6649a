"""What people type, asked of the search's servicer as a customer with prices and availability, by 8 at once."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from uuid import UUID

import sqlalchemy as sa
from commis.catalog.v1 import products_pb2 as pb

from bench.catalog.assortment import KNOWN_ISBN, sku
from bench.catalog.world import World, timed
from catalog.accounts import Accounts
from catalog.pricing.quote import Customer
from catalog.search import remembered
from catalog.search.rpc import SearchServicer
from chassis import context
from chassis.context import Principal, Request

CLIENTS = 8
Search = Callable[[pb.SearchProductsRequest], Awaitable[pb.SearchProductsResponse]]
TYPED = (
    "harry pot", "etranger", "L'Étranger", KNOWN_ISBN, "978-90-214-0835-4", "chaise roul", "xl rood", "hunger games",
    "tolkien", "agatha chr", "the gir", "stephen king", "h", "rolst", "petit prince saint", "eco rosa",
    "merk 17 leeslamp", sku(42), "zwart trui m", "mulisch hemel",
)  # fmt: skip


class OneCustomer:
    """Plays the service customers."""

    def __init__(self, customer: Customer) -> None:
        self._customer = customer

    async def ordering_context(self, account_id: UUID) -> Customer:
        return self._customer


async def measure(world: World) -> None:
    """The same words again answer from the database's memory, as they do in a running shop. What pages of very many
    products cost when nobody asked for them just before is shown first."""
    servicer = SearchServicer(world.engine, world.hot, world.quoter, Accounts(OneCustomer(world.customer)))
    principal = Principal(world.customer.account_id or "", "ACCOUNT", session_id="bench")

    async def search(request: pb.SearchProductsRequest) -> pb.SearchProductsResponse:
        with context.bind(Request("bench", principal)):
            return await servicer.SearchProducts(request, None)

    kept, remembered.SECONDS = remembered.SECONDS, 0.0
    for typed in TYPED:
        request = pb.SearchProductsRequest(query=typed, language_code="fr", page_size=20)
        found = await search(request)
        await timed(f"search {typed!r} ({len(found.hits)} hits)", lambda request=request: search(request), 20)  # type: ignore[misc]
    await _together(search, with_facets=False, note=", nothing kept")
    remembered.SECONDS = kept
    await _together(search, with_facets=False)
    await _together(search, with_facets=True)
    await _filtered(world, search)


async def _together(search: Search, *, with_facets: bool, note: str = "") -> None:
    requests = itertools.cycle(
        pb.SearchProductsRequest(query=typed, language_code="fr", page_size=20, with_facets=with_facets)
        for typed in TYPED
    )
    for request in itertools.islice(requests, len(TYPED)):
        await search(request)
    name = f"{len(TYPED)} queries{' with facets' if with_facets else ''}, {CLIENTS} clients{note}"
    await timed(name, lambda: search(next(requests)), 400, CLIENTS)


async def _filtered(world: World, search: Search) -> None:
    async with world.sessions() as session:
        category = (
            await session.execute(sa.text("SELECT id FROM categories WHERE path LIKE 'Home/%' LIMIT 1"))
        ).scalar()
    xl = pb.Characteristic(name="size", value="XL")
    sort = pb.SearchProductsRequest
    lists = {
        "category by name": sort(category_ids=[str(category)], sort=sort.SORT_NAME),
        "everything by price": sort(sort=sort.SORT_PRICE),
        "everything, newest": sort(sort=sort.SORT_NEWEST),
        "word by price": sort(query="stoel", sort=sort.SORT_PRICE),
        "word, XL, in stock": sort(query="trui", characteristics=[xl], available_only=True),
        "everything with facets": sort(with_facets=True),
    }
    for name, request in lists.items():
        request.page_size = 20
        await timed(f"list {name}", lambda request=request: search(request), 40)  # type: ignore[misc]
