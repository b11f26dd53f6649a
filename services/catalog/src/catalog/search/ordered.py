"""Products in the order of one column of the search documents, whose index ends with the product's id.

When many products match, some of them usually stand near the beginning: WALK products are met in the order of the
index and tested. Where that does not fill the page (what matches stands together, far from the beginning), all that
match are found by the GIN indexes and sorted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog import direct
from catalog.direct import Connection
from catalog.search.criteria import Criteria

WALK = 2_000


@dataclass(frozen=True, slots=True)
class Order:
    """By this column, then by id in the same direction. `within` narrows to a part of the documents, which may name
    parameters of `more`; `compact` says that it is a range of the column, to be walked to its end."""

    column: str
    descending: bool = False
    within: str = "true"
    compact: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def by(self) -> str:
        direction = "DESC" if self.descending else "ASC"
        return f"ORDER BY {self.column} {direction}, d.product_id {direction}"


Key = tuple[Any, ...]


async def keys(
    connection: Connection, criteria: Criteria, order: Order, size: int, after: Key | None, *, broad: bool
) -> list[Key]:
    """(value of the column, product id) of the page behind the key `after`."""
    way = keys_of_many if broad else gathered
    return await way(connection, criteria, order, size, after)


def are_near(criteria: Criteria, size: int) -> bool:
    """Whether a walk fills a page if what matches is evenly spread, with a walk to spare since it hardly ever is."""
    return criteria.most * WALK >= 2 * size * criteria.documents


async def keys_of_many(
    connection: Connection, criteria: Criteria, order: Order, size: int, after: Key | None
) -> list[Key]:
    found = await walked(connection, criteria, order, size, after)
    return await gathered(connection, criteria, order, size, after) if found is None else found


async def walked(
    connection: Connection, criteria: Criteria, order: Order, size: int, after: Key | None
) -> list[Key] | None:
    """As `keys`; None when what matches is not near the beginning."""
    part, parameters = _behind(criteria, order, size, after)
    far = order.compact or not criteria.is_indexed
    found = await _read(connection, _walk(criteria, order, part, far=far), parameters)
    return found if far or len(found) == size else None


async def gathered(
    connection: Connection, criteria: Criteria, order: Order, size: int, after: Key | None
) -> list[Key]:
    part, parameters = _behind(criteria, order, size, after)
    return await _read(connection, _gather(criteria, order, part), parameters)


def _behind(criteria: Criteria, order: Order, size: int, after: Key | None) -> tuple[str, dict[str, Any]]:
    """The condition of what comes behind the key, within the order's part, with all parameters."""
    parameters = criteria.parameters | dict(order.more) | {"size": size}
    if after is None:
        return order.within, parameters
    sign = "<" if order.descending else ">"
    behind = f"({order.column}, d.product_id) {sign} (:key, CAST(:last AS uuid))"
    return f"{order.within} AND {behind}", parameters | {"key": after[0], "last": after[1]}


def _walk(criteria: Criteria, order: Order, part: str, *, far: bool) -> str:
    test = criteria.condition(indexed=False)
    if far:
        source = f"search_documents d WHERE {part} AND {test}"
    else:
        near = f"SELECT * FROM search_documents d WHERE {part} {order.by} LIMIT {WALK}"  # noqa: S608
        source = f"({near}) d WHERE {test}"
    return f"SELECT {order.column} AS value, d.product_id FROM {source} {order.by} LIMIT :size"  # noqa: S608


def _gather(criteria: Criteria, order: Order, part: str) -> str:
    where = criteria.condition(indexed=True)
    name = order.column.removeprefix("d.")
    return (
        f"WITH d AS MATERIALIZED (SELECT d.product_id, d.{name} FROM search_documents d WHERE {where})"  # noqa: S608
        f" SELECT {order.column} AS value, d.product_id FROM d WHERE {part} {order.by} LIMIT :size"
    )


async def _read(connection: Connection, text: str, parameters: dict[str, Any]) -> list[Key]:
    return [tuple(row) for row in await direct.named(connection, text, parameters)]
