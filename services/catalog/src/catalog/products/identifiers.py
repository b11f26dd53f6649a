"""GTIN and ISBN: check digits by ISO 2108 and the GS1 General Specifications, section 7.9.1."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from catalog.search.folding import code

_PUNCTUATION = re.compile(r"[\s\u00ad\u2010-\u2015\u2212\-]+")
_GTIN = re.compile(r"\d{8}|\d{12,14}", re.ASCII)
_ISBN10 = re.compile(r"\d{9}[\dX]", re.ASCII)
_DECIMAL = re.compile(r"(\d+)[.,]0+", re.ASCII)
_SHORT = re.compile(r"\d{6,8}[\dX]", re.ASCII)


def bare(written: str) -> str:
    """Without the hyphens and spaces that people and publishers put in; they carry no meaning."""
    return _PUNCTUATION.sub("", written).upper()


def gs1_check_digit(body: str) -> str:
    """For the digits before it: weights 3, 1, 3 ... from the right."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return str(-total % 10)


@lru_cache(maxsize=4096)  # the codes of one record are looked at several times
def valid_gtin(digits: str) -> bool:
    """GTIN-8, -12, -13 or -14 with the right check digit."""
    return _GTIN.fullmatch(digits) is not None and gs1_check_digit(digits[:-1]) == digits[-1]


def valid_isbn13(digits: str) -> bool:
    return len(digits) == 13 and digits.startswith(("978", "979")) and valid_gtin(digits)


def valid_isbn10(text: str) -> bool:
    """Ten characters, the last may be X: the sum with weights 10 to 1 is a multiple of 11."""
    if _ISBN10.fullmatch(text) is None:
        return False
    values = [10 if character == "X" else int(character) for character in text]
    return sum(value * weight for value, weight in zip(values, range(10, 0, -1), strict=True)) % 11 == 0


def isbn13_of(isbn10: str) -> str:
    body = "978" + isbn10[:9]
    return body + gs1_check_digit(body)


def normal_isbn(written: str) -> str | None:
    """The ISBN-13 of a valid ISBN of either length, with or without hyphens; None for anything else."""
    text = bare(written)
    if valid_isbn13(text):
        return text
    return isbn13_of(text) if valid_isbn10(text) else None


def isbn_of_gtin(gtin: str) -> str:
    """The ISBN-13 that a GTIN is, of 13 or 14 digits; empty when it is none."""
    found = gtin.zfill(13)[-13:]
    return found if valid_isbn13(found) else ""


def normal_gtin(written: str) -> str | None:
    text = bare(written)
    return text if valid_gtin(text) else None


def repaired_isbn(written: str) -> tuple[str | None, str]:
    """(ISBN-13 or None, the repair that was needed or ""): what spreadsheets do to numbers is undone where the check
    digit proves it."""
    text = bare(written)
    whole = _DECIMAL.fullmatch(text)
    repair = ""
    if whole:
        text, repair = whole[1], "DECIMAL_POINT"
    if normal_isbn(text) is not None:
        return normal_isbn(text), repair
    if _SHORT.fullmatch(text) and valid_isbn10(text.zfill(10)):
        return isbn13_of(text.zfill(10)), "LEADING_ZEROS"
    return None, ""


def repaired_gtin(written: str) -> tuple[str | None, str]:
    """As `repaired_isbn`, for a GTIN of any length."""
    text = bare(written)
    whole = _DECIMAL.fullmatch(text)
    repair = ""
    if whole:
        text, repair = whole[1], "DECIMAL_POINT"
    if valid_gtin(text):
        return text, repair
    if text.isascii() and text.isdigit() and len(text) in (9, 10, 11):
        padded = text.zfill(13)
        return (padded, "LEADING_ZEROS") if valid_gtin(padded) else (None, "")
    return None, ""


def spellings(gtin: str) -> Iterator[str]:
    """All lengths of one GTIN: shorter ones are the longer ones without leading zeros."""
    body = gtin.lstrip("0")
    yield from (body.zfill(length) for length in (8, 12, 13, 14) if len(body) <= length)


def lookup_codes(query: str) -> tuple[str, list[str], str | None]:
    """What a query could name exactly: SKU code, GTIN spellings, ISBN-13."""
    text = bare(query)
    gtins = list(spellings(text)) if valid_gtin(text) else []
    return code(query), gtins, normal_isbn(query)
