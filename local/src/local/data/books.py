"""Books: 3 000 records of goodbooks-10k in the columns of the product import, their identifiers as they came.

Nothing is repaired here. ISBN-10 without leading zeros and ISBN-13 in scientific notation go into the file,
because repairing what is certain and refusing the rest with a reason is what the import is to show.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from local.data import tables
from local.data.prices import PRICE_COLUMNS, in_list, net_of

COLUMNS = (
    "product_ref", "sku", "name_en", "name_fr", "category", "attr_language", "isbn", "isbn10", "author",
    "publication_date", "product_form", "vat_class", "weight_grams", "picture_url", "stock_policy",
)  # fmt: skip
_LANGUAGES = {
    "eng": "English", "en-US": "English", "en-GB": "English", "en-CA": "English", "en": "English",
    "fre": "French", "spa": "Spanish", "ger": "German", "nl": "Dutch", "ita": "Italian", "ara": "Arabic",
    "por": "Portuguese", "nor": "Norwegian",
}  # fmt: skip
_PUBLISHED_PRICES = ("7.90", "8.50", "9.95", "11.50", "12.99", "14.90", "17.50", "19.95", "22.00", "24.90")
_REDUCED_RATE = Decimal("6")


def prepare(source: Path, target: Path) -> None:
    """Write the products and their prices."""
    chosen = [row for row in tables.read(source) if _is_chosen(int(row["book_id"]))]
    tables.write(target / "products.csv.gz", COLUMNS, (_product(row) for row in chosen))
    tables.write(target / "prices.csv.gz", PRICE_COLUMNS, (price for row in chosen for price in _prices(row)))


def _is_chosen(number: int) -> bool:
    """The 2 500 most read books, which people know, and every 15th of the others, which are dirtier."""
    return number <= 2500 or number % 15 == 0


def _sku(row: tables.Row) -> str:
    return f"BK-{int(row['book_id']):05}"


def _product(row: tables.Row) -> tables.Row:
    language = _LANGUAGES.get(row["language_code"], "")
    paperback = tables.dice("form", row["book_id"]).random() < 0.7
    return {
        "product_ref": f"GR-{row['goodreads_book_id']}",
        "sku": _sku(row),
        "name_en": row["title"],
        "name_fr": row["title"] if language == "French" else "",
        "category": f"Books/{language}" if language else "Books",
        "attr_language": language,
        "isbn": row["isbn13"],
        "isbn10": row["isbn"],
        "author": row["authors"],
        "publication_date": row["original_publication_year"].removesuffix(".0"),
        "product_form": "BC" if paperback else "BB",
        "vat_class": "BOOK",
        "weight_grams": str(tables.dice("weight", row["book_id"]).randrange(180, 900, 5)),
        "picture_url": "" if "nophoto" in row["image_url"] else row["image_url"],
        "stock_policy": "UNMANAGED",
    }


def _prices(row: tables.Row) -> Iterator[tables.Row]:
    published = Decimal(tables.dice("price", row["book_id"]).choice(_PUBLISHED_PRICES))
    yield in_list("GROSS-EUR", _sku(row), published)
    yield in_list("NET-EUR", _sku(row), net_of(published, _REDUCED_RATE))
