"""The rows of each kind, in an order that does not depend on what ids things have here.

A product without a reference of its own is exported with the SKU of its first variant, by which it will be
recognised; where that is somebody else's reference, with its id.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from decimal import Decimal
from typing import Any

from catalog.exports import domain
from catalog.exports.domain import Cell, Number
from catalog.exports.snapshot import Snapshot
from catalog.imports.cells import joined, joined_pairs, neutral
from catalog.products.domain import LANGUAGES
from catalog.products.identifiers import isbn_of_gtin

_PRODUCTS = """
    SELECT * FROM (SELECT coalesce(p.product_ref, CASE WHEN taken.id IS NULL THEN first.sku ELSE p.id::text END) AS ref,
        v.sku, v.gtin, v.isbn, p.names::text, p.descriptions::text, p.brand, p.authors,
        ARRAY(SELECT c.path FROM unnest(p.category_ids) WITH ORDINALITY AS n(id, place)
            JOIN categories c ON c.id = n.id ORDER BY n.place) AS paths,
        v.options::text, p.characteristics::text, p.picture_urls, p.vat_class, p.publication_date, p.product_form,
        p.text_language_code, v.weight_grams, v.stock_policy, v.discontinued, p.discontinued AS product_discontinued,
        v.position
    FROM products p JOIN variants v ON v.product_id = p.id
    LEFT JOIN LATERAL (SELECT f.sku FROM variants f WHERE f.product_id = p.id ORDER BY f.position, f.sku LIMIT 1)
        AS first ON p.product_ref IS NULL
    LEFT JOIN products taken ON p.product_ref IS NULL AND taken.product_ref = first.sku
    ) found ORDER BY ref COLLATE "C", position, sku COLLATE "C"
"""
_PRICES = """
    SELECT l.code, v.sku, p.min_quantities, p.unit_prices, l.currency_code, p.valid_from, p.valid_to
    FROM prices p JOIN price_lists l ON l.no = p.list_no JOIN variants v ON v.no = p.variant_no
    WHERE p.supersede_time IS NULL ORDER BY l.code COLLATE "C", v.sku COLLATE "C", p.valid_from
"""
_STOCK = """
    SELECT w.code, v.sku, s.on_hand FROM stock_levels s JOIN warehouses w ON w.id = s.warehouse_id
    JOIN variants v ON v.id = s.variant_id ORDER BY w.code COLLATE "C", v.sku COLLATE "C"
"""

Row = Sequence[Cell]


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def isbn_of(isbn: str | None, gtin: str | None) -> str:
    """A GTIN that is an ISBN says so, as it does when it is imported."""
    return isbn or isbn_of_gtin(gtin or "")


def _product(row: Any) -> list[Row]:
    names, descriptions = json.loads(row["names"]), json.loads(row["descriptions"])
    texts = [
        row["ref"],
        row["sku"],
        row["gtin"] or "",
        isbn_of(row["isbn"], row["gtin"]),
        *(names.get(language, "") for language in LANGUAGES),
        *(descriptions.get(language, "") for language in LANGUAGES),
        row["brand"],
        joined(row["authors"]),
        joined(row["paths"]),
        joined_pairs(json.loads(row["options"])),
        joined_pairs(json.loads(row["characteristics"])),
        joined(row["picture_urls"]),
        *(row[name] for name in ("vat_class", "publication_date", "product_form", "text_language_code")),
    ]
    ends = (row["stock_policy"], _yes(row["discontinued"]), _yes(row["product_discontinued"]))
    return [[*map(neutral, texts), Number(str(row["weight_grams"])), *ends]]


def amount(value: Decimal) -> str:
    """With two decimals, or as many more as it has."""
    text = f"{value:.4f}"
    return text[:-2] if text.endswith("00") else text.rstrip("0")


def _price(row: Any) -> list[Row]:
    return [
        [
            neutral(row["code"]),
            neutral(row["sku"]),
            Number(str(quantity)),
            Number(amount(price)),
            row["currency_code"],
            row["valid_from"].isoformat(),
            row["valid_to"].isoformat() if row["valid_to"] is not None else "",
        ]
        for quantity, price in zip(row["min_quantities"], row["unit_prices"], strict=True)
    ]


def _level(row: Any) -> list[Row]:
    return [[neutral(row["code"]), neutral(row["sku"]), Number(str(row["on_hand"]))]]


KINDS: dict[str, tuple[Sequence[str], str, Callable[[Any], list[Row]]]] = {
    "PRODUCTS": (domain.PRODUCTS, _PRODUCTS, _product),
    "PRICES": (domain.PRICES, _PRICES, _price),
    "STOCK": (domain.STOCK, _STOCK, _level),
}


async def rows(snapshot: Snapshot, kind: str) -> AsyncIterator[list[Row]]:
    """The heading first, then some hundred rows at a time."""
    columns, statement, show = KINDS[kind]
    yield [list(columns)]
    async for found in snapshot.rows(statement):
        yield [row for record in found for row in show(record)]
