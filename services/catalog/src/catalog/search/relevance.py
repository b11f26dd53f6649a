"""Products in the order of how well they fit what was typed.

Exact SKU, GTIN or ISBN; then names that are the query; then names that begin with it; then by weight of the words
found, whole words twice; then by name. When too many match to weigh the words of each, the rest goes by name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from catalog import direct
from catalog.direct import Connection
from catalog.search import folding, ordered
from catalog.search.criteria import Criteria
from catalog.search.ordered import Key, Order

_ALL = 2**31 - 2
Keys = Callable[[Connection, Criteria, Order, int, Key | None], Awaitable[list[Key] | None]]
_EXACT, _IS, _BEGINS, _REST = 4_000_000, 2_000_000, 1_000_000, 0


async def first(
    connection: Connection, criteria: Criteria, size: int, *, narrow: int
) -> tuple[list[Key], bool]:
    """(rank, name, product id) of the first page, and whether it was found as one of `broad` matches: when more than
    `narrow` match. Whether they do is found out on the way."""
    common = criteria.most > 2 * narrow
    if common:
        found = await _by_tiers(connection, criteria, size, None, _rest_of_common(criteria, size))
        if found is not None:
            return found, True
    found = await _by_words(connection, criteria, size, None, most=narrow)
    if found is not None:
        return found, False
    rest = ordered.gathered if common else ordered.keys_of_many
    return await _by_tiers(connection, criteria, size, None, rest) or [], True


def _rest_of_common(criteria: Criteria, size: int) -> Keys:
    """Of several common words, few products may have them all: then they are not gathered unweighed."""
    near = ordered.are_near(criteria, size)
    if criteria.is_one_word:
        return ordered.keys_of_many if near else ordered.gathered
    return ordered.walked if near else _given_up


async def _given_up(*_asked: object) -> None:
    return None


async def following(
    connection: Connection, criteria: Criteria, size: int, after: Key, *, broad: bool
) -> list[Key]:
    """The page behind the key `after`."""
    if broad:
        return await _by_tiers(connection, criteria, size, after, ordered.keys_of_many) or []
    return await _by_words(connection, criteria, size, after, most=_ALL) or []


async def _by_words(
    connection: Connection, criteria: Criteria, size: int, after: Key | None, *, most: int
) -> list[Key] | None:
    """None when more than `most` match."""
    column = f"d.name_{criteria.query.language}"
    parameters = criteria.parameters | _names(criteria) | {
        "size": size,
        "enough": most + 1,
        "whole": " | ".join(f"'{word}'" for word in criteria.words),
        "begun": " | ".join(f"'{word}':*" for word in criteria.words),
    }  # fmt: skip
    rank = (
        f"CASE WHEN d.product_id = ANY(CAST(:exact AS uuid[])) THEN {_EXACT} ELSE 0 END"
        f" + CASE WHEN d.name = :folded THEN {_IS} WHEN d.name LIKE :begins THEN {_BEGINS} ELSE 0 END"
        " + CAST(100000 * (2 * ts_rank(d.terms, CAST(:whole AS tsquery))"
        " + ts_rank(d.terms, CAST(:begun AS tsquery))) AS integer)"
    )
    behind = ""
    if after is not None:
        behind = " WHERE r.rank < :rank OR (r.rank = :rank AND (r.name, r.product_id) > (:name, CAST(:last AS uuid)))"
        parameters |= {"rank": after[0], "name": after[1], "last": after[2]}
    text = (
        f"WITH m AS MATERIALIZED (SELECT d.product_id, d.terms, {column} AS name FROM search_documents d"  # noqa: S608
        f" WHERE {criteria.condition(indexed=True)} LIMIT :enough),"
        f" r AS MATERIALIZED (SELECT d.product_id, {rank} AS rank, d.name FROM m d"
        " WHERE (SELECT count(*) FROM m) < :enough)"
        f" (SELECT r.rank, r.name, r.product_id FROM r{behind}"
        " ORDER BY r.rank DESC, r.name, r.product_id LIMIT :size)"
        " UNION ALL SELECT NULL, NULL, NULL WHERE (SELECT count(*) FROM m) = :enough"
    )
    found = [tuple(row) for row in await direct.named(connection, text, parameters)]
    return None if found and found[-1][-1] is None else found


async def _by_tiers(
    connection: Connection, criteria: Criteria, size: int, after: Key | None, rest: Keys
) -> list[Key] | None:
    """`rest` finds what neither is asked for nor begins with the query; None when it gives up."""
    found: list[Key] = []
    for rank, order in _tiers(criteria):
        if len(found) == size or (after is not None and rank > after[0]):
            continue
        # Of the tier in which the page before ended: the greatest that is not above its rank.
        behind = after[1:] if after is not None and after[0] - rank < _BEGINS else None
        way = ordered.keys_of_many if order.compact else rest
        part = await way(connection, criteria, order, size - len(found), behind)
        if part is None:
            return None
        found += [(rank, *key) for key in part]
    return found


def _tiers(criteria: Criteria) -> list[tuple[int, Order]]:
    column, names = f"d.name_{criteria.query.language}", _names(criteria)
    others = "d.product_id <> ALL(CAST(:exact AS uuid[]))"
    tiers = [
        (_BEGINS, Order(column, within=f"{column} LIKE :begins AND {others}", compact=True, more=names)),
        (_REST, Order(column, within=f"{column} NOT LIKE :begins AND {others}", more=names)),
    ]
    if criteria.exact:
        exact = Order(column, within="d.product_id = ANY(CAST(:exact AS uuid[]))", compact=True)
        tiers.insert(0, (_EXACT, exact))
    return tiers


def _names(criteria: Criteria) -> dict[str, str]:
    folded = folding.sort_key(criteria.query.text)
    return {"folded": folded, "begins": f"{folded}%"}
