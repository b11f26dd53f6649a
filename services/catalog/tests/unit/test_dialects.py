"""Encodings and separators of CSV are told with certainty or refused; columns by their headings in four languages."""

from __future__ import annotations

import pytest

from catalog.imports import cells
from catalog.imports.columns import PRICES, PRODUCTS, STOCK, Columns
from catalog.imports.domain import MAX_RECORD, Finding, Record, Unreadable
from catalog.imports.encodings import UNKNOWN, Detector
from catalog.imports.reader import CsvReader

FRENCH = "sku;nom\nÉ1;Théière à l’ancienne – café\n"


def detected(content: bytes, piece: int = 3) -> str:
    detector = Detector()
    for start in range(0, len(content), piece):
        detector.add(content[start : start + piece])
    detector.add(b"", last=True)
    return detector.encoding


def read(content: bytes, columns: Columns = PRODUCTS, encoding: str = "") -> tuple[list[Record], CsvReader]:
    reader = CsvReader(encoding or detected(content), columns)
    found = [*reader.feed(content), *reader.feed(b"", last=True)]
    reader.finish()
    return found, reader


@pytest.mark.spec("C-04")
@pytest.mark.parametrize(
    ("encoding", "answer"),
    [
        ("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"), ("utf-32", "utf-32"), ("cp1252", "cp1252"), ("mac-roman", UNKNOWN),
    ],
)  # fmt: skip
def test_encodings_are_told(encoding: str, answer: str) -> None:
    for piece in (1, 2, 3, 1000):
        assert detected(FRENCH.encode(encoding), piece) == answer
    if answer:
        (record,), _ = read(FRENCH.encode(encoding))
        assert record.values == {"sku": "É1", "name_fr": "Théière à l’ancienne – café"}
    else:
        with pytest.raises(Unreadable, match="neither UTF-8"):
            read(FRENCH.encode(encoding), encoding=UNKNOWN)


@pytest.mark.spec("C-04")
@pytest.mark.parametrize("text", ["café", "thé glacé à la menthe", "Crème brûlée", "garçon", "Noël"])
def test_old_code_pages_are_not_taken_for_windows(text: str) -> None:
    assert detected(text.encode("cp1252")) == "cp1252"
    assert detected(text.encode("cp850")) == UNKNOWN
    assert detected(text.encode("mac-roman")) in (UNKNOWN, "cp1252" if text == "Noël" else UNKNOWN)


@pytest.mark.spec("C-04")
def test_one_spoilt_record_does_not_change_the_encoding() -> None:
    content = "sku,name_fr\nA,Théière\n".encode() + b"B,Th\xe9i\n" + "C,Café \ufffd\n".encode()
    assert detected(content) == "utf-8"
    good, bad, replaced = read(content)[0]
    assert (good.values["name_fr"], replaced.values["name_fr"]) == ("Théière", "Café \ufffd")
    assert bad.broken == Finding("name_fr", "Th\ufffdi", "UNSTORABLE_CHARACTER")
    assert detected(b"") == detected(b"plain") == "utf-8"
    assert detected("é".encode()[:1]) == "cp1252"


@pytest.mark.spec("C-04")
@pytest.mark.parametrize(
    ("columns", "header", "names"),
    [
        (PRODUCTS, "Référence;Désignation;Marque;Catégorie;Code-barres;Auteurs;Date de parution;Attribut_Matière",
         ["sku", "name_fr", "brand", "category", "gtin", "author", "publication_date", "attr_matière"]),
        (PRODUCTS, "Artikelnummer,Naam,Titel FR,Omschrijving,Merk,Categorie,Gewicht (g),Optie_Maat,Kenmerken,Stopgezet",
         ["sku", "name_nl", "name_fr", "description_nl", "brand", "category", "weight_grams", "option_maat",
          "characteristics", "discontinued"]),
        (PRODUCTS, "Codice articolo\tNome\tDescrizione\tMarca\tCategoria\tAutore\tLingua\tOpzione_taglia",
         ["sku", "name_it", "description_it", "brand", "category", "author", "text_language", "option_taglia"]),
        (PRODUCTS, "item number;title;description_en;publisher;authors;ISBN-13;picture",
         ["sku", "name_en", "description_en", "brand", "author", "isbn13", "picture_url"]),
        (PRICES, "Liste de prix;Référence;Quantité minimale;Prix;Devise;Valable du;Valable jusqu'au",
         ["price_list", "sku", "min_quantity", "amount", "currency", "valid_from", "last_day"]),
        (PRICES, "Prijslijst;Artikelnummer;Vanaf aantal;Prijs;Munt;Geldig vanaf;Geldig tot;Geldig t/m",
         ["price_list", "sku", "min_quantity", "amount", "currency", "valid_from", "valid_to", "last_day"]),
        (PRICES, "Listino;Codice articolo;Prezzo;Valuta;Valido dal;Valido fino al",
         ["price_list", "sku", "amount", "currency", "valid_from", "last_day"]),
        (STOCK, "Entrepôt;Référence;Quantité", ["warehouse", "sku", "quantity"]),
        (STOCK, "Magazijn;Artikelcode;Aantal", ["warehouse", "sku", "quantity"]),
        (STOCK, "Magazzino;SKU;Giacenza", ["warehouse", "sku", "quantity"]),
    ],
)  # fmt: skip
def test_headings_in_four_languages(columns: Columns, header: str, names: list[str]) -> None:
    _, reader = read(f"{header}\n".encode(), columns)
    assert reader.header == names
    assert reader.findings == []


