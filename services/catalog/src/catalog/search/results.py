"""One page of product ids in the wanted order.

Two ways, by how many products match. Few (up to NARROW): the GIN indexes find them all, then they are ranked
and sorted. Many: the index of the sort order is walked and each product tested, as far as that is worth while
(`ordered`). Neither ranks more than NARROW products; which it will be is guessed from the statistics (`commonness`).
A list keeps to the way of its first page, however many products match by the time of the next: the ranks of the two
are not the same. Pages of many may be half a minute old; what their products are and cost is of now.
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
from catalog.search.ordered import Key, Order
from catalog.search.remembered import Remembered

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


class Pages:
    """One per process."""

    def __init__(self) -> None:
        self._broad: Remembered[Found] = Remembered()

    async def find(self, connection: Connection, criteria: Criteria, wanted: Wanted) -> Found:
        question = (criteria.query, wanted)
        known = self._broad.get(question)
        if known is not None:
            return known
        found = await page(connection, criteria, wanted)
        if found.broad:
            self._broad.keep(question, found)
        return found


async def page(connection: Connection, criteria: Criteria, wanted: Wanted) -> Found:
    if wanted.sort == RELEVANCE and criteria.query.text:
        keys, broad = await _by_relevance(connection, criteria, wanted)
    else:
        broad = await _is_broad(connection, criteria) if wanted.broad is None else wanted.broad
        keys = await _by_column(connection, criteria, wanted, broad=broad)
    return Found([key[-1] for key in keys], keys, broad)


async def _by_relevance(connection: Connection, criteria: Criteria, wanted: Wanted) -> tuple[list[Key], bool]:
    if wanted.after is None or wanted.broad is None:
        return await relevance.first(connection, criteria, wanted.size, narrow=NARROW)
    broad = wanted.broad
    return await relevance.following(connection, criteria, wanted.size, wanted.after, broad=broad), broad


async def _by_column(connection: Connection, criteria: Criteria, wanted: Wanted, *, broad: bool) -> list[Key]:
    if wanted.sort == PRICE:
        return await by_price.keys(connection, criteria, wanted.lists, wanted.size, wanted.after, broad=broad)
    newest = Order("d.newest", descending=True)
    order = newest if wanted.sort == NEWEST else Order(f"d.name_{criteria.query.language}")
    return await ordered.keys(connection, criteria, order, wanted.size, wanted.after, broad=broad)


async def _is_broad(connection: Connection, criteria: Criteria) -> bool:
    where = criteria.condition(indexed=True)
    text = f"SELECT count(*) AS n FROM (SELECT 1 FROM search_documents d WHERE {where} LIMIT :most) x"  # noqa: S608
    (row,) = await direct.named(connection, text, criteria.parameters | {"most": NARROW + 1})
    return bool(row.n > NARROW)
