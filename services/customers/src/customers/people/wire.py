"""Checks of the fields that every person has, in whatever request they come."""

from __future__ import annotations

import unicodedata

from chassis import fields
from chassis.errors import Violations
from customers.people import emails

NAME_LENGTH = 100
_PHONE = frozenset("0123456789+()-./ ")


def line(found: Violations, field: str, value: str, *, required: bool = False, max_length: int = 200) -> str:
    """Text of one line: control characters would end up in mail headers, labels and exports."""
    clean = fields.text(found, field, value, required=required, max_length=max_length)
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in clean):
        found.add(field, "must not contain control characters or line breaks", "UNSTORABLE_CHARACTER")
        return ""
    return clean


def name(found: Violations, field: str, value: str, *, required: bool = True) -> str:
    return line(found, field, value, required=required, max_length=NAME_LENGTH)


def email(found: Violations, field: str, value: str) -> str:
    """Normalised."""
    clean = line(found, field, value, required=True, max_length=320)
    if not clean:
        return ""
    normalised = emails.normalise(clean)
    if normalised is None:
        found.add(field, "is not an e-mail address", "INVALID_EMAIL")
    return normalised or ""


def phone(found: Violations, field: str, value: str) -> str:
    clean = line(found, field, value, max_length=40)
    digits = sum(character.isdigit() for character in clean)
    if clean and (not _PHONE.issuperset(clean) or not 5 <= digits <= 20):
        found.add(field, "is not a phone number", "INVALID_PHONE")
    return clean
