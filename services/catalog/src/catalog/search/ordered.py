"""Products in the order of one column of the search documents, whose index ends with the product's id.

When many products match, some of them usually stand near the beginning: WALK products are met in the order of the
index and tested. Where that does not fill the page (what matches stands together, far from the beginning), all that
match are found by the GIN indexes and sorted.
"""

from __future__ import annotations

from dataclasses import dataclass
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

    @property
    def by(self) -> str:
        direction = "DESC" if self.descending else "ASC"
        return f"ORDER BY {self.column} {direction}, d.product_id {direction}"


async def keys(
    connection: Connection,
    criteria: Criteria,
    order: Order,
    size: int,
    after: tuple[Any, ...] | None,
    *,
    broad: bool,
    more: dict[str, Any] | None = None,
) -> list[tuple[Any, ...]]:
    """(value of the column, product id) of the page behind the key `after`."""
    parameters = criteria.parameters | (more or {}) | {"size": size}
    part = order.within
    if after is not None:
        part += f" AND ({order.column}, d.product_id) {'<' if order.descending else '>'} (:key, CAST(:last AS uuid))"
        parameters |= {"key": after[0], "last": after[1]}
    if broad:
        far = order.compact or not criteria.is_indexed
        found = await _read(connection, _walk(criteria, order, part, far=far), parameters)
        if far or len(found) == size:
            return found
    return await _read(connection, _gather(criteria, order, part), parameters)


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


async def _read(connection: Connection, text: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await direct.named(connection, text, parameters)]
