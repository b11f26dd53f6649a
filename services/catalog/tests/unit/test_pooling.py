"""What an amended order keeps of what it had: pieces are neither made nor lost, whatever changes."""

from __future__ import annotations

import datetime
from collections import Counter
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.reservations.domain import Reservation, Wanted
from catalog.reservations.pooling import Freed, Short, Waiting, amended

CHAIR, TABLE = UUID(int=1), UUID(int=2)
MAIN, SECOND = UUID(int=11), UUID(int=12)
NOON = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
LATER = NOON + datetime.timedelta(hours=1)


def has(line: str, *takes: tuple[UUID, int], variant: UUID = CHAIR) -> Reservation:
    return Reservation(line, variant, sum(quantity for _, quantity in takes), takes)


def waits(line: str, missing: int, since: datetime.datetime = NOON, place: UUID = MAIN) -> Waiting:
    return Waiting(line, CHAIR, place, missing, since)


@pytest.mark.spec("N-09", "C-21")
def test_less_gives_back_what_is_there_of_the_last_warehouse() -> None:
    result = amended([Wanted("a", CHAIR, 3)], [has("a", (MAIN, 2), (SECOND, 3))], [])
    assert result.reservations == [has("a", (MAIN, 2), (SECOND, 1))]
    assert (result.waiting, result.freed) == ([], {(CHAIR, SECOND): Freed(2, 0)})


@pytest.mark.spec("N-09", "C-22")
def test_what_is_missing_is_given_up_before_what_is_there() -> None:
    held = [has("a", (MAIN, 3)), has("b", (MAIN, 4))]
    result = amended([Wanted("a", CHAIR, 3), Wanted("b", CHAIR, 2)], held, [waits("b", 3)])
    assert result.freed == {(CHAIR, MAIN): Freed(2, 2)}
    assert result.waiting == [waits("b", 1)]
    gone = amended([Wanted("a", CHAIR, 3)], held, [waits("b", 3)])
    assert (gone.freed, gone.waiting) == ({(CHAIR, MAIN): Freed(4, 3)}, [])


@pytest.mark.spec("N-09", "C-22")
def test_more_of_a_line_that_waits_queues_anew_and_another_line_does_not() -> None:
    before, beyond = [has("a", (MAIN, 2))], [has("x", (MAIN, 3))]
    waiting = [waits("a", 2), waits("x", 3, LATER)]
    same = amended([Wanted("a", CHAIR, 5)], [*before, *beyond], waiting)
    assert same.waiting == [waits("a", 5, LATER)]
    other = amended([Wanted("a", CHAIR, 2), Wanted("b", CHAIR, 3)], [*before, *beyond], waiting)
    assert sorted(other.waiting) == [waits("a", 2), waits("b", 3, LATER)]
    assert other.freed == {}


@pytest.mark.spec("N-09")
def test_another_article_and_what_has_no_stock() -> None:
    held = [has("a", (MAIN, 2)), Reservation("s", TABLE, 4, ())]
    result = amended([Wanted("s", TABLE, 1)], held, [])
    assert result.reservations == [Reservation("s", TABLE, 1, ())]
    assert result.freed == {(CHAIR, MAIN): Freed(2, 0)}
    with pytest.raises(Short, match=f"1 more of variant {TABLE}"):
        amended([Wanted("s", TABLE, 5)], held, [])


lines = st.lists(
    st.tuples(st.sampled_from([CHAIR, TABLE]), st.lists(st.tuples(st.sampled_from([MAIN, SECOND]), st.integers(1, 5)),
              min_size=1, max_size=2, unique_by=lambda take: take[0])),
    max_size=5,
)  # fmt: skip


@pytest.mark.spec("N-09", "C-21", "C-22")
@given(lines, st.lists(st.integers(0, 6), min_size=5, max_size=5), st.randoms(use_true_random=False))
def test_pieces_are_neither_made_nor_lost(
    given_lines: list[tuple[UUID, list[tuple[UUID, int]]]], wishes: list[int], chance: object
) -> None:
    held = [has(str(n), *takes, variant=variant) for n, (variant, takes) in enumerate(given_lines)]
    waiting = [
        Waiting(line.line_id, line.variant_id, place, quantity // 2, (NOON, LATER)[n % 2])
        for n, line in enumerate(held)
        for place, quantity in line.takes
    ]
    wanted = [
        Wanted(line.line_id, line.variant_id, quantity)
        for line, quantity in zip(held, wishes, strict=False)
        if quantity
    ]
    totals: Counter[UUID] = Counter()
    for line in held:
        totals[line.variant_id] += line.quantity
    for line in wanted:
        totals[line.variant_id] -= line.quantity
    if any(left < 0 for left in totals.values()):
        with pytest.raises(Short):
            amended(wanted, held, waiting)
        return
    result = amended(wanted, held, waiting)
    assert [(line.line_id, line.quantity) for line in result.reservations] == [
        (line.line_id, line.quantity) for line in wanted
    ]
    taken: Counter[tuple[UUID, UUID]] = Counter()
    missing: Counter[tuple[UUID, UUID]] = Counter()
    for line in held:
        for place, quantity in line.takes:
            taken[line.variant_id, place] += quantity
    for row in waiting:
        missing[row.variant_id, row.warehouse_id] += row.missing
    for key, freed in result.freed.items():
        assert 0 <= freed.missing <= freed.quantity
        taken[key] -= freed.quantity
        missing[key] -= freed.missing
    for line in result.reservations:
        assert sum(quantity for _, quantity in line.takes) == line.quantity
        for place, quantity in line.takes:
            taken[line.variant_id, place] -= quantity
    for row in result.waiting:
        assert row.missing > 0
        missing[row.variant_id, row.warehouse_id] -= row.missing
    assert not any(taken.values())
    assert not any(missing.values())
