"""What changes rarely and is small: price lists, group orders, the discount grid, the category tree, legal caps.

Each process remembers it together with its version. Every pricing statement reads the current version along
with its own rows (see `facts`), so a remembered set is used only as long as it is true.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import direct, sql
from catalog.direct import Connection
from catalog.legal_caps.domain import LegalCap
from catalog.pricing.domain import GridRow, PriceList
from catalog.search.folding import fold
from chassis.ids import new_id

_TOUCH = sql.statement(
    "INSERT INTO reference_version (version) VALUES (:version)"
    " ON CONFLICT (singleton) DO UPDATE SET version = excluded.version"
)
_VERSION = "SELECT version FROM reference_version"
_LISTS = (
    "SELECT id, no, code, currency_code, tax_inclusive, default_use, publisher_region_code FROM price_lists"
    " ORDER BY code"
)
_GROUPS = "SELECT subject, list_ids FROM price_list_orders WHERE kind = 'GROUP'"
_GRID = (
    "SELECT id, percent, min_quantity, valid_from, valid_to, account_id, group_name, variant_id, product_id,"
    " category_id, brand FROM discount_rows"
)
_CATEGORIES = "SELECT id, lineage FROM categories"
# The rest of them never hold.
_CAPS = (
    "SELECT id, jurisdiction, text_language_codes, product_forms, buyer_class, months, min_quantity,"
    " max_discount_percent, valid_from, valid_to FROM legal_caps WHERE valid_to IS NULL OR valid_to > valid_from"
)


@dataclass(frozen=True, slots=True)
class Reference:
    """`grid` by customer key, then by product key; a key is an id, a folded brand, or None for all. `publishers` are
    the lists of publishers' prices by country, `caps` the legal caps by jurisdiction and buyer class."""

    version: UUID | None
    lists: Mapping[UUID, PriceList] = field(default_factory=dict)
    numbers: Mapping[UUID, int] = field(default_factory=dict)
    defaults: Mapping[str, tuple[PriceList, ...]] = field(default_factory=dict)
    groups: Mapping[str, tuple[UUID, ...]] = field(default_factory=dict)
    grid: Mapping[object, Mapping[object, tuple[GridRow, ...]]] = field(default_factory=dict)
    lineages: Mapping[UUID, tuple[UUID, ...]] = field(default_factory=dict)
    publishers: Mapping[str, tuple[PriceList, ...]] = field(default_factory=dict)
    caps: Mapping[tuple[str, str], tuple[LegalCap, ...]] = field(default_factory=dict)

    def lists_of(
        self, own: Iterable[UUID] | None, groups: Iterable[str], *, business: bool
    ) -> tuple[PriceList, ...]:
        """The account's own set, else those of its groups one after the other, else the default lists."""
        chosen = list(own or ())
        if not chosen:
            chosen = [identity for group in groups for identity in self.groups.get(group, ())]
        if not chosen:
            return self.defaults.get("BUSINESS" if business else "CONSUMER", ())
        return tuple(self.lists[identity] for identity in dict.fromkeys(chosen) if identity in self.lists)

    def depths(self, category_ids: Iterable[UUID]) -> dict[UUID, int]:
        """Each category with its ancestors, by depth (root 1)."""
        return {
            identity: depth
            for category_id in category_ids
            for depth, identity in enumerate(self.lineages.get(category_id, ()), start=1)
        }

    def grids_of(self, customers: Iterable[object]) -> tuple[Mapping[object, tuple[GridRow, ...]], ...]:
        """The grid rows that name one of these customers, by what they name of the product."""
        return tuple(self.grid[customer] for customer in customers if customer in self.grid)


async def touch(session: AsyncSession) -> None:
    """Call in every transaction that changes lists, orders of lists, grid rows, categories or legal caps."""
    await sql.run(session, _TOUCH, {"version": new_id()})


class ReferenceCache:
    """One per process."""

    def __init__(self) -> None:
        self.current = Reference(None)
        self._reading = asyncio.Lock()

    async def fresh(self, connection: Connection, version: UUID | None) -> Reference:
        """The set of at least this version; read on the connection of the caller, who must not need two."""
        if self.current.version == version:
            return self.current
        async with self._reading:
            if self.current.version != version:
                self.current = await read(connection)
        return self.current


async def read(connection: Connection) -> Reference:
    # The version first: what is read after it may only be newer, and then the next check reads again.
    found = await direct.fetch(connection, _VERSION)
    rows = await direct.fetch(connection, _LISTS)
    lists = {
        row["id"]: PriceList(row["id"], row["code"], row["currency_code"], row["tax_inclusive"])
        for row in rows
    }
    groups = await direct.fetch(connection, _GROUPS)
    return Reference(
        version=found[0]["version"] if found else None,
        lists=lists,
        numbers={row["id"]: row["no"] for row in rows},
        defaults={
            use: tuple(lists[row["id"]] for row in rows if row["default_use"] == use)
            for use in ("BUSINESS", "CONSUMER")
        },
        groups={row["subject"]: tuple(row["list_ids"]) for row in groups},
        grid=_grid([_grid_row(row) for row in await direct.fetch(connection, _GRID)]),
        lineages={row["id"]: tuple(row["lineage"]) for row in await direct.fetch(connection, _CATEGORIES)},
        publishers=_publishers(rows, lists),
        caps=_caps(await direct.fetch(connection, _CAPS)),
    )


def _publishers(rows: Iterable[Any], lists: Mapping[UUID, PriceList]) -> dict[str, tuple[PriceList, ...]]:
    found: dict[str, tuple[PriceList, ...]] = {}
    for row in rows:
        country = row["publisher_region_code"]
        if country:
            found[country] = (*found.get(country, ()), lists[row["id"]])
    return found


def _caps(rows: Iterable[Any]) -> dict[tuple[str, str], tuple[LegalCap, ...]]:
    found: dict[tuple[str, str], tuple[LegalCap, ...]] = {}
    for identity, jurisdiction, languages, forms, buyer_class, *rest in rows:
        cap = LegalCap(identity, jurisdiction, frozenset(languages), tuple(forms), buyer_class, *rest)
        key = jurisdiction, buyer_class
        found[key] = (*found.get(key, ()), cap)
    return found


def _grid_row(row: Any) -> GridRow:
    found = GridRow(*row)
    return found if found.brand is None else replace(found, brand=fold(found.brand))


def _grid(rows: Iterable[GridRow]) -> dict[object, dict[object, tuple[GridRow, ...]]]:
    built: dict[object, dict[object, list[GridRow]]] = {}
    for row in rows:
        product = row.variant_id or row.product_id or row.category_id or row.brand
        built.setdefault(row.account_id or row.group, {}).setdefault(product, []).append(row)
    return {
        customer: {product: tuple(found) for product, found in by.items()} for customer, by in built.items()
    }
