"""Dates as ONIX writes them (list 55)."""

from __future__ import annotations

import calendar
import datetime
from xml.etree.ElementTree import Element

from catalog.onix.reading.text import child
from catalog.products.domain import valid_publication_date

_BY_LENGTH = {8: "00", 6: "01", 4: "05", 16: "06", 13: "13", 14: "13", 15: "14"}


def form_of(composite: Element) -> str:
    """The format named by the attribute, or by the element that older messages use; empty: by length."""
    date = composite.find("Date")
    return (date.get("dateformat") if date is not None else None) or child(composite, "DateFormat")


def publication(written: str, form: str) -> str:
    """YYYY, YYYY-MM or YYYY-MM-DD; empty for anything else."""
    match form or _BY_LENGTH.get(len(written), ""):
        case "00" | "13" | "14" if len(written) >= 8:
            found = f"{written[:4]}-{written[4:6]}-{written[6:8]}"
        case "01" if len(written) == 6:
            found = f"{written[:4]}-{written[4:]}"
        case "05":
            found = written
        case _:
            return ""
    return found if valid_publication_date(found) else ""


def day(written: str, form: str, *, last: bool) -> datetime.date | None:
    """The day, or the first or `last` day of a month or year."""
    found = publication(written, form)
    if not found:
        return None
    year, month, number = ([int(part) for part in found.split("-")] + [0, 0])[:3]
    month = month or (12 if last else 1)
    return datetime.date(year, month, number or (calendar.monthrange(year, month)[1] if last else 1))


def spread(written: str) -> tuple[datetime.date, datetime.date] | None:
    """First and last day of format 06."""
    if len(written) != 16:
        return None
    first, last = day(written[:8], "00", last=False), day(written[8:], "00", last=True)
    return (first, last) if first is not None and last is not None and first <= last else None
