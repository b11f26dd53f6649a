"""Quantities as people and spreadsheets write them: `3`, `3,0`, `x3`, `3 ex.`, `1 000`, `1.000,00`.

A single separator before three digits, as in `1.000` or `1,500`, is not decided: one half of Europe writes a thousand
like that and the other half one. Nothing but whole pieces is a quantity.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from orders.domain.model import MAX_QUANTITY

_LONGEST = 40
_UNITS = r"x|×|\*|ex|exemplaires?|exemplaren|st|stk|stuks?|pcs?|pz|pezz[io]|pi[eè]ces?|copies?|copie|units?"
_SHAPE = re.compile(rf"(?:[x×*]\s*)?([+-]?\d(?:[\d.,'’ ]*\d)?)\s*(?:(?:{_UNITS})\.?)?", re.IGNORECASE)
_PLAIN = re.compile(r"\+?\d+")
_APART = re.compile(r"\+?\d{1,3}(?:[ '’]\d{3})+(?:[.,]0+)?")
_BOTH = re.compile(r"\+?(\d{1,3}(?:\.\d{3})+),(\d+)|\+?(\d{1,3}(?:,\d{3})+)\.(\d+)")
_GROUPS = re.compile(r"\+?\d{1,3}(?:(?:\.\d{3}){2,}|(?:,\d{3}){2,})")
_ONE = re.compile(r"\+?(\d+)[.,](\d+)")
_WHOLE = "a quantity is a whole number"


class Quantity(NamedTuple):
    """`problem` is empty when there is a value."""

    value: int | None
    problem: str = ""


def is_number(text: str) -> bool:
    """Whether it could be meant as a quantity, right or wrong."""
    return len(text) <= _LONGEST and _SHAPE.fullmatch(_normal(text)) is not None


def quantity_of(text: str) -> Quantity:
    """1 to 100 000."""
    found = _SHAPE.fullmatch(_normal(text)) if len(text) <= _LONGEST else None
    if found is None:
        return Quantity(None, "the quantity is not a number")
    number = found[1]
    if number.startswith("-"):
        return Quantity(None, f"a quantity is 1 to {MAX_QUANTITY}")
    value, problem = _value(number)
    if value is not None and not 1 <= value <= MAX_QUANTITY:
        return Quantity(None, f"a quantity is 1 to {MAX_QUANTITY}")
    return Quantity(value, problem)


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def _value(number: str) -> Quantity:
    if _PLAIN.fullmatch(number) or _GROUPS.fullmatch(number):
        return Quantity(_digits(number))
    if _APART.fullmatch(number):
        return Quantity(_digits(re.sub(r"[.,]0+$", "", number)))
    whole, rest = number, ""
    if both := _BOTH.fullmatch(number):
        whole, rest = both[1] or both[3], both[2] or both[4]
    elif one := _ONE.fullmatch(number):
        whole, rest = one[1], one[2]
        if len(rest) == 3 and len(whole) <= 3 and not whole.startswith("0"):
            return Quantity(None, f"{number} may be {whole} or {whole}{rest}: write it without separator")
    if not rest:
        return Quantity(None, "the quantity is not a number")
    return Quantity(None, _WHOLE) if rest.strip("0") else Quantity(_digits(whole))


def _digits(text: str) -> int:
    return int(re.sub(r"\D", "", text))
