"""Numbers, amounts and dates as babel (CLDR) writes them in each language; kept, since babel is slow."""

from __future__ import annotations

import datetime
import zoneinfo
from decimal import Decimal
from functools import lru_cache

from babel import Locale, dates, numbers

LANGUAGES = ("fr", "nl", "it", "en")
# English as Europe writes it: the month as a word, the day before it.
_LOCALES = {"fr": Locale("fr"), "nl": Locale("nl"), "it": Locale("it"), "en": Locale("en", "GB")}


def known(language: str) -> str:
    """The language, English when it is none of ours."""
    return language if language in _LOCALES else "en"


@lru_cache(8192)
def amount(language: str, value: Decimal, currency: str) -> str:
    """At least the currency's decimals, and those of the value: unit prices may have four."""
    return numbers.format_currency(
        value.normalize(), currency, locale=_LOCALES[language], decimal_quantization=False
    )


@lru_cache(1024)
def percent(language: str, value: Decimal) -> str:
    """`value` is the number before the sign: 21 for 21 %."""
    return numbers.format_percent(
        value.normalize() / 100, locale=_LOCALES[language], decimal_quantization=False
    )


@lru_cache(1024)
def integer(language: str, value: int) -> str:
    return numbers.format_decimal(value, locale=_LOCALES[language])


@lru_cache(1024)
def date(language: str, day: datetime.date) -> str:
    return dates.format_date(day, "long", locale=_LOCALES[language])


def moment(language: str, instant: datetime.datetime, zone: zoneinfo.ZoneInfo) -> str:
    """To the minute, with the city whose clock it is."""
    locale = _LOCALES[language]
    city = dates.get_timezone_location(zone, locale=locale, return_city=True)
    return f"{dates.format_datetime(instant, 'd MMMM y HH:mm', tzinfo=zone, locale=locale)} ({city})"


@lru_cache(512)
def country(language: str, code: str) -> str:
    return str(_LOCALES[language].territories.get(code, code))
