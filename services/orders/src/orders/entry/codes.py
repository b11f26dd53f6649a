"""What a cell looks like: a code, or something that may be a quantity. The check digits are python-stdnum's."""

from __future__ import annotations

import re

from stdnum import ean, isbn

from orders.entry import quantities

_PREFIX = re.compile(r"(?:isbn|ean|gtin)(?:[- ]?1[03])?\s*[:.#]?\s*(.+)", re.IGNORECASE)
_DIGITS = re.compile(r"\d{8,}", re.ASCII)
_CUT = re.compile(r"\d(?:[.,]\d+)?e\+\d+", re.IGNORECASE | re.ASCII)
_LONGEST = 40


def may_be_quantity(cell: str) -> bool:
    """Not what is a bar code by its length or check digit: nobody orders so many."""
    return quantities.is_number(cell) and _DIGITS.fullmatch(cell) is None and not is_standard(cell)


def is_standard(text: str) -> bool:
    """An ISBN of either length, or an EAN of 13 digits, by its check digit; hyphens and spaces do not matter."""
    if len(text) > _LONGEST:
        return False
    return isbn.is_valid(text) or (len(ean.compact(text)) == 13 and ean.is_valid(text))


def without_label(code: str) -> str:
    """`ISBN: 978-2-07-036002-4` without its first word."""
    found = _PREFIX.fullmatch(code) if len(code) <= 2 * _LONGEST else None
    return found[1] if found is not None and is_standard(found[1]) else code


def is_cut(code: str) -> bool:
    """`9,78207E+12`: a spreadsheet has thrown the last digits away."""
    return _CUT.fullmatch(code) is not None
