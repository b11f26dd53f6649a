"""Books as an ONIX 3.0 message with reference tags: variants that have an ISBN."""

from __future__ import annotations

import datetime
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from catalog.exports import onix_blocks as blocks
from catalog.exports.onix_blocks import text
from catalog.exports.rows import isbn_of
from catalog.exports.snapshot import Snapshot
from catalog.onix.mapping.domain import PriceRule
from catalog.onix.reading import codes
from catalog.onix.reading.record import OWN_SCHEME

_RULES = """
    SELECT l.no, r.price_type, r.qualifier, r.currency_code, r.region_code, r.price_list_id
    FROM onix_price_rules r JOIN price_lists l ON l.id = r.price_list_id ORDER BY 2, 3, 4, 5
"""
_SUBJECTS = "SELECT category_id, scheme, code FROM onix_subject_rules ORDER BY scheme, code"
_ISBN = "v.isbn IS NOT NULL OR v.gtin ~ '^0?97[89]'"
_BOOKS = f"""
    SELECT * FROM (SELECT coalesce(
            o.record_ref, CASE WHEN used.record_ref IS NULL AND n.variants = 1 THEN p.product_ref END, v.id::text
        ) AS ref,
        v.sku, v.gtin, v.isbn, v.weight_grams, v.discontinued OR p.discontinued AS discontinued,
        coalesce(o.publishing_status, '') AS status, coalesce(o.availability, '') AS availability,
        p.names::text, p.descriptions::text, p.brand, p.authors, p.category_ids, p.characteristics::text,
        p.picture_urls, p.publication_date, p.product_form, p.text_language_code,
        (SELECT json_agg(json_build_array(c.list_no, c.valid_from, c.valid_to, c.min_quantities, c.unit_prices::text[])
            ORDER BY c.list_no, c.valid_from) FROM prices c WHERE c.variant_no = v.no AND c.supersede_time IS NULL
            AND c.list_no = ANY($1::integer[]) AND (c.valid_to IS NULL OR c.valid_to > $2))::text AS prices
    FROM variants v JOIN products p ON p.id = v.product_id
    LEFT JOIN LATERAL (SELECT record_ref, publishing_status, availability FROM onix_records
        WHERE variant_id = v.id ORDER BY record_ref LIMIT 1) o ON true
    LEFT JOIN onix_records used ON o.record_ref IS NULL AND used.record_ref = p.product_ref
    LEFT JOIN LATERAL (SELECT count(*) AS variants FROM variants s WHERE s.product_id = p.id) n ON o.record_ref IS NULL
    WHERE {_ISBN}) found ORDER BY ref COLLATE "C"
"""  # noqa: S608 - no input
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<ONIXMessage release="3.0" xmlns="http://ns.editeur.org/onix/3.0/reference">
<Header><Sender><SenderName>Commis</SenderName></Sender><SentDateTime>{now}</SentDateTime></Header>
"""


@dataclass(frozen=True, slots=True)
class Rules:
    """The mapping, read from its other side: the first rule of each list and of each category."""

    prices: dict[int, PriceRule]
    subjects: dict[UUID, tuple[str, str]]


async def as_onix(snapshot: Snapshot, today: datetime.date, now: datetime.datetime) -> AsyncIterator[bytes]:
    rules = await _rules(snapshot)
    yield _HEAD.format(now=now.strftime("%Y%m%dT%H%M%SZ")).encode()
    empty = True
    async for books in snapshot.rows(_BOOKS, list(rules.prices), today):
        shown = "".join(_book(book, rules) for book in books if isbn_of(book["isbn"], book["gtin"]))
        empty = empty and not shown
        yield shown.encode()
    yield b"<NoProduct/>\n</ONIXMessage>\n" if empty else b"</ONIXMessage>\n"


async def _rules(snapshot: Snapshot) -> Rules:
    prices: dict[int, PriceRule] = {}
    for no, *rule in await snapshot.all(_RULES):
        prices.setdefault(no, PriceRule(*rule))
    subjects: dict[UUID, tuple[str, str]] = {}
    for category_id, scheme, code in await snapshot.all(_SUBJECTS):
        subjects.setdefault(category_id, (scheme, code))
    return Rules(prices, subjects)


def _book(book: Any, rules: Rules) -> str:
    status, availability = book["status"], book["availability"]
    ended = codes.withdrawn(status, availability)
    if book["discontinued"] and not ended:
        status, availability = "08", "40"
    if ended and not book["brand"]:
        availability = "40"  # for there will be no block 4 to say so
    parts = [
        "<Product>",
        text("RecordReference", book["ref"]),
        "<NotificationType>03</NotificationType>",
        *_identifiers(book),
        *blocks.descriptive(book, rules.subjects),
        *blocks.collateral(json.loads(book["descriptions"]), book["picture_urls"]),
        *blocks.publishing(book["brand"], status or "04", book["publication_date"]),
        *_supply(book, availability or "20", rules),
        "</Product>\n",
    ]
    return "".join(parts)


def _identifiers(book: Any) -> list[str]:
    def identifier(kind: str, value: str, name: str = "") -> str:
        inside = (
            text("ProductIDType", kind) + (text("IDTypeName", name) if name else "") + text("IDValue", value)
        )
        return f"<ProductIdentifier>{inside}</ProductIdentifier>"

    found = [identifier("01", book["sku"], OWN_SCHEME)]
    kinds = {12: "04", 13: "03", 14: "14"}
    if book["gtin"] and len(book["gtin"]) in kinds:
        found.append(identifier(kinds[len(book["gtin"])], book["gtin"]))
    return [*found, identifier("15", isbn_of(book["isbn"], book["gtin"]))]


def _supply(book: Any, availability: str, rules: Rules) -> list[str]:
    prices = [
        _price(rules.prices[no], quantity, Decimal(amount), begin, end)
        for no, begin, end, quantities, amounts in json.loads(book["prices"] or "[]")
        for quantity, amount in zip(quantities, amounts, strict=True)
    ]
    return [
        "<ProductSupply>",
        *([] if book["brand"] else blocks.market(book["publication_date"], ended=availability == "40")),
        "<SupplyDetail><Supplier><SupplierRole>00</SupplierRole>",
        "<SupplierName>Commis</SupplierName></Supplier>",
        text("ProductAvailability", availability),
        *(prices or ["<UnpricedItemType>02</UnpricedItemType>"]),
        "</SupplyDetail></ProductSupply>",
    ]


def _price(rule: PriceRule, quantity: int, amount: Decimal, begin: str, end: str | None) -> str:
    """ONIX counts the last day in."""
    dates = [("14", datetime.date.fromisoformat(begin))]
    if end is not None:
        dates.append(("15", datetime.date.fromisoformat(end) - datetime.timedelta(days=1)))
    return "".join((
        "<Price>",
        text("PriceType", rule.price_type),
        text("PriceQualifier", rule.qualifier) if rule.qualifier else "",
        text("MinimumOrderQuantity", str(quantity)) if quantity > 1 else "",
        text("PriceAmount", blocks.plain(amount)),
        text("CurrencyCode", rule.currency),
        f"<Territory>{text('CountriesIncluded', rule.region)}</Territory>",
        *(
            f'<PriceDate>{text("PriceDateRole", role)}<Date dateformat="00">{day:%Y%m%d}</Date></PriceDate>'
            for role, day in dates
        ),
        "</Price>",
    ))  # fmt: skip
