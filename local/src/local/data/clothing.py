"""Clothing: the configurable products of the Magento 2 sample catalogue, one row per size and colour.

Made up here, because the source has nothing usable: weights, bar codes (GS1 prefix 20, for use inside one
company), translated kinds of garment, stock, and the trade prices with their quantity steps and dates.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from stdnum import ean

from local.data import tables
from local.data.prices import PRICE_COLUMNS, in_list, net_of, reduced

COLUMNS = (
    "product_ref", "sku", "name_en", "name_fr", "name_nl", "name_it", "description_en", "brand", "category",
    "option_size", "option_color", "attr_material", "attr_pattern", "attr_climate", "attr_style", "gtin",
    "vat_class", "weight_grams", "stock_policy",
)  # fmt: skip
STOCK_COLUMNS = ("warehouse", "sku", "quantity")
_STANDARD_RATE = Decimal("21")
_TRADE_FROM, _TRADE_SPRING_END, _TRADE_NEXT = "2026-07-01", "2026-07-01", "2027-01-01"

# Kind of garment -> weight in grams, French, Dutch, Italian.
_KINDS = {
    "Hoodies & Sweatshirts": (520, "sweat à capuche", "hoodie", "felpa con cappuccio"),
    "Jackets": (640, "veste", "jas", "giacca"),
    "Tees": (170, "t-shirt", "T-shirt", "maglietta"),
    "Tanks": (130, "débardeur", "tanktop", "canotta"),
    "Bras & Tanks": (110, "brassière", "sporttop", "top sportivo"),
    "Pants": (380, "pantalon", "broek", "pantaloni"),
    "Shorts": (220, "short", "korte broek", "pantaloncini"),
}
_SIZES = {"XS": 0.9, "S": 0.95, "M": 1.0, "L": 1.06, "XL": 1.12}


def prepare(source: Path, target: Path) -> None:
    """Write products, prices and stock."""
    rows = tables.read(source)
    variants = {row["sku"]: row for row in rows if row["product_type"] == "simple"}
    pairs = [
        (parent, variants[sku])
        for parent in rows
        if parent["product_type"] == "configurable"
        for sku in re.findall(r"sku=([^,|]+)", parent["configurable_variations"])
    ]
    products = (_product(parent, variant, number) for number, (parent, variant) in enumerate(pairs))
    tables.write(target / "products.csv.gz", COLUMNS, products)
    prices = (price for parent, variant in pairs for price in _prices(parent, variant))
    tables.write(target / "prices.csv.gz", PRICE_COLUMNS, prices)
    tables.write(
        target / "stock.csv.gz", STOCK_COLUMNS, (level for _, variant in pairs for level in _stock(variant))
    )


def _product(parent: tables.Row, variant: tables.Row, number: int) -> tables.Row:
    facts, options = _attributes(parent), _attributes(variant)
    category = _category(parent["categories"])
    weight, french, dutch, italian = _KINDS[category.rpartition("/")[2]]
    payload = f"20{1000000000 + number:010}"
    name = parent["name"].strip()
    return {
        "product_ref": parent["sku"],
        "sku": variant["sku"],
        "name_en": name,
        "name_fr": f"{name}, {french}",
        "name_nl": f"{name}, {dutch}",
        "name_it": f"{name}, {italian}",
        "description_en": _plain(parent["description"]),
        "brand": "Luma",
        "category": category,
        "option_size": options["size"],
        "option_color": options["color"],
        "attr_material": _listed(facts.get("material", "")),
        "attr_pattern": _listed(facts.get("pattern", "")),
        "attr_climate": _listed(facts.get("climate", "")),
        "attr_style": _listed(facts.get("style_general", "") or facts.get("style_bottom", "")),
        "gtin": payload + str(ean.calc_check_digit(payload)),
        "vat_class": "STANDARD",
        "weight_grams": str(round(weight * _SIZES.get(options["size"], 1.0))),
        "stock_policy": "BACKORDER" if int(parent["sku"][-2:]) % 10 == 0 else "STOCKED",
    }


def _attributes(row: tables.Row) -> dict[str, str]:
    """The name=value pairs that the source keeps in one cell."""
    pairs = (pair.partition("=") for pair in row["additional_attributes"].split(","))
    return {name: value for name, _, value in pairs}


def _category(cell: str) -> str:
    """The place of the product in the tree; collections and promotions are no place."""
    paths = [path.split("/")[1:] for path in cell.split(",")]
    place = next(path for path in paths if path and path[0] in {"Men", "Women"} and path[-1] in _KINDS)
    return "/".join(["Clothing", *place])


def _listed(cell: str) -> str:
    return cell.replace("|", ", ")


def _plain(markup: str) -> str:
    """The text of a description: one line per paragraph and bullet."""
    broken = re.sub(r"<br\s*/?>|</p>|</li>", "\n", markup)
    text = html.unescape(re.sub(r"<[^>]+>", "", broken)).replace("\xa0", " ")
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def _prices(parent: tables.Row, variant: tables.Row) -> Iterator[tables.Row]:
    sku, gross = variant["sku"], Decimal(variant["price"] or parent["price"]).quantize(Decimal("0.01"))
    net = net_of(gross, _STANDARD_RATE)
    yield in_list("GROSS-EUR", sku, gross)
    yield in_list("NET-EUR", sku, net)
    yield in_list("NET-EUR", sku, reduced(net, 4), min_quantity=20)
    # The trade list has tees and tanks only: for all else the customer's next list decides.
    if _category(parent["categories"]).endswith(("Tees", "Tanks")):
        yield from _trade_prices(sku, net)


def _trade_prices(sku: str, net: Decimal) -> Iterator[tables.Row]:
    """Three periods without a gap, so that a price of last spring and of next year can be asked for."""
    for percent, since, until in (
        (5, "2026-01-01", _TRADE_SPRING_END),
        (10, _TRADE_FROM, _TRADE_NEXT),
        (8, _TRADE_NEXT, ""),
    ):
        for min_quantity, more in ((1, 0), (10, 5), (50, 12)):
            amount = reduced(net, percent + more)
            yield in_list(
                "TRADE-EUR", sku, amount, min_quantity=min_quantity, valid_from=since, valid_to=until
            )


def _stock(variant: tables.Row) -> Iterator[tables.Row]:
    sku = variant["sku"]
    dice = tables.dice("stock", sku)
    brussels = 0 if dice.random() < 0.04 else dice.randrange(20, 400)
    yield {"warehouse": "BRU", "sku": sku, "quantity": str(brussels)}
    if dice.random() < 0.4:
        yield {"warehouse": "MIL", "sku": sku, "quantity": str(dice.randrange(5, 120))}
