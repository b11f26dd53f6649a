"""One page of product ids in the wanted order.

Two ways, by how many products match. Few (up to NARROW): the GIN indexes find them all, then they are ranked
and sorted. Many: the index of the sort order is walked and each product tested; at least one in
all/NARROW matches, so a page is found soon. Neither ever sorts or ranks more than NARROW products.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.search import folding
from catalog.search.criteria import Criteria

NARROW = 10_000
_UNPRICED = 10**15
# Parameters say how selective a query is: a plan made without them would be wrong for most.
_PLAN = sql.statement("SET LOCAL plan_cache_mode = force_custom_plan")

RELEVANCE, NAME, PRICE, NEWEST = "RELEVANCE", "NAME", "PRICE", "NEWEST"


@dataclass(frozen=True, slots=True)
class Wanted:
    """`after` is the key of the last product of the page before; `lists` are the customer's price lists."""

    sort: str
    size: int
    after: tuple[Any, ...] | None
    lists: tuple[int, ...]
    day: datetime.date


@dataclass(frozen=True, slots=True)
class Found:
    """`keys[n]` is the paging key of `product_ids[n]`."""

    product_ids: list[UUID]
    keys: list[tuple[Any, ...]]
    broad: bool


async def page(session: AsyncSession, criteria: Criteria, wanted: Wanted) -> Found:
    await sql.run(session, _PLAN)
    broad = await _is_broad(session, criteria)
    parameters = criteria.parameters | {"size": wanted.size}
    match wanted.sort:
        case "PRICE":
            text, more = _by_price(criteria, wanted, broad)
        case "NEWEST":
            text, more = _by_column(criteria, wanted, broad, "d.newest", "DESC")
        case "RELEVANCE" if criteria.query.text and not broad:
            text, more = _by_relevance(criteria, wanted)
        case _:
            text, more = _by_column(criteria, wanted, broad, f"d.name_{criteria.query.language}", "ASC")
    rows = await sql.rows(session, sql.statement(text), parameters | more)
    return Found([row.product_id for row in rows], [(*row[1:], row.product_id) for row in rows], broad)


async def _is_broad(session: AsyncSession, criteria: Criteria) -> bool:
    text = (
        f"SELECT count(*) AS n FROM (SELECT 1 FROM search_documents d WHERE {_where(criteria)} LIMIT :most) x"  # noqa: S608
    )
    row = await sql.first(session, sql.statement(text), criteria.parameters | {"most": NARROW + 1})
    return row is not None and row.n > NARROW


def _where(criteria: Criteria, *, indexed: bool = True) -> str:
    return criteria.condition(indexed=indexed)


def _by_column(
    criteria: Criteria, wanted: Wanted, broad: bool, column: str, direction: str
) -> tuple[str, dict[str, Any]]:
    after, more = "", {}
    if wanted.after is not None:
        sign = ">" if direction == "ASC" else "<"
        after = f" AND ({column}, d.product_id) {sign} (:key, CAST(:last AS uuid))"
        more = {"key": wanted.after[0], "last": wanted.after[1]}
    order = f"ORDER BY {column} {direction}, d.product_id {direction} LIMIT :size"
    if broad:
        where = _where(criteria, indexed=False)
        return f"SELECT d.product_id, {column} FROM search_documents d WHERE {where}{after} {order}", more  # noqa: S608
    return (
        f"WITH d AS MATERIALIZED (SELECT d.product_id, {column} FROM search_documents d"  # noqa: S608
        f" WHERE {_where(criteria)}) SELECT d.product_id, {column} FROM d WHERE true{after} {order}"
    ), more