@pytest.mark.spec("C-04")
def test_headings_that_say_too_little() -> None:
    _, reader = read(b"sku;description;Nom;name_fr;couleur\n")
    assert [(finding.value, finding.rule) for finding in reader.findings] == [
        ("description", "UNKNOWN_COLUMN"), ("name_fr", "REPEATED_COLUMN"), ("couleur", "UNKNOWN_COLUMN"),
    ]  # fmt: skip
    with pytest.raises(Unreadable, match="lacks the columns amount, price_list"):
        read(b"sku;name\n", PRICES)


@pytest.mark.spec("C-04")
def test_separators_by_the_columns_they_make() -> None:
    assert read(b"sku;name_fr;a, b, c, d\nA;x;1,2,3\n")[0][0].values == {"sku": "A", "name_fr": "x"}
    assert read(b"sep=\t\nsku\tname_en;brand\nA\tx;y\n")[0][0].values == {"sku": "A"}
    assert read(b"sku\nA;C\n")[0][0].values == {"sku": "A;C"}
    with pytest.raises(Unreadable, match="separator cannot be told"):
        read(b"sku,name_en;brand\n")


@pytest.mark.spec("C-04", "C-05")
def test_cells_with_several_values_and_cells_that_look_like_formulas() -> None:
    values = ["a|b", "c\\", "\\|", "d = e", "=x", "|", "a=b"]
    assert cells.split(cells.joined(values)) == values
    found = [["a=b|c", "d\\"], ["Size", "S = M"], ["x", "=1+1"], ["Size", "L"]]
    assert cells.pairs(cells.joined_pairs(found)) == found
    assert cells.split(" a | |b ") == ["a", "b"]
    assert cells.pairs("a=1| b = 2 |") == [["a", "1"], ["b", "2"]]
    assert cells.pairs("a=1|b") is None
    for value in ("=1", "+1", "-1", "@a", "'=1", "''=1", "\t=", "'x", "'", "", "a=1", "'-"):
        neutral = cells.neutral(value)
        assert not neutral.startswith(("=", "+", "-", "@", "\t", "\r"))
        assert cells.restored(neutral) == value


@pytest.mark.spec("C-05")
def test_lines_within_a_cell_stay_as_they_are() -> None:
    content = b'sku,name_en,name_fr\r\nA,"x\r\ny\nz","b"\r\n\r\nB,c,d\r\n'
    records, _ = read(content)
    assert [record.values for record in records] == [
        {"sku": "A", "name_en": "x\r\ny\nz", "name_fr": "b"}, {"sku": "B", "name_en": "c", "name_fr": "d"},
    ]  # fmt: skip
    assert [record.number for record in records] == [2, 6]


LONG = MAX_RECORD + 1


@pytest.mark.spec("C-04")
@pytest.mark.parametrize(
    ("line", "number", "broken"),
    [
        ("A," + "x" * 5 * LONG, 3, [3]),
        ("A," + "x" * (LONG - 2), 3, [3]),
        ("A," + "x," * LONG, 3, [3]),
        (" " * 5 * LONG + "A,x", 3, [3]),
        ('A,"' + "x" * 5 * LONG, 3, [3]),
        ('A,"\n' + '"' * 5 * LONG, 4, [3, 4]),
        ('A,"\nB\n' + "x" * 5 * LONG + '"', 5, [3, 4, 5]),
    ],
    ids=["one cell", "by one", "cells", "blank at first", "quote", "within quotes", "quotes"],
)
@pytest.mark.parametrize("piece", [100_000, 1024**2, 100 * 1024**2])
def test_a_line_too_long_is_refused_alone_and_not_kept(
    line: str, number: int, broken: list[int], piece: int
) -> None:
    content = f"sku,name_en\nFIRST,Chair\n{line}\nNEXT,Table\n".encode()
    reader = CsvReader("utf-8", PRODUCTS)
    records: list[Record] = []
    for start in range(0, len(content), piece):
        records += reader.feed(content[start : start + piece])
        assert len(reader._rest) <= LONG
    records += reader.feed(b"", last=True)
    assert [record.number for record in records if record.broken] == broken
    refused = next(record.broken for record in records if record.number == number)
    assert refused is not None
    assert refused.rule.startswith("TOO_LONG")
    assert [record.values["sku"] for record in records if not record.broken] == ["FIRST", "NEXT"]


@pytest.mark.spec("C-04")
@pytest.mark.parametrize("end", ["", "\nA,Chair\n"])
def test_a_header_too_long_ends_the_file(end: str) -> None:
    with pytest.raises(Unreadable, match="line 1 is longer"):
        read(("sku," + "x" * LONG + end).encode(), encoding="utf-8")
