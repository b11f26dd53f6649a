"""Which legal caps are in force for a book on a day; what is not known of it never lowers a price.

A reading is one way in which what is unknown (language, product form, part of Belgium) may turn out. In a reading
the rule that allows most counts, since laws write their exceptions as greater discounts and ladders of quantities.
Of all readings in which any rule holds, the strictest counts.
"""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Iterable, Sequence
from functools import lru_cache

from catalog.legal_caps.domain import LegalCap

Reading = tuple[LegalCap, ...]
_OTHER = "\0"  # a language, or a form, that no rule names


def is_book(product_form: str, isbn: str | None) -> bool:
    """A printed book by its form (ONIX list 150: B), or anything with an ISBN."""
    return bool(isbn) or product_form.startswith("B")


@lru_cache(maxsize=16_384)
def latest_first_day(publication_date: str) -> datetime.date | None:
    """The latest day that YYYY, YYYY-MM or YYYY-MM-DD can mean; None when it says nothing."""
    if not publication_date:
        return None
    year, month, day = [int(part) for part in (*publication_date.split("-"), "0", "0")[:3]]
    try:
        if not month:
            return datetime.date(year, 12, 31)
        return datetime.date(year, month, day or calendar.monthrange(year, month)[1])
    except ValueError:  # 29 February of another year, from an old import
        return None


@lru_cache(maxsize=16_384)
def first_free_day(start: datetime.date, months: int) -> datetime.date:
    """The day `months` later; where that month is too short, the first of the next one."""
    count = start.year * 12 + start.month - 1 + months
    year, month = count // 12, count % 12 + 1
    if year > datetime.MAXYEAR:
        return datetime.date.max
    if start.day <= calendar.monthrange(year, month)[1]:
        return datetime.date(year, month, start.day)
    return datetime.date(year, month + 1, 1)  # only months before December are short


def readings(
    caps: Sequence[LegalCap], places: Iterable[tuple[str, ...]], language: str, form: str
) -> tuple[Reading, ...]:
    """`caps` are those of the buyer's class that are valid on the day. Readings without a rule are left out."""
    languages = (
        (language,) if language else (_OTHER, *sorted({code for cap in caps for code in cap.languages}))
    )
    forms = (form,) if form else (_OTHER, *sorted({code for cap in caps for code in cap.forms}))
    found = {
        tuple(cap for cap in caps if cap.jurisdiction in place and _covers(cap, spoken, made))
        for place in places
        for spoken in languages
        for made in forms
    }
    return tuple(
        sorted((reading for reading in found if reading), key=lambda reading: [cap.id for cap in reading])
    )


def _covers(cap: LegalCap, language: str, form: str) -> bool:
    spoken = not cap.languages or language in cap.languages
    return spoken and (not cap.forms or form.startswith(cap.forms))


def in_force(
    found: Iterable[Reading], start: datetime.date | None, day: datetime.date
) -> tuple[Reading, ...]:
    """The readings with the rules whose time is not over on `day`; without a `start` none ever is."""
    kept = (
        tuple(
            cap
            for cap in reading
            if start is None or not cap.months or day < first_free_day(start, cap.months)
        )
        for reading in found
    )
    return tuple(reading for reading in kept if reading)


def strictest(found: Sequence[Reading], quantity: int) -> LegalCap | None:
    """The rule for a line of this quantity; of equal ones the older, so that the proof is always the same."""
    if len(found) == 1 and len(found[0]) == 1:  # nearly always
        (only,) = found[0]
        return only if only.min_quantity <= quantity else None
    best = []
    for reading in found:
        reached = [cap for cap in reading if cap.min_quantity <= quantity]
        if reached:
            best.append(min(reached, key=lambda cap: (-cap.max_discount_percent, cap.id)))
    return min(best, key=lambda cap: (cap.max_discount_percent, cap.id), default=None)