def _by_relevance(criteria: Criteria, wanted: Wanted) -> tuple[str, dict[str, Any]]:
    """Exact SKU, GTIN or ISBN; then names that are the query; then names that begin with it; then by weight of
    the words found, whole words twice; then by name."""
    column = f"d.name_{criteria.query.language}"
    folded = folding.sort_key(criteria.query.text)
    more: dict[str, Any] = {
        "folded": folded,
        "begins": f"{folded}%",
        "whole": " | ".join(f"'{word}'" for word in criteria.words),
        "begun": " | ".join(f"'{word}':*" for word in criteria.words),
    }
    rank = (
        "CASE WHEN d.product_id = ANY(CAST(:exact AS uuid[])) THEN 4000000 ELSE 0 END"
        f" + CASE WHEN {column} = :folded THEN 2000000 WHEN {column} LIKE :begins THEN 1000000 ELSE 0 END"
        " + CAST(100000 * (2 * ts_rank(d.terms, CAST(:whole AS tsquery))"
        " + ts_rank(d.terms, CAST(:begun AS tsquery))) AS integer)"
    )
    after = ""
    if wanted.after is not None:
        after = " WHERE r.rank < :rank OR (r.rank = :rank AND (r.name, r.product_id) > (:name, CAST(:last AS uuid)))"
        more |= {"rank": wanted.after[0], "name": wanted.after[1], "last": wanted.after[2]}
    return (
        f"WITH r AS MATERIALIZED (SELECT d.product_id, {rank} AS rank, {column} AS name"  # noqa: S608
        f" FROM search_documents d WHERE {_where(criteria)})"
        f" SELECT r.product_id, r.rank, r.name FROM r{after}"
        " ORDER BY r.rank DESC, r.name, r.product_id LIMIT :size"
    ), more


def _by_price(criteria: Criteria, wanted: Wanted, broad: bool) -> tuple[str, dict[str, Any]]:
    """By the list price at quantity 1 in the first list that prices the product, before discounts and tax;
    what has no price comes last. One ordered walk per list, merged."""
    more: dict[str, Any] = {"lists": list(wanted.lists)}
    amount = "CAST(s.amount * 10000 AS bigint)"
    after = ""
    if wanted.after is not None:
        after = " AND ({amount}, {id}) > (:amount, CAST(:last AS uuid))"
        more |= {"amount": wanted.after[0], "last": wanted.after[1]}
    source = "search_documents d" if broad else "d"
    where = _where(criteria, indexed=False) if broad else "true"
    branches = []
    for number in range(len(wanted.lists)):
        more[f"list{number}"] = wanted.lists[number]
        more[f"before{number}"] = list(wanted.lists[:number])
        keyset = after.format(amount="s.amount * 10000", id="s.product_id")
        earlier = (
            f" AND NOT EXISTS (SELECT 1 FROM search_prices e WHERE e.product_id = s.product_id"  # noqa: S608
            f" AND e.list_no = ANY(CAST(:before{number} AS integer[])))" if number else ""
        )  # fmt: skip
        branches.append(
            f"(SELECT s.product_id, {amount} AS amount FROM search_prices s JOIN {source} USING (product_id)"  # noqa: S608
            f" WHERE s.list_no = :list{number} AND {where}{earlier}{keyset}"
            " ORDER BY s.amount, s.product_id LIMIT :size)"
        )
    unpriced = after.format(amount=f"CAST({_UNPRICED} AS bigint)", id="d.product_id")
    branches.append(
        f"(SELECT d.product_id, CAST({_UNPRICED} AS bigint) AS amount FROM {source}"  # noqa: S608
        " WHERE NOT EXISTS (SELECT 1 FROM search_prices e WHERE e.product_id = d.product_id"
        f" AND e.list_no = ANY(CAST(:lists AS integer[]))) AND {where}{unpriced} ORDER BY d.product_id LIMIT :size)"
    )
    matched = "" if broad else (
        f"WITH d AS MATERIALIZED (SELECT d.product_id FROM search_documents d WHERE {_where(criteria)}) "  # noqa: S608
    )  # fmt: skip
    return (
        f"{matched}SELECT product_id, amount FROM ({' UNION ALL '.join(branches)}) x"  # noqa: S608
        " ORDER BY amount, product_id LIMIT :size"
    ), more
