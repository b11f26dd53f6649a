"""How many products each value would leave; a facet that is filtered by counts as if it were not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from catalog import direct
from catalog.direct import Connection
from catalog.products.queries import parsed
from catalog.search.criteria import Criteria
from catalog.search.facet_keys import AVAILABILITY, BRAND, CATEGORY
from catalog.search.remembered import Remembered

MAX_VALUES = 50

_NAMES = "SELECT id, names FROM categories WHERE id = ANY(CAST(:ids AS uuid[]))"


@dataclass(frozen=True, slots=True)
class FacetValue:
    value: str
    display_name: str
    count: int


@dataclass(frozen=True, slots=True)
class FacetCounts:
    name: str
    values: tuple[FacetValue, ...]


class Facets:
    """One per process; counts over very many products may be half a minute old."""

    def __init__(self) -> None:
        self._broad: Remembered[list[FacetCounts]] = Remembered()

    async def count(self, connection: Connection, criteria: Criteria, *, broad: bool) -> list[FacetCounts]:
        if not broad:
            return await count(connection, criteria)
        known = self._broad.get(criteria.query)
        if known is None:
            known = await count(connection, criteria)
            self._broad.keep(criteria.query, known)
        return known


async def count(connection: Connection, criteria: Criteria) -> list[FacetCounts]:
    rows = list(await _rows(connection, criteria))
    for filtered in criteria.groups:
        own = await _rows(connection, criteria, only=filtered)
        rows = [row for row in rows if row.name_key != filtered] + list(own)
    by_name: dict[str, list[Any]] = {}
    for row in rows:
        by_name.setdefault(row.name_key, []).append(row)
    categories = await _category_names(connection, by_name.get(CATEGORY, ()), criteria.query.language)
    counted = [
        FacetCounts(
            found[0].name,
            tuple(FacetValue(row.value, categories.get(row.value, row.value), row.n) for row in found),
        )
        for _key, found in sorted(by_name.items(), key=lambda item: _order(item[0]))
    ]
    return [*counted, await _availability(connection, criteria)]


def _order(name_key: str) -> tuple[int, str]:
    return {CATEGORY: 0, BRAND: 1}.get(name_key, 2), name_key


async def _rows(connection: Connection, criteria: Criteria, only: str | None = None) -> Sequence[Any]:
    where = criteria.condition(indexed=True, without=only)
    text = (
        "SELECT name_key, name, value, n FROM (SELECT f.name_key, f.name, f.value, c.n,"  # noqa: S608
        " row_number() OVER (PARTITION BY f.name_key ORDER BY c.n DESC, f.value) AS place"
        " FROM (SELECT facet_id, count(*) AS n FROM search_documents d, unnest(d.facet_ids) AS facet_id"
        f" WHERE {where} GROUP BY facet_id) c JOIN facet_values f ON f.id = c.facet_id"
        f"{' WHERE f.name_key = :only' if only else ''}) x WHERE place <= :most ORDER BY name_key, place"
    )
    parameters = criteria.parameters | {"most": MAX_VALUES} | ({"only": only} if only else {})
    return await direct.named(connection, text, parameters)


async def _availability(connection: Connection, criteria: Criteria) -> FacetCounts:
    where = criteria.condition(indexed=True)
    text = f"SELECT count(*) FILTER (WHERE d.in_stock) AS here, count(*) AS total FROM search_documents d WHERE {where}"  # noqa: S608
    ((here, total),) = await direct.named(connection, text, criteria.parameters)
    values = (
        FacetValue("in_stock", "in stock", here),
        FacetValue("not_in_stock", "not in stock", total - here),
    )
    return FacetCounts(AVAILABILITY, tuple(value for value in values if value.count))


async def _category_names(connection: Connection, rows: Sequence[Any], language: str) -> dict[str, str]:
    if not rows:
        return {}
    found = await direct.named(connection, _NAMES, {"ids": [UUID(row.value) for row in rows]})
    names = {str(row.id): parsed(row.names) for row in found}
    return {
        identity: texts.get(language) or next(iter(texts.values()), "") for identity, texts in names.items()
    }
