"""A row that is one cell: `ISBN`, `ISBN 3`, `3 ISBN`, `ISBN x 3`, `3 × SKU`."""

from __future__ import annotations

import re

from orders.entry import codes
from orders.entry.given import Reading

_LONGEST = 300
_NUMBER = r"\d[\d.,'’]*"
_TIMES_LAST = re.compile(rf"(\S.*?)(?:\s+[x×*]\s*|\s*[×*]\s*)({_NUMBER})", re.IGNORECASE)
_TIMES_FIRST = re.compile(rf"({_NUMBER})(?:\s*[x×*]\s+|\s*[×*]\s*)(\S.*)", re.IGNORECASE)


def readings(text: str) -> tuple[Reading, ...]:
    """One, or two where the code and the quantity may be the other way round."""
    if len(text) > _LONGEST or codes.is_standard(text):
        return (Reading(text, None),)
    found = _times(text) or _apart(text) or (Reading(text, None),)
    standard = [each for each in found if codes.is_standard(codes.without_label(each.code))]
    return (standard[0],) if len(standard) == 1 else found


def _times(text: str) -> tuple[Reading, ...]:
    found = []
    if last := _TIMES_LAST.fullmatch(text):
        found.append(Reading(last[1], last[2]))
    first = _TIMES_FIRST.fullmatch(text)
    if first and codes.may_be_quantity(first[1]):
        found.append(Reading(first[2], first[1]))
        if text[first.end(1)] in "xX":  # `12x 3` is 12 of 3, or 3 of 12x
            found += [each for each in _apart(text) if each.code != first[2]]
    return tuple(found)


def _apart(text: str) -> tuple[Reading, ...]:
    """By the white space before the last word, or behind the first."""
    head, _, rest = text.partition(" ")
    front, _, tail = text.rpartition(" ")
    if not front:
        return ()
    found = []
    if codes.may_be_quantity(tail):
        found.append(Reading(front.strip(), tail))
    if codes.may_be_quantity(head):
        found.append(Reading(rest.strip(), head))
    return tuple(found)
