"""Selections as values: who sees which, and what an entry is. No I/O."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from chassis.errors import FieldViolation, InvalidFields, NotFound, Violations

# Where the library system Wise files its titles.
WISE_CATEGORIES = ("ADULT_FICTION", "ADULT_NON_FICTION", "YOUTH_FICTION", "YOUTH_NON_FICTION")
MAX_ENTRIES = 2000
# A page of 200 selections, each as long as it may be in all languages, fits into one message of gRPC (16 MiB).
MAX_TITLE = 200
MAX_TEXT = 2000
MAX_GROUPS = 50
MAX_ACCOUNTS = 500
FIRST_DAY, LAST_DAY = datetime.date(1900, 1, 1), datetime.date(2999, 12, 31)


class SelectionNotFound(NotFound):
    """There is none, or not for this reader."""

    reason = "SELECTION_NOT_FOUND"

    def __init__(self, selection_id: UUID) -> None:
        super().__init__(f"There is no selection {selection_id}.", selection_id=selection_id)


class VariantsNotFound(NotFound):
    """Names every entry whose variant does not exist."""

    reason = "VARIANT_NOT_FOUND"

    def __init__(self, unknown: Sequence[tuple[int, str]]) -> None:
        named = ", ".join(name for _, name in unknown)
        super().__init__(
            f"There is no variant {named}.",
            violations=[
                FieldViolation(f"entries[{number}]", f"There is no variant {name}.", "VARIANT_NOT_FOUND")
                for number, name in unknown
            ],
            variants=named,
            variant_count=len(unknown),
        )


@dataclass(frozen=True, slots=True)
class Content:
    """What staff write of a selection. Valid on local days in [valid_from, valid_to); `wise_category` is one of
    WISE_CATEGORIES or empty. Seen by everybody, or else by these groups and accounts."""

    titles: dict[str, str]
    texts: dict[str, str]
    wise_category: str
    valid_from: datetime.date
    valid_to: datetime.date | None
    visible_to_all: bool
    groups: tuple[str, ...]
    account_ids: tuple[UUID, ...]


class NewEntry(NamedTuple):
    """One of variant_id and sku is set; an empty `wise_category` is that of the selection."""

    variant_id: UUID | None
    sku: str
    wise_category: str


class Variant(NamedTuple):
    id: UUID
    sku: str


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: staff, or somebody who orders for an account (None: for nobody)."""

    staff: bool
    account_id: UUID | None = None
    groups: frozenset[str] = frozenset()


def visible(content: Content, reader: Reader, today: datetime.date) -> bool:
    """Staff see all, also past and future ones; others what is valid today and meant for them."""
    if reader.staff:
        return True
    if today < content.valid_from or (content.valid_to is not None and today >= content.valid_to):
        return False
    return (
        content.visible_to_all
        or not reader.groups.isdisjoint(content.groups)
        or (reader.account_id is not None and reader.account_id in content.account_ids)
    )


def check_validity(v: Violations, valid_from: datetime.date, valid_to: datetime.date | None) -> None:
    if valid_to is not None and valid_to <= valid_from:
        v.add("selection.valid_to", "must be after valid_from")


def resolved(entries: Sequence[NewEntry], variants: Sequence[Variant]) -> list[UUID]:
    """The variant of each entry, in their order.

    Raises VariantsNotFound naming all that there are not; InvalidFields for every variant that is named twice
    (by its id, its SKU or both), with both positions.
    """
    ids = {variant.id: variant.id for variant in variants}
    skus = {variant.sku: variant.id for variant in variants}
    found: list[UUID] = []
    unknown: list[tuple[int, str]] = []
    for number, entry in enumerate(entries):
        known = ids.get(entry.variant_id) if entry.variant_id is not None else skus.get(entry.sku)
        if known is None:
            unknown.append((number, str(entry.variant_id or entry.sku)))
        else:
            found.append(known)
    if unknown:
        raise VariantsNotFound(unknown)
    twice = Violations()
    first: dict[UUID, int] = {}
    for number, variant_id in enumerate(found):
        if variant_id in first:
            text = f"names the same variant as entries[{first[variant_id]}]"
            twice.add(f"entries[{number}]", text, "DUPLICATE")
        first.setdefault(variant_id, number)
    if twice:
        raise InvalidFields(twice)
    return found
