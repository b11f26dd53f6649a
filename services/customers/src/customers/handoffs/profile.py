"""The client's profile in a hand-off: what is missing is said field by field, all at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from commis.common.v1 import common_pb2
from commis.customers.v1 import accounts_pb2

from chassis import fields
from chassis.errors import Violations
from customers.addresses import wire as address_wire
from customers.addresses.use_cases import AddressInput
from customers.handoffs import claims
from customers.people import wire as people_wire

_ADDRESS = ("recipient", "company", "postal_code", "city", "administrative_area", "region_code", "phone")
_MAX_LINES = 10


@dataclass(frozen=True, slots=True)
class Profile:
    """Checked. `email` is where mails go, "" when the client has none, and nobody's sign-in. None: the platform
    did not send that field, so it is not the source of it."""

    first_name: str
    last_name: str
    phone: str
    email: str | None
    language_code: str | None
    address: AddressInput


def read(client: dict[str, Any]) -> Profile:
    """Raises InvalidFields with a violation for everything that is missing or wrong, as `client.<field>`."""
    found = Violations()
    profile = Profile(
        first_name=people_wire.name(found, "client.first_name", _text(found, client, "first_name")),
        last_name=people_wire.name(found, "client.last_name", _text(found, client, "last_name")),
        phone=_phone(found, _text(found, client, "phone")),
        email=_email(found, client),
        language_code=_language(found, _text(found, client, "language")),
        address=_address(found, client.get("address")),
    )
    _first_per_field(found).raise_if_any()
    return profile


def _first_per_field(found: Violations) -> Violations:
    """A field of a wrong type is not "required" as well."""
    first = {violation.field: violation for violation in reversed(list(found))}
    kept = Violations()
    kept.extend("", reversed(first.values()))
    return kept


def _text(found: Violations, source: dict[str, Any], name: str, at: str = "client.") -> str:
    return _line(found, f"{at}{name}", source.get(name))


def _phone(found: Violations, value: str) -> str:
    if not value:
        found.add("client.phone", "is required", "REQUIRED")
    return people_wire.phone(found, "client.phone", value)


def _email(found: Violations, client: dict[str, Any]) -> str | None:
    if "email" not in client:
        return None
    value = _text(found, client, "email")
    return people_wire.email(found, "client.email", value) if value else ""


def _language(found: Violations, value: str) -> str | None:
    if not value:
        return None
    return fields.language(found, "client.language", claims.language(value, otherwise=value))


def _address(found: Violations, value: Any) -> AddressInput:
    given: dict[str, Any] = value if isinstance(value, dict) else {}
    if value is not None and not isinstance(value, dict):
        found.add("client.address", "must be an object")
    sent = common_pb2.Address(street_lines=_street_lines(found, given.get("street_lines")))
    for name in _ADDRESS:
        setattr(sent, name, _text(found, given, name, "client.address."))
    if value is None:
        found.add("client.address", "is required", "REQUIRED")
    return address_wire.parse(found, "client", accounts_pb2.AccountAddress(address=sent))


def _street_lines(found: Violations, value: Any) -> list[str]:
    field = "client.address.street_lines"
    if value is None:
        return []
    if not isinstance(value, list):
        found.add(field, "must be a list of strings")
        return []
    return [_line(found, f"{field}[{index}]", line) for index, line in enumerate(value[:_MAX_LINES])]


def _line(found: Violations, field: str, value: Any) -> str:
    """What neither protobuf nor PostgreSQL can hold goes no further."""
    return fields.text(found, field, claims.string(found, field, value), max_length=1000)
