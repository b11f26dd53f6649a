"""Values that have a JSON form of their own: strings, integers, money, decimals, dates, instants.

Readers take (value, path, violations), add what is wrong, and return what a protobuf constructor takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from chassis import money
from chassis.errors import Violations

Reader = Callable[[Any, str, Violations], Any]

TEXT_PATTERN = r"^[^\u0000]*$"
AMOUNT_PATTERN = r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?$"
DECIMAL_PATTERN = r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?$"
CURRENCY_PATTERN = r"^[A-Z]{3}$"
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?([Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_EPOCH = date(1970, 1, 1).toordinal()


def text(value: Any, path: str, violations: Violations) -> str:
    if type(value) is not str:
        violations.add(path, "must be a string", "TYPE")
        return ""
    if "\x00" in value:
        violations.add(path, "must not contain the character U+0000", "CHARACTER")
        return ""
    return value


def boolean(value: Any, path: str, violations: Violations) -> bool:
    if type(value) is not bool:
        violations.add(path, "must be true or false", "TYPE")
        return False
    return value


def integer(bits: int) -> Reader:
    """A whole number of 32 or 64 bits; 5.0 is one (JSON Schema), "5" and true are none."""
    smallest, largest = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1

    def read(value: Any, path: str, violations: Violations) -> int:
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is not int:
            violations.add(path, "must be a whole number", "TYPE")
            return 0
        if not smallest <= value <= largest:
            violations.add(path, f"must be between {smallest} and {largest}", "OUT_OF_RANGE")
            return 0
        return value

    return read


def read_money(value: Any, path: str, violations: Violations) -> dict[str, Any]:
    """{"amount": "12.34", "currency": "EUR"} -> google.type.Money. A JSON number is refused: it may have
    gone through binary floating point."""
    if type(value) is not dict:
        violations.add(path, 'must be an object such as {"amount": "12.34", "currency": "EUR"}', "TYPE")
        return {}
    for name in value.keys() - {"amount", "currency"}:
        violations.add(f"{path}.{name}", "is not a known field", "UNKNOWN_FIELD")
    amount, currency = value.get("amount"), value.get("currency")
    if type(amount) is not str or not _DECIMAL.fullmatch(amount):
        violations.add(f"{path}.amount", 'must be a decimal number in a string, such as "12.34"', "FORMAT")
        amount = "0"
    if type(currency) is not str or not _CURRENCY.fullmatch(currency):
        violations.add(f"{path}.currency", 'must be an ISO 4217 code such as "EUR"', "FORMAT")
        currency = ""
    whole, _, fraction = amount.partition(".")
    sign = -1 if whole.startswith("-") else 1
    return {"currency_code": currency, "units": int(whole), "nanos": sign * int(fraction.ljust(9, "0") or 0)}


def show_money(pb: Any) -> dict[str, str]:
    """At least the currency's decimals, up to nine when there are more (unit prices have up to four)."""
    units, nanos, currency = pb.units, pb.nanos, pb.currency_code
    places = _places(currency)
    sign = "-" if units < 0 or nanos < 0 else ""
    fraction = f"{abs(nanos):09d}"
    kept = fraction[:places] + fraction[places:].rstrip("0")
    whole = f"{sign}{abs(units)}"
    return {"amount": f"{whole}.{kept}" if kept else whole, "currency": currency}


_known_places: dict[str, int] = {"EUR": 2}


def _places(currency: str) -> int:
    places = _known_places.get(currency)
    if places is None:
        try:
            places = _known_places[currency] = money.exponent(currency)
        except ValueError:  # not remembered: what a faulty service invents must not fill the memory
            return 2
    return places


def read_decimal(value: Any, path: str, violations: Violations) -> dict[str, str]:
    if type(value) is not str or not _DECIMAL.fullmatch(value):
        violations.add(path, 'must be a decimal number in a string, such as "12.5"', "FORMAT")
        return {}
    return {"value": value}


def show_decimal(pb: Any) -> str:
    return str(pb.value)


def read_date(value: Any, path: str, violations: Violations) -> dict[str, int]:
    if type(value) is str and _DATE.fullmatch(value):
        try:
            day = date.fromisoformat(value)
        except ValueError:
            pass
        else:
            return {"year": day.year, "month": day.month, "day": day.day}
    violations.add(path, 'must be a date such as "2026-11-21"', "FORMAT")
    return {}


def show_date(pb: Any) -> str:
    return f"{pb.year:04d}-{pb.month:02d}-{pb.day:02d}"


def read_instant(value: Any, path: str, violations: Violations) -> dict[str, int]:
    """RFC 3339 with any offset, years 1 to 9999."""
    found = _INSTANT.fullmatch(value) if type(value) is str else None
    if found:
        try:
            moment = datetime.fromisoformat(found[1].upper() + found[3].upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        else:
            days = moment.toordinal() - _EPOCH
            seconds = days * 86400 + moment.hour * 3600 + moment.minute * 60 + moment.second
            return {"seconds": seconds, "nanos": int((found[2] or "0").ljust(9, "0"))}
    violations.add(path, 'must be an RFC 3339 instant such as "2026-11-21T10:00:00Z"', "FORMAT")
    return {}


def show_instant(pb: Any) -> str:
    """UTC; a fraction of six digits only when there is one (no service keeps more than microseconds)."""
    day, second = divmod(pb.seconds, 86400)
    minute, second = divmod(second, 60)
    hour, minute = divmod(minute, 60)
    micros = pb.nanos // 1000
    fraction = f".{micros:06d}" if micros else ""
    return f"{date.fromordinal(day + _EPOCH)}T{hour:02d}:{minute:02d}:{second:02d}{fraction}Z"


def read_localized(value: Any, path: str, violations: Violations) -> dict[str, Any]:
    """{"fr": "...", "en": "..."} -> commis.common.v1.LocalizedText."""
    if type(value) is not dict:
        violations.add(path, 'must be an object such as {"fr": "Livre", "en": "Book"}', "TYPE")
        return {}
    texts = {}
    for language, item in value.items():
        if language not in LANGUAGES:
            violations.add(f"{path}.{language}", f"must be one of {', '.join(LANGUAGES)}", "UNKNOWN_FIELD")
        elif item is not None:
            texts[language] = text(item, f"{path}.{language}", violations)
    return {"texts": texts}


def show_localized(pb: Any) -> dict[str, str]:
    return dict(pb.texts)


LANGUAGES = ("fr", "nl", "it", "en")

MONEY, DECIMAL = "google.type.Money", "google.type.Decimal"
DATE, INSTANT = "google.type.Date", "google.protobuf.Timestamp"
LOCALIZED = "commis.common.v1.LocalizedText"

READERS: dict[str, Reader] = {
    MONEY: read_money,
    DECIMAL: read_decimal,
    DATE: read_date,
    INSTANT: read_instant,
    LOCALIZED: read_localized,
}
SHOWERS: dict[str, Callable[[Any], Any]] = {
    MONEY: show_money,
    DECIMAL: show_decimal,
    DATE: show_date,
    INSTANT: show_instant,
    LOCALIZED: show_localized,
}
