"""Check digits, folding and facet keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.products import identifiers
from catalog.products.domain import valid_publication_date
from catalog.search import folding


@pytest.mark.spec("C-01")
@pytest.mark.parametrize(
    "gtin", ["96385074", "614141999996", "4006381333931", "10614141000415", "400-6381 33393‑1"]
)
def test_gtins_of_every_length(gtin: str) -> None:
    assert identifiers.normal_gtin(gtin) == "".join(c for c in gtin if c.isdigit())


@pytest.mark.spec("C-01")
@pytest.mark.parametrize("text", ["", "4006381333932", "123456789", "٤٠٠٦٣٨١٣٣٣٩٣١", "4006381333931X"])
def test_what_is_no_gtin(text: str) -> None:
    assert identifiers.normal_gtin(text) is None


@pytest.mark.spec("C-01")
@pytest.mark.parametrize(
    ("isbn", "normal"),
    [("978-0-439-02348-1", "9780439023481"), ("0-439-02348-3", "9780439023481"), ("080442957x", "9780804429573"),
     ("9790260000438", "9790260000438"), ("4006381333931", None), ("0439023484", None), ("X439023483", None)],
)  # fmt: skip
def test_isbns_of_both_lengths(isbn: str, normal: str | None) -> None:
    assert identifiers.normal_isbn(isbn) == normal


@given(st.text(alphabet="0123456789", min_size=9, max_size=9))
def test_one_check_character_makes_an_isbn10(body: str) -> None:
    valid = [body + last for last in "0123456789X" if identifiers.valid_isbn10(body + last)]
    assert len(valid) == 1
    assert identifiers.valid_isbn13(identifiers.isbn13_of(valid[0]))


@pytest.mark.spec("C-01")
@pytest.mark.parametrize(("text", "valid"), [
    ("2008", True), ("2008-09", True), ("2008-02-29", True), ("1900-02-29", False), ("2000-02-29", True),
    ("2008-13", False), ("2008-00", False), ("-750", False), ("0000", False), ("08", False), ("2008-9-1", False),
])  # fmt: skip
def test_publication_dates(text: str, valid: bool) -> None:
    assert valid_publication_date(text) == valid


@pytest.mark.spec("C-02")
@given(st.text(), st.text())
def test_any_text_makes_a_valid_vector_and_query(name: str, query: str) -> None:
    vector = folding.vector([name], [query])
    for lexeme in vector.split():
        assert lexeme.startswith("'")
        assert lexeme.endswith(("':1A", "':1B"))
        assert "'" not in lexeme[1:-4]
    for word in folding.query_words(query):
        assert word.isalnum() or not word.isascii()
        assert any(word in lexeme for lexeme in folding.vector([query]).split())
