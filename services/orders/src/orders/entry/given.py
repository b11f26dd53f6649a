"""What was given, between the reading of a file and its meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from chassis.errors import FieldViolation, InvalidFields

MAX_ROWS = 2_000
MAX_ROW_NUMBER = 20_000  # empty ones too


class Record(NamedTuple):
    """A row with its cells; `number` counts from 1, empty rows too."""

    number: int
    cells: tuple[str, ...]


class Reading(NamedTuple):
    """One way to read a row. `quantity` is None where nothing was written that could be one."""

    code: str
    quantity: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """`readings`: two where the code and the quantity may be the other way round. `texts` by field of a line.
    `counted`: the file says quantities, so that a missing one is not 1. `unread`: cells that mean nothing here."""

    number: int
    readings: tuple[Reading, ...]
    texts: Mapping[str, str] = field(default_factory=dict)
    counted: bool = False
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """`unread`: headings of columns that mean nothing here."""

    rows: tuple[Row, ...]
    unread: tuple[str, ...] = ()


def unreadable(description: str, reason: str = "UNREADABLE") -> InvalidFields:
    """Of the content as a whole."""
    return InvalidFields([FieldViolation("content", description, reason)])


def too_far() -> InvalidFields:
    return unreadable(f"has rows behind number {MAX_ROW_NUMBER}", "TOO_MANY")


def too_many() -> InvalidFields:
    return unreadable(f"has more than {MAX_ROWS} rows", "TOO_MANY")
