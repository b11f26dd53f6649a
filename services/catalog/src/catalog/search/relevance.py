"""Products in the order of how well they fit what was typed.

Exact SKU, GTIN or ISBN; then names that are the query; then names that begin with it; then by weight of the words
found, whole words twice; then by name. When too many match to weigh the words of each, the rest goes by name.
"""

from __future__ import annotations

from typing import Any

from catalog import direct
from catalog.direct import Connection
from catalog.search import folding, ordered
from catalog.search.criteria import Criteria
from catalog.search.ordered import Order

_EXACT, _IS, _BEGINS, _REST = 4_000_000, 2_000_000, 1_000_000, 0


async def keys(
    connection: Connection, criteria: Criteria, size: int, after: tuple[Any, ...] | None, *, broad: bool
) -> list[tuple[Any, ...]]:
    """(rank, name, product id) of the page behind the key `after`."""
    if broad:
        return await _by_tiers(connection, criteria, size, after)
    return await _by_words(connection, criteria, size, after)


async def _by_words(
    connection: Connection, criteria: Criteria, size: int, after: tuple[Any, ...] | None
) -> list[tuple[Any, ...]]:
    column = f"d.name_{criteria.query.language}"
    parameters = criteria.parameters | _names(criteria) | {
        "size": size,
        "whole": " | ".join(f"'{word}'" for word in criteria.words),
        "begun": " | ".join(f"'{word}':*" for word in criteria.words),
    }  # fmt: skip
    rank = (
        f"CASE WHEN d.product_id = ANY(CAST(:exact AS uuid[])) THEN {_EXACT} ELSE 0 END"
        f" + CASE WHEN {column} = :folded THEN {_IS} WHEN {column} LIKE :begins THEN {_BEGINS} ELSE 0 END"
        " + CAST(100000 * (2 * ts_rank(d.terms, CAST(:whole AS tsquery))"
        " + ts_rank(d.terms, CAST(:begun AS tsquery))) AS integer)"
    )
    behind = ""
    if after is not None:
        behind = " WHERE r.rank < :rank OR (r.rank = :rank AND (r.name, r.product_id) > (:name, CAST(:last AS uuid)))"
        parameters |= {"rank": after[0], "name": after[1], "last": after[2]}
    text = (
        f"WITH r AS MATERIALIZED (SELECT d.product_id, {rank} AS rank, {column} AS name"  # noqa: S608
        f" FROM search_documents d WHERE {criteria.condition(indexed=True)})"
        f" SELECT r.rank, r.name, r.product_id FROM r{behind} ORDER BY r.rank DESC, r.name, r.product_id LIMIT :size"
    )
    return [tuple(row) for row in await direct.named(connection, text, parameters)]


async def _by_tiers(
    connection: Connection, criteria: Criteria, size: int, after: tuple[Any, ...] | None
) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for rank, order in _tiers(criteria):
        if len(found) == size or (after is not None and rank > after[0]):
            continue
        # Of the tier in which the page before ended: the greatest that is not above its rank.
        behind = after[1:] if after is not None and after[0] - rank < _BEGINS else None
        more, wanted = _names(criteria), size - len(found)
        part = await ordered.keys(connection, criteria, order, wanted, behind, broad=True, more=more)
        found += [(rank, *key) for key in part]
    return found


def _tiers(criteria: Criteria) -> list[tuple[int, Order]]:
    column = f"d.name_{criteria.query.language}"
    others = "d.product_id <> ALL(CAST(:exact AS uuid[]))"
    tiers = [
        (_BEGINS, Order(column, within=f"{column} LIKE :begins AND {others}", compact=True)),
        (_REST, Order(column, within=f"{column} NOT LIKE :begins AND {others}")),
    ]
    if criteria.exact:
        exact = Order(column, within="d.product_id = ANY(CAST(:exact AS uuid[]))", compact=True)
        tiers.insert(0, (_EXACT, exact))
    return tiers


def _names(criteria: Criteria) -> dict[str, str]:
    folded = folding.sort_key(criteria.query.text)
    return {"folded": folded, "begins": f"{folded}%"}
