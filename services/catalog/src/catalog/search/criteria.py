"""What is searched for, as SQL conditions on search documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.products.identifiers import lookup_codes
from catalog.search import facet_keys, folding
from catalog.search.facet_keys import Characteristic, Facet

_EXACT = sql.statement("""
    SELECT v.id, v.product_id FROM variants v WHERE NOT v.discontinued
        AND (v.code = :code OR v.gtin = ANY(CAST(:gtins AS text[])) OR v.isbn = :isbn)
    ORDER BY v.id LIMIT 20
""")


@dataclass(frozen=True, slots=True)
class Query:
    """`characteristics`: all names must match, by any of their values."""

    text: str = ""
    language: str = "en"
    category_ids: tuple[UUID, ...] = ()
    brands: tuple[str, ...] = ()
    characteristics: tuple[tuple[str, str], ...] = ()
    available_only: bool = False

    def groups(self) -> dict[str, list[Facet]]:
        """The filters by facet name; within a group any value will do."""
        found: dict[str, list[Facet]] = {}
        if self.category_ids:
            found[facet_keys.CATEGORY] = [facet_keys.of_category(identity) for identity in self.category_ids]
        if self.brands:
            found[facet_keys.BRAND] = [facet_keys.of_brand(brand) for brand in self.brands]
        for name, value in self.characteristics:
            facet = Characteristic(name, value)
            found.setdefault(facet.key[0], []).append(facet)
        return found


@dataclass(frozen=True, slots=True)
class Criteria:
    """`exact` maps products to the variant whose SKU, GTIN or ISBN was asked for. `groups` holds the numbers of
    the facet values of each filter."""

    query: Query
    words: tuple[str, ...]
    exact: Mapping[UUID, UUID]
    groups: Mapping[str, Sequence[int]]
    options: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, Any]:
        values: dict[str, Any] = {f"g{number}": list(ids) for number, ids in enumerate(self.groups.values())}
        if self.query.text:
            values |= {"tsquery": folding.prefix_query(self.words), "exact": list(self.exact)}
        for number, pairs in enumerate(self.options.values()):
            values[f"n{number}"] = pairs[0][0]
            values[f"v{number}"] = [value for _, value in pairs]
        return values

    def condition(self, *, indexed: bool, without: str | None = None) -> str:
        """`indexed` lets the planner use the GIN indexes; otherwise the documents are met in another order and
        only filtered. `without` leaves out the filter of one facet."""
        terms, facets = "d.terms", "d.facet_ids"
        if not indexed:  # an expression, which no index knows
            terms, facets = "coalesce(d.terms, '')", "coalesce(d.facet_ids, '{}')"
        parts = []
        if self.query.text:
            parts.append(
                f"({terms} @@ CAST(:tsquery AS tsquery) OR d.product_id = ANY(CAST(:exact AS uuid[])))"
            )
        for number, name in enumerate(self.groups):
            if name != without:
                parts.append(f"{facets} && CAST(:g{number} AS integer[])")
        if self.query.available_only:
            parts.append("d.in_stock")
        if self._same_variant_matters():
            parts.append(self._one_variant(without))
        return " AND ".join(parts) or "true"

    def _same_variant_matters(self) -> bool:
        """Red and XL: one variant must be both, not two variants of one product."""
        return len(self.options) + self.query.available_only > 1 and bool(self.options)

    def _one_variant(self, without: str | None) -> str:
        parts = [
            "EXISTS (SELECT 1 FROM jsonb_array_elements(v.options || p.characteristics) o"  # noqa: S608
            f" WHERE lower(o->>0) = lower(:n{number}) AND o->>1 = ANY(CAST(:v{number} AS text[])))"
            for number, name in enumerate(self.options)
            if name != without
        ]
        if self.query.available_only:
            parts.append(
                "EXISTS (SELECT 1 FROM stock_levels s WHERE s.variant_id = v.id AND s.on_hand > s.reserved)"
            )
        conditions = "".join(f" AND {part}" for part in parts)
        return (
            "EXISTS (SELECT 1 FROM variants v JOIN products p ON p.id = v.product_id"  # noqa: S608
            f" WHERE v.product_id = d.product_id AND NOT v.discontinued{conditions})"
        )


async def resolve(session: AsyncSession, query: Query) -> Criteria | None:
    """None when a filter names only values that no product has."""
    groups = query.groups()
    numbers = await facet_keys.find(session, [facet for found in groups.values() for facet in found])
    resolved = {
        name: [numbers[facet.key] for facet in found if facet.key in numbers]
        for name, found in groups.items()
    }
    if not all(resolved.values()):
        return None
    exact: dict[UUID, UUID] = {}
    if query.text:
        code, gtins, isbn = lookup_codes(query.text)
        found = code and await sql.rows(session, _EXACT, {"code": code, "gtins": gtins, "isbn": isbn})
        for row in found or ():
            exact.setdefault(row.product_id, row.id)
    words = tuple(folding.query_words(query.text))
    if query.text and not words and not exact:
        return None  # punctuation only
    options: dict[str, list[tuple[str, str]]] = {}
    for name, value in query.characteristics:
        options.setdefault(Characteristic(name, value).key[0], []).append((name, value))
    return Criteria(query, words, exact, resolved, options)
