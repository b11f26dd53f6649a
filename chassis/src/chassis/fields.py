"""Checks of request fields: each appends to Violations and returns the parsed value or a harmless default.

PostgreSQL refuses NUL in text and UTF-8 has no lone surrogates, so both are refused here, for every string.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from decimal import Decimal
from functools import cache
from typing import Any, Protocol
from uuid import UUID

from babel import Locale
from google.protobuf.timestamp_pb2 import Timestamp
from google.type import date_pb2, decimal_pb2, money_pb2

from chassis import ids
from chassis import money as amounts
from chassis.errors import Violations
from chassis.money import Money

LANGUAGES = frozenset(("fr", "nl", "it", "en"))
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class EnumType(Protocol):
    """What generated enum wrappers offer."""

    def Name(self, number: Any) -> str: ...


def _storable(v: Violations, field: str, value: str) -> bool:
    if _UNSTORABLE.search(value):
        v.add(field, "must not contain NUL or unpaired surrogates", "UNSTORABLE_CHARACTER")
        return False
    return True


def text(v: Violations, field: str, value: str, *, required: bool = False, max_length: int = 200) -> str:
    """Stripped and NFC; `max_length` counts characters after that."""
    if not _storable(v, field, value):
        return ""
    clean = value.strip()
    if not clean.isascii():
        clean = unicodedata.normalize("NFC", clean)
    if len(clean) > max_length:
        v.add(field, f"must have at most {max_length} characters", "TOO_LONG")
        return ""
    if required and not clean:
        v.add(field, "is required", "REQUIRED")
    return clean


def identifier(v: Violations, field: str, value: str, *, required: bool = True) -> UUID | None:
    if not value:
        if required:
            v.add(field, "is required", "REQUIRED")
        return None
    parsed = ids.parse_id(value)
    if parsed is None:
        v.add(field, "must be a UUID in canonical lower-case text")
    return parsed


def integer(v: Violations, field: str, value: int, *, minimum: int, maximum: int) -> int:
    if minimum <= value <= maximum:
        return value
    v.add(field, f"must be between {minimum} and {maximum}", "OUT_OF_RANGE")
    return minimum


def money(v: Violations, field: str, pb: money_pb2.Money, *, minimum: int | None = None) -> Money | None:
    """`minimum` in minor units."""
    if not pb.currency_code:
        v.add(f"{field}.currency_code", "is required", "REQUIRED")
        return None
    try:
        parsed = amounts.from_proto(pb)
    except ValueError as error:
        v.add(field, str(error))
        return None
    if minimum is not None and parsed.minor < minimum:
        v.add(field, f"must be at least {minimum} minor units", "OUT_OF_RANGE")
        return None
    return parsed


def date(v: Violations, field: str, pb: date_pb2.Date) -> datetime.date | None:
    """A full calendar date; None without violation when the message is empty."""
    if not (pb.year or pb.month or pb.day):
        return None
    try:
        return datetime.date(pb.year, pb.month, pb.day)
    except (ValueError, OverflowError):
        v.add(field, "must be a calendar date with year, month and day")
        return None


def timestamp(v: Violations, field: str, pb: Timestamp) -> datetime.datetime | None:
    """UTC; None without violation when the message is empty."""
    if not (pb.seconds or pb.nanos):
        return None
    try:
        return pb.ToDatetime(tzinfo=datetime.UTC)
    except (ValueError, OverflowError):
        v.add(field, "must be a time between the years 1 and 9999")
        return None


def language(v: Violations, field: str, value: str) -> str:
    if value in LANGUAGES:
        return value
    v.add(field, "must be one of en, fr, it, nl")
    return "en"


@cache
def _territories() -> frozenset[str]:
    # CLDR also lists groups ("001", "EU") and private codes; a country has two letters and a place.
    codes = {str(code) for code in Locale("en").territories}
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha()) - {
        "EU",
        "EZ",
        "UN",
        "QO",
        "XA",
        "XB",
        "ZZ",
    }


def country(v: Violations, field: str, value: str) -> str:
    """ISO 3166-1 alpha-2, upper case."""
    if value in _territories():
        return value
    v.add(field, "must be an ISO 3166-1 alpha-2 country code in upper case")
    return ""


def enum(v: Violations, field: str, number: int, enum_type: EnumType, *, required: bool = True) -> str:
    """The full name of the enum value; "" for the unspecified zero."""
    if number == 0:
        if required:
            v.add(field, "is required", "REQUIRED")
        return ""
    try:
        return enum_type.Name(number)
    except ValueError:
        v.add(field, "is not a known value")
        return ""


def page_size(v: Violations, value: int, default: int = 50, maximum: int = 200) -> int:
    """0 means the default, too much is coerced, negative is refused (AIP-158)."""
    if value < 0:
        v.add("page_size", "must not be negative", "OUT_OF_RANGE")
        return default
    return min(value, maximum) if value else default


def decimal(
    v: Violations,
    field: str,
    value: decimal_pb2.Decimal | str,
    *,
    minimum: Decimal | int,
    maximum: Decimal | int,
    places: int,
) -> Decimal:
    written = value if isinstance(value, str) else value.value
    try:
        parsed = amounts.parse_decimal(written)
    except ValueError as error:
        v.add(field, f"is {error}")
        return Decimal(minimum)
    if not minimum <= parsed <= maximum:
        v.add(field, f"must be between {minimum} and {maximum}", "OUT_OF_RANGE")
    elif parsed != round(parsed, places):
        v.add(field, f"must have at most {places} decimal places", "TOO_PRECISE")
    else:
        return parsed
    return Decimal(minimum)
