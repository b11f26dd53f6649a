"""Identifiers as files bring them: put right where that is certain, refused where it is not.

Certain is what a check digit proves: leading zeros that a spreadsheet took away, a decimal point and zero that
it added, hyphens and spaces. Not certain is a number in scientific notation: its last digits are gone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from catalog.imports.domain import Finding, Refused
from catalog.products import identifiers as check

_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?E\+?\d+", re.ASCII)
_FIELDS = ("isbn", "isbn13", "isbn10", "gtin")


@dataclass(slots=True)
class Identifiers:
    isbn: str | None = None
    gtin: str | None = None
    findings: list[Finding] = field(default_factory=list)


def identifiers_of(values: Mapping[str, str]) -> Identifiers:
    """Reads isbn, isbn13, isbn10 and gtin. A broken one is made good by a valid one, with a finding.

    Raises Refused when all that are given are broken, or two of them name different goods.
    """
    found = Identifiers()
    valid: dict[str, str] = {}
    broken: list[Finding] = []
    for name in _FIELDS:
        written = values.get(name)
        if not written:
            continue
        value, repaired = check.repaired_gtin(written) if name == "gtin" else check.repaired_isbn(written)
        if value is None:
            broken.append(Finding(name, written, _rule(name, written)))
            continue
        valid[name] = value
        if repaired:
            found.findings.append(Finding(name, written, repaired, repaired=True))
    isbns = {value for name, value in valid.items() if name != "gtin"}
    gtin = valid.get("gtin")
    if gtin is not None and (other := check.isbn_of_gtin(gtin)):
        isbns.add(other)
    if len(isbns) > 1:
        raise Refused(*(Finding(name, values[name], "IDENTIFIERS_DISAGREE") for name in valid))
    found.isbn, found.gtin = next(iter(isbns), None), gtin
    _settle(found, broken, values)
    return found


def _settle(found: Identifiers, broken: list[Finding], values: Mapping[str, str]) -> None:
    if broken and found.isbn is None and found.gtin is None:
        raise Refused(*broken)
    for finding in broken:
        if finding.rule != "SCIENTIFIC_NOTATION" or found.isbn is None:
            found.findings.append(Finding(finding.field, finding.value, f"{finding.rule}; left out"))
        elif _could_be(finding.value, found.isbn):
            rule = f"{finding.rule}; taken as {found.isbn}"
            found.findings.append(Finding(finding.field, finding.value, rule, repaired=True))
        else:
            raise Refused(
                *(Finding(name, values[name], "IDENTIFIERS_DISAGREE") for name in _FIELDS if name in values)
            )


def _could_be(written: str, isbn: str) -> bool:
    """A number in scientific notation agrees with the ISBN in the digits that are left."""
    mantissa, _, exponent = check.bare(written).replace(",", ".").partition("E")
    digits = mantissa.replace(".", "")[:13]
    rounded = int(digits.ljust(13, "0"))
    return exponent.lstrip("+0") == "12" and abs(rounded - int(isbn)) <= 10 ** (13 - len(digits))


def _rule(name: str, written: str) -> str:
    if _SCIENTIFIC.fullmatch(check.bare(written)):
        return "SCIENTIFIC_NOTATION"
    return "GTIN_CHECK_DIGIT" if name == "gtin" else "ISBN_CHECK_DIGIT"
