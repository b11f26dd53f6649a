"""Facet values are interned: documents hold small numbers, which PostgreSQL counts and compares fast."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import direct, sql
from catalog.direct import Connection
from catalog.search.folding import fold

CATEGORY = "category"
BRAND = "brand"
AVAILABILITY = "availability"
MAX_KEY = 200

_FIND = """
    SELECT f.id, f.name_key, f.value_key FROM facet_values f
    JOIN unnest(CAST(:names AS text[]), CAST(:values AS text[])) AS w(name_key, value_key)
        USING (name_key, value_key)
"""
_NEW = sql.statement("""
    INSERT INTO facet_values (name_key, value_key, name, value)
    VALUES (:name_key, :value_key, :name, :value) ON CONFLICT (name_key, value_key) DO NOTHING
""")


@dataclass(frozen=True, slots=True)
class Facet:
    """Compared by its keys; name and value are as they were first written."""

    name: str
    value: str

    @property
    def key(self) -> tuple[str, str]:
        if self.name in (CATEGORY, BRAND):
            return self.name, fold(self.value)[:MAX_KEY]
        return _key(self.name, self.value)


@dataclass(frozen=True, slots=True)
class Characteristic(Facet):
    """A characteristic may be called `brand` or `category` too; it is still another thing."""

    @property
    def key(self) -> tuple[str, str]:
        return _key(self.name, self.value)


@lru_cache(maxsize=10_000)  # asked for several times in the making of a document
def _key(name: str, value: str) -> tuple[str, str]:
    return f"x:{fold(name)}"[:MAX_KEY], fold(value)[:MAX_KEY]


def of_category(category_id: UUID) -> Facet:
    return Facet(CATEGORY, str(category_id))


def of_brand(brand: str) -> Facet:
    return Facet(BRAND, brand)


async def find(connection: Connection, facets: Iterable[Facet]) -> dict[tuple[str, str], int]:
    """Numbers by key; unknown facets are left out."""
    keys = sorted({facet.key for facet in facets})
    if not keys:
        return {}
    columns = {"names": [name for name, _ in keys], "values": [value for _, value in keys]}
    return {(row.name_key, row.value_key): row.id for row in await direct.named(connection, _FIND, columns)}


async def intern(session: AsyncSession, facets: Sequence[Facet]) -> Mapping[tuple[str, str], int]:
    """Numbers by key, made where missing."""
    by_key = {facet.key: facet for facet in reversed(facets)}
    connection = await direct.of(session)
    known = await find(connection, by_key.values())
    missing = sorted(key for key in by_key if key not in known)
    if missing:
        rows = [
            {"name_key": key[0], "value_key": key[1], "name": by_key[key].name, "value": by_key[key].value}
            for key in missing
        ]
        await sql.run(session, _NEW, rows)
        known |= await find(connection, [by_key[key] for key in missing])
    return known
