"""What codes mean that people type or paste: a SKU, else an ISBN or EAN.

The first way that finds anything counts: the SKU as it is written; the SKU apart from case, hyphens and spaces; the
ISBN-13 or EAN that the code is, by its check digit (an ISBN-10 is its ISBN-13; zeros that a spreadsheet took away and a
decimal point that it added are put right). More than one variant found that way: the code is ambiguous.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import direct
from catalog.pricing.wire import description
from catalog.products import identifiers
from catalog.search import folding

MAX_MATCHES = 20
# Each code has its own limit: no code that very many variants share takes the place of another. Exact SKUs come first,
# and what is sold before what is no longer.
_RESOLVE = f"""
    SELECT w.place, f.* FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS w(sku, code, gtins, place)
    CROSS JOIN LATERAL (
        SELECT v.id, v.sku, v.options::text AS options, p.names::text AS names, v.code = w.code AS by_sku,
            v.discontinued OR p.discontinued AS discontinued
        FROM variants v JOIN products p ON p.id = v.product_id
        WHERE v.sku = w.sku OR v.code = w.code OR v.isbn = ANY(string_to_array(w.gtins, ' '))
            OR v.gtin = ANY(string_to_array(w.gtins, ' '))
        ORDER BY v.sku = w.sku DESC, by_sku DESC NULLS LAST, discontinued, v.id LIMIT {MAX_MATCHES}
    ) f
"""  # noqa: S608


class Match(NamedTuple):
    variant_id: UUID
    sku: str
    description: str
    discontinued: bool


class Resolved(NamedTuple):
    """`read_as` is empty when the code was taken as it stands."""

    code: str
    matches: tuple[Match, ...]
    read_as: str


class _Reading(NamedTuple):
    """`digits`: the ISBN-13 or EAN that it is; all lengths of it in `gtins`, apart by spaces."""

    sku: str
    folded: str | None
    digits: str
    gtins: str


async def resolve(session: AsyncSession, codes: Sequence[str], language: str) -> list[Resolved]:
    """In the order of the codes. One statement."""
    read = [_read(code) for code in codes]
    columns = [[each.sku for each in read], [each.folded for each in read], [each.gtins for each in read]]
    found: dict[int, list[Any]] = {}
    for row in await direct.fetch(await direct.of(session), _RESOLVE, *columns):
        found.setdefault(row["place"] - 1, []).append(row)
    return [_resolved(each, found.get(place, ()), language) for place, each in enumerate(read)]


def _read(code: str) -> _Reading:
    isbn, _ = identifiers.repaired_isbn(code)
    digits = isbn or identifiers.repaired_gtin(code)[0] or ""
    gtins = " ".join(identifiers.spellings(digits)) if digits else ""
    return _Reading(code, folding.code(code) or None, digits, gtins)


def _resolved(read: _Reading, rows: Sequence[Any], language: str) -> Resolved:
    exact = [row for row in rows if row["sku"] == read.sku]
    alike = [row for row in rows if row["by_sku"] and _alike(row["sku"], read.sku)]
    chosen = exact or alike or [row for row in rows if not row["by_sku"]]
    matches = tuple(
        Match(
            row["id"],
            row["sku"],
            description(json.loads(row["names"]), json.loads(row["options"]), row["sku"], language),
            row["discontinued"],
        )
        for row in chosen
    )
    read_as = ""
    if matches and not exact:
        read_as = matches[0].sku if alike else read.digits
    return Resolved(read.sku, matches, "" if read_as == read.sku else read_as)


def _alike(sku: str, written: str) -> bool:
    """`code` leaves out all punctuation; here `12.5` is not `125`."""
    return identifiers.bare(folding.fold(sku)) == identifiers.bare(folding.fold(written))
