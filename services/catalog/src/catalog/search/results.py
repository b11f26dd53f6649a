"""One page of product ids in the wanted order.

Two ways, by how many products match. Few (up to NARROW): the GIN indexes find them all, then they are ranked
and sorted. Many: the index of the sort order is walked and each product tested, as far as that is worth while
(`ordered`). Neither ranks more than NARROW products. A list keeps to the way of its first page, however many products
match by the time of the next: the ranks of the two are not the same.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from catalog import direct
from catalog.direct import Connection
from catalog.search import by_price, ordered, relevance
from catalog.search.criteria import Criteria
from catalog.search.ordered import Order

NARROW = 3_000

RELEVANCE, NAME, PRICE, NEWEST = "RELEVANCE", "NAME", "PRICE", "NEWEST"


@dataclass(frozen=True, slots=True)
class Wanted:
    """`after` is the key of the last product of the page before, `broad` the way it was found (None for the first
    page); `lists` are the customer's price lists."""

    sort: str
    size: int
    after: tuple[Any, ...] | None
    broad: bool | None
    lists: tuple[int, ...]
    day: datetime.date


@dataclass(frozen=True, slots=True)
class Found:
    """`keys[n]` is the paging key of `product_ids[n]`."""

    product_ids: list[UUID]
    keys: list[tuple[Any, ...]]
    broad: bool


async def page(connection: Connection, criteria: Criteria, wanted: Wanted) -> Found:
    broad = await _is_broad(connection, criteria) if wanted.broad is None else wanted.broad
    size, after = wanted.size, wanted.after
    match wanted.sort:
        case "PRICE":
            keys = await by_price.keys(connection, criteria, wanted.lists, size, after, broad=broad)
        case "NEWEST":
            newest = Order("d.newest", descending=True)
            keys = await ordered.keys(connection, criteria, newest, size, after, broad=broad)
        case "RELEVANCE" if criteria.query.text:
            keys = await relevance.keys(connection, criteria, size, after, broad=broad)
        case _:
            name = Order(f"d.name_{criteria.query.language}")
            keys = await ordered.keys(connection, criteria, name, size, after, broad=broad)
    return Found([key[-1] for key in keys], keys, broad)


async def _is_broad(connection: Connection, criteria: Criteria) -> bool:
    where = criteria.condition(indexed=True)
    text = f"SELECT count(*) AS n FROM (SELECT 1 FROM search_documents d WHERE {where} LIMIT :most) x"  # noqa: S608
    (row,) = await direct.named(connection, text, criteria.parameters | {"most": NARROW + 1})
    return bool(row.n > NARROW)
