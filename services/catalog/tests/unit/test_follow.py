"""Prices follow what a record says, from today on: compared with saying day by day what the price is."""

from __future__ import annotations

import datetime
import random
from decimal import Decimal

import pytest

from catalog.onix.taking.follow import Ambiguous, Wanted, follow, ladders
from catalog.pricing.history import Stored, Timeline
from chassis.ids import new_id

START = datetime.date(2026, 1, 1)
DAYS = 40
Prices = dict[int, Decimal | None]


def day(number: int) -> datetime.date:
    return START + datetime.timedelta(days=number)


def said(wanted: list[Wanted], number: int, today: int) -> Decimal | None:
    """The price that begins last, of those valid on a day."""
    valid = [
        (item.begin or day(today), item.ladder[0][1])
        for item in wanted
        if (item.begin or day(today)) <= day(number) and (item.end is None or day(number) < item.end)
    ]
    return max(valid)[1] if valid else None


def stored(timeline: Timeline, number: int) -> Decimal | None:
    found = [price.ladder[0][1] for price in timeline.current if price.covers(day(number))]
    assert len(found) < 2, "prices overlap"
    return found[0] if found else None


def random_wanted(chance: random.Random) -> list[Wanted]:
    begins = chance.sample(range(DAYS), chance.randrange(1, 4))
    wanted = []
    for begin in begins:
        end = begin + chance.randrange(1, 20) if chance.random() < 0.6 else None
        ladder = ((1, Decimal(chance.randrange(1, 4))),)
        first = None if chance.random() < 0.2 and not any(w.begin is None for w in wanted) else day(begin)
        wanted.append(Wanted(first, day(end) if end is not None else None, ladder))
    return wanted


@pytest.mark.spec("C-04", "C-11", "C-15")
def test_every_day_has_the_price_that_was_said_and_the_past_stays() -> None:
    chance = random.Random(11)
    for _ in range(600):
        timeline = Timeline([])
        for today in sorted(chance.sample(range(DAYS), 3)):
            wanted = random_wanted(chance)
            before = [stored(timeline, number) for number in range(DAYS + 30)]
            try:
                changed = follow(timeline, wanted, day(today), 1, 1)
            except Ambiguous:
                assert [stored(timeline, number) for number in range(DAYS + 30)] == before
                continue
            after = [stored(timeline, number) for number in range(DAYS + 30)]
            spoken = [number for number in range(today, DAYS + 30) if said(wanted, number, today) is not None]
            for number in range(spoken[0] if spoken else 0, DAYS + 30):
                if spoken:
                    assert after[number] == said(wanted, number, today)
            known = any(price is not None for price in before)
            assert all(after[number] == before[number] for number in range(today) if before[number] or known)
            assert changed == (after != before) or not known
            assert follow(timeline, wanted, day(today), 1, 1) is False, "the same again changes nothing"
            timeline = Timeline([_written(price) for price in timeline.current])


def _written(price: Stored) -> Stored:
    return Stored(
        price.id,
        price.list_no,
        price.variant_no,
        price.valid_from,
        price.valid_to,
        price.set_valid_to,
        price.ladder,
    )


def test_history_is_marked_and_never_lost() -> None:
    old = Stored(new_id(), 1, 1, day(0), None, None, ((1, Decimal(10)),))
    timeline = Timeline([old])
    assert follow(timeline, [Wanted(None, None, ((1, Decimal(12)),))], day(5), 1, 1)
    assert [(p.valid_from, p.valid_to, p.ladder[0][1]) for p in timeline.current] == [
        (day(0), day(5), Decimal(10)), (day(5), None, Decimal(12)),
    ]  # fmt: skip
    assert timeline.shortened[old.id].valid_to == day(5)
    assert [(copy.copy_of, copy.valid_to) for copy in timeline.copies] == [(old.id, None)]
    planned = Stored(new_id(), 1, 1, day(9), None, None, ((1, Decimal(15)),))
    timeline = Timeline([Stored(old.id, 1, 1, day(0), day(9), None, old.ladder), planned])
    assert follow(timeline, [Wanted(None, None, ((1, Decimal(10)),))], day(5), 1, 1)
    assert timeline.superseded == {planned.id}
    assert [(p.valid_from, p.valid_to) for p in timeline.current] == [(day(0), day(9)), (day(9), None)]


def test_steps_of_the_same_days_are_one_ladder() -> None:
    one, two = Decimal(10), Decimal(9)
    assert ladders([(None, None, 1, one), (None, None, 5, two)]) == [Wanted(None, None, ((1, one), (5, two)))]
    with pytest.raises(Ambiguous):
        ladders([(None, None, 5, two)])
    with pytest.raises(Ambiguous):
        ladders([(None, None, 1, one), (None, None, 1, two)])
