"""Who sees a selection, and which variants its entries name: pure rules."""

from __future__ import annotations

import datetime
from uuid import UUID

import pytest

from catalog.selections.domain import (
    Content,
    NewEntry,
    Reader,
    Variant,
    VariantsNotFound,
    resolved,
    visible,
)
from chassis.errors import InvalidFields

TODAY = datetime.date(2026, 11, 21)
ACCOUNT, OTHER = UUID(int=1), UUID(int=2)
ONE, TWO, THREE = UUID(int=11), UUID(int=12), UUID(int=13)
STAFF = Reader(staff=True)
NOBODY = Reader(staff=False)
LIBRARY = Reader(staff=False, account_id=ACCOUNT, groups=frozenset(("LIBRARY", "BE")))
SHOP = Reader(staff=False, account_id=OTHER, groups=frozenset(("TRADE",)))


def content(
    *, begin: str = "2026-01-01", end: str | None = None, to_all: bool = False,
    groups: tuple[str, ...] = (), accounts: tuple[UUID, ...] = (),
) -> Content:  # fmt: skip
    last = datetime.date.fromisoformat(end) if end else None
    return Content({"en": "New"}, {}, "", datetime.date.fromisoformat(begin), last, to_all, groups, accounts)


VISIBILITY = {
    "to all": (content(to_all=True), "nobody library shop"),
    "to nobody yet": (content(), ""),
    "to a group": (content(groups=("LIBRARY",)), "library"),
    "to one of several groups": (content(groups=("CARE", "BE")), "library"),
    "groups are spelled exactly": (content(groups=("library",)), ""),
    "to an account": (content(accounts=(OTHER,)), "shop"),
    "to a group and an account": (content(groups=("LIBRARY",), accounts=(OTHER,)), "library shop"),
    "to all wins over groups": (content(to_all=True, groups=("CARE",)), "nobody library shop"),
    "from today on": (content(to_all=True, begin="2026-11-21"), "nobody library shop"),
    "from tomorrow on": (content(to_all=True, begin="2026-11-22"), ""),
    "until today is over": (content(to_all=True, end="2026-11-22"), "nobody library shop"),
    "until yesterday was over": (content(to_all=True, end="2026-11-21"), ""),
    "of tomorrow for its own account": (content(accounts=(ACCOUNT,), begin="2026-11-22"), ""),
    "of last year for its own group": (content(groups=("TRADE",), begin="2025-01-01", end="2026-01-01"), ""),
}
READERS = {"nobody": NOBODY, "library": LIBRARY, "shop": SHOP}


@pytest.mark.spec("C-30")
@pytest.mark.parametrize(("selection", "seen_by"), VISIBILITY.values(), ids=VISIBILITY)
def test_who_sees_a_selection(selection: Content, seen_by: str) -> None:
    assert visible(selection, STAFF, TODAY)
    found = [name for name, reader in READERS.items() if visible(selection, reader, TODAY)]
    assert found == seen_by.split()


def entry(variant: UUID | str) -> NewEntry:
    return NewEntry(None, variant, "") if isinstance(variant, str) else NewEntry(variant, "", "")


VARIANTS = [Variant(ONE, "A-1"), Variant(TWO, "B-1"), Variant(THREE, "C-1")]


@pytest.mark.spec("C-30")
def test_entries_keep_their_order() -> None:
    assert resolved([entry("C-1"), entry(ONE), entry("B-1")], VARIANTS) == [THREE, ONE, TWO]
    assert resolved([], []) == []


@pytest.mark.spec("C-30")
def test_all_unknown_variants_are_named_at_once() -> None:
    missing = UUID(int=99)
    with pytest.raises(VariantsNotFound) as caught:
        resolved([entry("A-1"), entry("a-1"), entry(missing), entry(ONE)], VARIANTS)
    error = caught.value
    assert error.metadata == {"variants": f"a-1, {missing}", "variant_count": "2"}
    assert [found.field for found in error.violations] == ["entries[1]", "entries[2]"]


@pytest.mark.spec("C-30")
def test_a_variant_that_is_named_twice_is_refused_with_both_positions() -> None:
    with pytest.raises(InvalidFields) as caught:
        resolved([entry("A-1"), entry(TWO), entry(ONE), entry("B-1"), entry("A-1")], VARIANTS)
    assert [(found.field, found.description[-10:], found.reason) for found in caught.value.violations] == [
        ("entries[2]", "entries[0]", "DUPLICATE"),
        ("entries[3]", "entries[1]", "DUPLICATE"),
        ("entries[4]", "entries[0]", "DUPLICATE"),
    ]
