"""What people paste becomes codes and quantities, row by row."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.errors import InvalidFields
from orders.entry import encodings, table, text
from orders.entry.given import Sheet

# L'Étranger, Le Petit Prince, and an ISBN-10 whose check digit is X.
STRANGER, PRINCE, X = "9782070360024", "9782070612758", "080442957X"


def sheet(content: str | bytes) -> Sheet:
    raw = content if isinstance(content, bytes) else content.encode()
    return table.sheet_of(text.records(encodings.text_of(raw)))


def rows(content: str | bytes) -> list[tuple[str, str | None]]:
    """Of rows that have one reading."""
    found = sheet(content).rows
    assert all(len(row.readings) == 1 for row in found), found
    return [(row.readings[0].code, row.readings[0].quantity) for row in found]


@pytest.mark.spec("O-04")
@pytest.mark.parametrize(
    "content",
    [
        f"{STRANGER}\t3\n{X}\t12",
        f"{STRANGER};3\r\n{X};12\r\n",
        f"{STRANGER},3\r{X},12\r",
        f"{STRANGER} 3\n\n  {X}   12  \n",
        f"{STRANGER} x 3\n{X} x12",
        f"{STRANGER} × 3\n{X}×12",
        f"3 x {STRANGER}\n12x {X}",
        f"3 × {STRANGER}\n12*{X}",
        f"3;{STRANGER}\n12;{X}",
        f"3 {STRANGER}\n12 {X}",
        f'"{STRANGER}";"3"\n"{X}";"12"',
        f'="{STRANGER}";3\n="{X}";12',
        f"ISBN {STRANGER};3\nISBN-10: {X};12",
        f"ISBN: {STRANGER} x 3\nisbn {X} 12",
        f"sep=;\n{STRANGER};3\n{X};12",
        f"\ufeff{STRANGER};3\n{X};12",
        f"ISBN;Quantité\n{STRANGER};3\n{X};12",
        f"Aantal\tArtikelnummer\n3\t{STRANGER}\n12\t{X}",
        f"quantità,codice articolo\n3,{STRANGER}\n12,{X}",
        f"Titel;Aantal;EAN\nDe vreemdeling;3;{STRANGER}\nFirst;12;{X}",
        f"QTY ISBN\n3 {STRANGER}\n12 {X}",
        f"{STRANGER};3;\n{X};12;;",
    ],
)
def test_the_same_two_rows_in_many_spellings(content: str) -> None:
    assert rows(content) == [(STRANGER, "3"), (X, "12")]


@pytest.mark.spec("O-04")
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("AB-1 3,0\nAB-2 1,0", [("AB-1", "3,0"), ("AB-2", "1,0")]),
        ("AB-1 x 3,0", [("AB-1", "3,0")]),
        ("AB-1;1 000", [("AB-1", "1 000")]),
        ("978-2-07-036002-4 3", [("978-2-07-036002-4", "3")]),
        ("978 2 07 036002 4 3", [("978 2 07 036002 4", "3")]),
        ("3 978 2 07 036002 4", [("978 2 07 036002 4", "3")]),
        ("978 2 07 036002 4", [("978 2 07 036002 4", None)]),
        ("978 2 07 036002 4,3", [("978 2 07 036002 4", "3")]),
        ("A 7/5;2", [("A 7/5", "2")]),
        (STRANGER, [(STRANGER, None)]),
        (f"ISBN\n{STRANGER}", [(STRANGER, None)]),
        ("AB-1;three", [("AB-1", "three")]),
        ("ISBN;Quantity\nAB-1;", [("AB-1", None)]),
        ("A;2\nB;\nC;1", [("A", "2"), ("B", None), ("C", "1")]),
        (f"12;3\n{STRANGER};4", [("12", "3"), (STRANGER, "4")]),  # the other rows say which column is which
        ('19" rack;1\n20" rack;2', [('19" rack', "1"), ('20" rack', "2")]),
        ('A;1;"two\nlines"\nB;2;x', [("A", "1"), ("B", "2")]),
        ('A;1;"never closed\nB;2;x', [("A", "1"), ("B", "2")]),
        ("A;1\nA;1\nA;2", [("A", "1"), ("A", "1"), ("A", "2")]),
        ("réf;qté\nA;1", [("A", "1")]),
    ],
)
def test_one_row_after_another(content: str, expected: list[tuple[str, str | None]]) -> None:
    assert rows(content) == expected


@pytest.mark.spec("O-04")
@pytest.mark.parametrize("content", ["12;345", "12 345", "12 x 345", "12\t345", "12,345 x 7"])
def test_what_may_be_either_way_has_two_readings(content: str) -> None:
    (row,) = sheet(content).rows
    assert len(row.readings) == 2
    assert row.readings[0] == (row.readings[1].quantity, row.readings[1].code)


@pytest.mark.spec("O-04")
def test_columns_by_their_heading() -> None:
    content = (
        "Référence article;Titre;Qté;Référence;Centre de coût;Remarque;Date de livraison;Budget\n"
        "AB-1;Un livre;2;R-1;CC;urgent;1/12/2026;B26\n"
        "AB-2;Autre;1;;;;;\n"
        "AB-3;Trop;1;;;;;;plus"
    )
    found = sheet(content)
    assert found.unread == ("Titre",)
    assert dict(found.rows[0].texts) == {
        "line_reference": "R-1",
        "cost_centre": "CC",
        "note": "urgent",
        "requested_delivery_date": "1/12/2026",
        "budget_code": "B26",
    }
    assert [(row.number, dict(row.texts), row.unread) for row in found.rows[1:]] == [
        (3, {}, ()),
        (4, {}, ("plus",)),
    ]


@pytest.mark.spec("O-04")
def test_without_a_header_a_reference_a_date_and_nothing_more() -> None:
    (row,) = sheet(f"{STRANGER};3;R-1;2026-12-01;12,50").rows
    assert dict(row.texts) == {"line_reference": "R-1", "requested_delivery_date": "2026-12-01"}
    assert row.unread == ("12,50",)


@pytest.mark.spec("O-04")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-32"])
def test_encodings(encoding: str) -> None:
    found = sheet("ISBN;Quantité;Remarque\nAB-1;3;déjà là €".encode(encoding))
    assert dict(found.rows[0].texts) == {"note": "déjà là €"}


@pytest.mark.spec("O-04")
@pytest.mark.parametrize("content", [b"A;1;\x81\x8d", b"\xff\xfeA", b"\x00\x00\xfe\xff\x01"])
def test_what_cannot_be_read_as_a_whole_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidFields) as caught:
        sheet(content)
    assert [(each.field, each.reason) for each in caught.value.violations] == [("content", "ENCODING")]


@pytest.mark.spec("O-04")
def test_2000_rows_beside_the_header_and_no_more() -> None:
    content = "ISBN;Qty\n" + "A;1\n" * 2000
    assert len(sheet(content).rows) == 2000
    for more in (content + "A;1", "A;1\n" * 2001):
        with pytest.raises(InvalidFields) as caught:
            sheet(more)
        assert [each.reason for each in caught.value.violations] == ["TOO_MANY"]


@pytest.mark.spec("O-04")
@pytest.mark.parametrize("piece", ['"\n', '"a\n', 'a"\n', ";;\n", "a\n\n\n\n\n\n\n\n\n\n"])
def test_rows_have_an_end(piece: str) -> None:
    with pytest.raises(InvalidFields) as caught:
        sheet(piece * 100_000)
    assert [(each.field, each.reason) for each in caught.value.violations] == [("content", "TOO_MANY")]


@pytest.mark.spec("O-04")
@pytest.mark.parametrize("piece", ["a b ", "1 ", "x ", "1,", "\t", '"', "1 x ", "' ", "\u00a0"])
def test_long_rows_take_no_time(piece: str) -> None:
    assert len(sheet("A;1\n" + piece * (500_000 // len(piece)) + "z").rows) == 2


_ALPHABET = st.sampled_from(
    [*"abX19 0x×*,;\t\n\r\".-='é€\ufeff\x00", STRANGER, "ISBN", "Qté", "sep=", "1 000"]
)


@pytest.mark.spec("O-04")
@settings(max_examples=600, deadline=None)
@given(st.lists(_ALPHABET, max_size=60).map("".join) | st.text(max_size=200))
def test_whatever_is_pasted_every_row_that_is_not_empty_is_answered(content: str) -> None:
    found = list(text.records(content))
    read = table.sheet_of(found)
    numbers = [record.number for record in found]
    assert numbers == sorted(set(numbers))
    assert [row.number for row in read.rows] in (numbers, numbers[1:])
    assert all(1 <= len(row.readings) <= 2 for row in read.rows)


@pytest.mark.spec("O-04")
@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    with suppress(InvalidFields):
        sheet(content)


@pytest.mark.spec("O-04")
@pytest.mark.parametrize("cell", ["\t", " ", ",", "1,", "a;"])
def test_a_row_of_a_megabyte_is_read_like_any_other(cell: str) -> None:
    """In a time that grows with it, not with its square, which no other request would survive."""
    row = f"{STRANGER} x{cell * (2**20 // len(cell))}" + 'b"'
    assert len(sheet(row).rows) == 1
