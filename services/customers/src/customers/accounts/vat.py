"""VAT numbers: form and check digits per country, stored with their country prefix and no separators."""

from __future__ import annotations

from typing import Protocol

from stdnum import get_cc_module
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError


class Checker(Protocol):
    """What the library's modules offer."""

    def validate(self, number: str) -> str: ...


_SEPARATORS = str.maketrans("", "", " .-/\u00a0")
MAX_LENGTH = 20


def normalise(text: str, region_code: str = "") -> str | None:
    """`BE 0403.170.701` as `BE0403170701`; None when it is no VAT number.

    A number without prefix is read as one of `region_code`. Greece is prefixed EL and Northern Ireland XI, as
    in VIES. Form and check digits only: whether the number is in use, VIES alone knows.
    """
    compact = text.translate(_SEPARATORS).upper()
    if not compact.isascii() or not compact.isalnum():
        return None
    found = _check(compact[:2], compact)
    if found is None and region_code:
        found = _check(region_code, region_code + compact)
    return found


def _check(prefix: str, prefixed: str) -> str | None:
    country = {"EL": "gr", "XI": "xi"}.get(prefix, prefix.lower())
    if country in eu_vat.MEMBER_STATES:
        return _validated(eu_vat, "EL" + prefixed[2:] if country == "gr" else prefixed)
    if len(country) != 2 or not country.isalpha():
        return None
    module = get_cc_module(country, "vat")
    if module is None:
        return None
    number = _validated(module, prefixed) or _validated(module, prefixed[2:])
    if number is None:
        return None
    return number if number.startswith(prefix) else prefix + number


def _validated(module: Checker, number: str) -> str | None:
    try:
        return str(module.validate(number))
    except (ValidationError, ValueError, IndexError):
        return None
