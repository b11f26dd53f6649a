"""Dates as they are written in Europe: `2026-12-01`, `1/12/2026`, `01.12.2026`, `1-12-26`."""

from __future__ import annotations

import datetime
import re

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]00:00(?::00)?)?", re.ASCII)
_DAY_FIRST = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})", re.ASCII)


def is_date(text: str) -> bool:
    """Whether it is meant as one; that day need not exist."""
    return len(text) <= 20 and bool(_ISO.fullmatch(text) or _DAY_FIRST.fullmatch(text))


def date_of(text: str) -> datetime.date | None:
    """None for what is no day of the calendar."""
    if not is_date(text):
        return None
    if found := _ISO.fullmatch(text):
        year, month, day = found[1], found[2], found[3]
    elif found := _DAY_FIRST.fullmatch(text):
        year, month, day = found[4], found[3], found[1]
        year = year if len(year) == 4 else f"20{year}"
    else:
        return None
    try:
        return datetime.date(int(year), int(month), int(day))
    except ValueError:
        return None
