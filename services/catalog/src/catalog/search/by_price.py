"""Products by the list price at quantity 1 in the first list that prices the product, before discounts and tax; what
has no price comes last, by id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalog import direct
from catalog.direct import Connection
from catalog.search.criteria import Criteria

_UNPRICED = 10**15


async def keys(
    connection: Connection,
    criteria: Criteria,
    lists: Sequence[int],
    size: int,
    after: tuple[Any, ...] | None,
    *,
    broad: bool,
) -> list[tuple[Any, ...]]:
    """(price in ten-thousandths, product id) of the page behind the key `after`."""
    parameters = criteria.parameters | {"lists": list(lists)}
    if after is not None:
        parameters |= {"amount": after[0], "last": after[1]}
    matched = "" if broad else (
        f"WITH d AS MATERIALIZED (SELECT d.product_id FROM search_documents d"  # noqa: S608
        f" WHERE {criteria.condition(indexed=True)}) "
    )  # fmt: skip
    where = criteria.condition(indexed=False) if broad else "true"
    source = "search_documents d" if broad else "d"
    found: list[tuple[Any, ...]] = []
    if lists and (after is None or after[0] < _UNPRICED):
        text, more = _priced(lists, source, where, begun=after is not None)
        found = await _read(connection, matched + text, parameters | more | {"size": size})
    if (
        len(found) < size
    ):  # only then: nearly everything has a price, and the few that have none are far between
        text = _unpriced(source, where, begun=after is not None and after[0] == _UNPRICED)
        found += await _read(connection, matched + text, parameters | {"size": size - len(found)})
    return found


def _priced(lists: Sequence[int], source: str, where: str, *, begun: bool) -> tuple[str, dict[str, Any]]:
    """One ordered walk per list, merged."""
    amount = "CAST(s.amount * 10000 AS bigint)"
    behind = " AND (s.amount * 10000, s.product_id) > (:amount, CAST(:last AS uuid))" if begun else ""
    more: dict[str, Any] = {}
    branches = []
    for number, price_list in enumerate(lists):
        more |= {f"list{number}": price_list, f"before{number}": list(lists[:number])}
        earlier = (
            f" AND NOT EXISTS (SELECT 1 FROM search_prices e WHERE e.product_id = s.product_id"  # noqa: S608
            f" AND e.list_no = ANY(CAST(:before{number} AS integer[])))" if number else ""
        )  # fmt: skip
        branches.append(
            f"(SELECT {amount} AS amount, s.product_id FROM search_prices s JOIN {source} USING (product_id)"  # noqa: S608
            f" WHERE s.list_no = :list{number} AND {where}{earlier}{behind}"
            " ORDER BY s.amount, s.product_id LIMIT :size)"
        )
    merged = " UNION ALL ".join(branches)
    return f"SELECT amount, product_id FROM ({merged}) x ORDER BY amount, product_id LIMIT :size", more  # noqa: S608


def _unpriced(source: str, where: str, *, begun: bool) -> str:
    behind = " AND d.product_id > CAST(:last AS uuid)" if begun else ""
    return (
        f"SELECT CAST({_UNPRICED} AS bigint) AS amount, d.product_id FROM {source}"  # noqa: S608
        " WHERE NOT EXISTS (SELECT 1 FROM search_prices e WHERE e.product_id = d.product_id"
        f" AND e.list_no = ANY(CAST(:lists AS integer[]))) AND {where}{behind} ORDER BY d.product_id LIMIT :size"
    )


async def _read(connection: Connection, text: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await direct.named(connection, text, parameters)]
