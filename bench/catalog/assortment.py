"""An assortment of any size from real words: titles and authors of the demo's books, crossed with each other, and
articles of a home and care shop in two languages with sizes and colours."""

from __future__ import annotations

import csv
import gzip
import io
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from catalog.products.identifiers import gs1_check_digit

BOOKS = Path(__file__).parents[2] / "local/src/local/data/books/products.csv.gz"
CLASSICS = (
    ("L'Étranger", "Albert Camus"), ("Le Petit Prince", "Antoine de Saint-Exupéry"), ("La Peste", "Albert Camus"),
    ("Het diner", "Herman Koch"), ("De ontdekking van de hemel", "Harry Mulisch"),
    ("Il nome della rosa", "Umberto Eco"), ("Se questo è un uomo", "Primo Levi"),
)  # fmt: skip
KNOWN_ISBN = "9789021408354"
ARTICLES = (
    ("Chaise roulante", "Rolstoel"), ("Chaise percée", "Toiletstoel"), ("Déambulateur", "Rollator"),
    ("Pull à capuche", "Trui met kap"), ("Chemise de nuit", "Nachthemd"), ("Pantoufles", "Pantoffels"),
    ("Couverture chauffante", "Warmtedeken"), ("Lampe de lecture", "Leeslamp"), ("Fauteuil releveur", "Sta-op stoel"),
)  # fmt: skip
QUALITIES = ("Confort", "Léger", "Pliable", "Classique", "Été", "Hiver", "Plus", "Maison")
BRANDS = tuple(f"Merk {number}" for number in range(200))
SIZES = ("S", "M", "L", "XL")
COLOURS = ("Zwart", "Wit", "Rood", "Blauw", "Groen")
PER_ARTICLE = 4
BOOK_SHARE = 6  # of ten variants
HEADER = (
    "product_ref", "sku", "name_en", "name_fr", "name_nl", "brand", "author", "category", "option_size", "option_color",
    "isbn", "publication_date", "product_form", "vat_class", "weight_grams", "stock_policy",
)  # fmt: skip


@cache
def _real() -> tuple[list[str], list[str]]:
    with gzip.open(BOOKS, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [row["name_en"].split(" (")[0] for row in rows], [row["author"].split(", ")[0] for row in rows]


def sku(number: int) -> str:
    return f"SKU-{number:07d}"


def products(variants: int) -> Iterator[str]:
    """CSV lines of the product import, the header first."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(HEADER)
    books = variants * BOOK_SHARE // 10
    for number in range(variants):
        writer.writerow(_book(number) if number < books else _article(number))
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _book(number: int) -> list[str]:
    titles, authors = _real()
    chance = random.Random(number)
    if number < len(titles):
        title, author = titles[number], authors[number]
    elif number % 1000 < len(CLASSICS):
        title, author = CLASSICS[number % 1000]
    else:
        first, second = chance.choice(titles).split(), chance.choice(titles).split()
        title = " ".join(first[: len(first) // 2 + 1] + second[len(second) // 2 :])
        author = chance.choice(authors)
    body = f"978{number:09d}"
    isbn = KNOWN_ISBN if number == 4711 else body + gs1_check_digit(body)
    published = f"{1960 + number % 66}-{1 + number % 12:02d}"
    return [f"B{number}", sku(number), title, "", "", "", author, f"Books/Shelf {number % 200}", "", "", isbn,
            published, "BC", "BOOK", "350", "UNMANAGED"]  # fmt: skip


def _article(number: int) -> list[str]:
    article = number // PER_ARTICLE
    chance = random.Random(article)
    french, dutch = chance.choice(ARTICLES)
    quality = chance.choice(QUALITIES)
    return [f"A{article}", sku(number), f"{dutch} {quality} {article % 997}", f"{french} {quality} {article % 997}",
            f"{dutch} {quality} {article % 997}", chance.choice(BRANDS), "", f"Home/Area {article % 120}",
            SIZES[number % 4], COLOURS[article % 5], "", "", "", "STANDARD", "250", "STOCKED"]  # fmt: skip


def prices(variants: int) -> Iterator[str]:
    yield "price_list,sku,min_quantity,amount,currency,valid_from,valid_to\n"
    for number in range(variants):
        yield f"NET,{sku(number)},1,{5 + number % 90}.95,EUR,2026-01-01,\n"


def stock(variants: int) -> Iterator[str]:
    yield "warehouse,sku,quantity\n"
    for number in range(variants):
        yield f"MAIN,{sku(number)},{number % 7 * 100_000}\n"
