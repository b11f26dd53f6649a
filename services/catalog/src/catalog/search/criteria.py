"""What is searched for, as SQL conditions on search documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from catalog import direct
from catalog.direct import Connection
from catalog.products.identifiers import lookup_codes
from catalog.search import facet_keys, folding
from catalog.search.commonness import Commonness
from catalog.search.facet_keys import Characteristic, Facet

_EXACT = """
    SELECT v.id, v.product_id FROM variants v WHERE NOT v.discontinued
        AND (v.code = :code OR v.gtin = ANY(CAST(:gtins AS text[])) OR v.isbn = :isbn)
    ORDER BY v.id LIMIT 20
"""


_ANY = "SELECT 1 FROM search_documents d WHERE d.terms @@ CAST(:tsquery AS tsquery) LIMIT 1"
VARIANT = "x:"  # begins the keys of characteristics and options


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
    the facet values of each filter. Of the `words` an index is asked for the `telling` ones and the others are only
    tested; about `most` of about `documents` match at most."""

    query: Query
    words: tuple[str, ...]
    telling: tuple[str, ...]
    most: float
    documents: float
    exact: Mapping[UUID, UUID]
    groups: Mapping[str, Sequence[int]]

    @property
    def parameters(self) -> dict[str, Any]:
        values: dict[str, Any] = {f"g{number}": list(ids) for number, ids in enumerate(self.groups.values())}
        if self.query.text:
            values |= {"tsquery": folding.prefix_query(self.words), "exact": list(self.exact)}
            values["telling"] = folding.prefix_query(self.telling)
        return values

    @property
    def is_one_word(self) -> bool:
        """Whether as many documents match as have the word."""
        return len(self.words) == 1 and not self.groups and not self.query.available_only

    @property
    def is_indexed(self) -> bool:
        """Whether a GIN index finds what matches; being in stock alone has none."""
        return bool(self.query.text or self.groups)

    def condition(self, *, indexed: bool, without: str | None = None) -> str:
        """`indexed` lets the planner use the GIN indexes; otherwise the documents are met in another order and
        only filtered. `without` leaves out the filter of one facet."""
        # Within an expression a test is known to no index, and the planner takes half of the rows to pass it: documents
        # are met in another order where so many match that a page is soon full.
        form = "{}" if indexed else "coalesce({}, false)"
        parts = []
        if self.query.text:
            found = form.format("d.terms @@ CAST(:tsquery AS tsquery)")
            if indexed and len(self.telling) < len(self.words):
                tested = "coalesce(d.terms @@ CAST(:tsquery AS tsquery), false)"
                found = f"d.terms @@ CAST(:telling AS tsquery) AND {tested}"
            parts.append(f"({found} OR d.product_id = ANY(CAST(:exact AS uuid[])))" if self.exact else found)
        for number, name in enumerate(self.groups):
            if name != without:
                parts.append(form.format(f"d.facet_ids && CAST(:g{number} AS integer[])"))
        if self.query.available_only:
            parts.append("d.in_stock")
        one = [name for name in self.groups if name.startswith(VARIANT) and name != without]
        if len(one) + self.query.available_only > 1 and one:
            parts.append(self._one_variant(one))
        return " AND ".join(parts) or "true"

    def _one_variant(self, names: Sequence[str]) -> str:
        """Red and XL and in stock: one variant must be it all, not several variants of one product."""
        numbers = {name: number for number, name in enumerate(self.groups)}
        parts = [f"v.facet_ids && CAST(:g{numbers[name]} AS integer[])" for name in names]
        if self.query.available_only:
            parts.append(
                "EXISTS (SELECT 1 FROM stock_levels s"
                " WHERE s.variant_id = v.variant_id AND s.on_hand > s.reserved)"
            )
        conditions = " AND ".join(parts)
        return f"EXISTS (SELECT 1 FROM search_variants v WHERE v.product_id = d.product_id AND {conditions})"  # noqa: S608


async def resolve(connection: Connection, query: Query, common: Commonness) -> Criteria | None:
    """None when a filter names only values that no product has."""
    groups = query.groups()
    numbers = await facet_keys.find(connection, [facet for found in groups.values() for facet in found])
    resolved = {
        name: [numbers[facet.key] for facet in found if facet.key in numbers]
        for name, found in groups.items()
    }
    if not all(resolved.values()):
        return None
    exact: dict[UUID, UUID] = {}
    if query.text:
        code, gtins, isbn = lookup_codes(query.text)
        found = code and await direct.named(connection, _EXACT, {"code": code, "gtins": gtins, "isbn": isbn})
        for row in found or ():
            exact.setdefault(row.product_id, row.id)
    words = await _words(connection, query.text, exact=bool(exact))
    if query.text and not words and not exact:
        return None  # punctuation only
    most = common.rarest(words)
    return Criteria(query, words, common.telling(words), most, common.documents, exact, resolved)


async def _words(connection: Connection, text: str, *, exact: bool) -> tuple[str, ...]:
    """Codes are looked for whole when that finds anything: the parts of a code are prefixes of far too much."""
    words, codes = folding.query_words(text), folding.code_words(text)
    if codes != words and not exact:
        found = await direct.named(connection, _ANY, {"tsquery": folding.prefix_query(codes)})
        return tuple(codes if found else words)
    return tuple(codes)
