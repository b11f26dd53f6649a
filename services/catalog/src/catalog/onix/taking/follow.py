"""Prices of a list follow what a record says of them, from today on; what has been is not touched. No I/O."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from catalog.pricing.history import Ladder, Stored, Timeline
from chassis.ids import new_id

_EVER = datetime.date.max


@dataclass(frozen=True, slots=True)
class Wanted:
    """A price with its ladder for [begin, end); without begin: now, without end: until further notice."""

    begin: datetime.date | None
    end: datetime.date | None
    ladder: Ladder


@dataclass(frozen=True, slots=True)
class Span:
    begin: datetime.date
    end: datetime.date
    ladder: Ladder


class Ambiguous(Exception):
    """Two prices say different things of the same days and quantity."""


def ladders(
    prices: Iterable[tuple[datetime.date | None, datetime.date | None, int, Decimal]],
) -> list[Wanted]:
    """Prices of the same days are steps of one ladder. Raises Ambiguous, also where no step begins at 1."""
    steps: dict[tuple[datetime.date | None, datetime.date | None], dict[int, Decimal]] = {}
    for begin, end, quantity, amount in prices:
        if steps.setdefault((begin, end), {}).setdefault(quantity, amount) != amount:
            raise Ambiguous(f"{amount} and {steps[begin, end][quantity]} for {quantity}")
    for days, found in steps.items():
        if 1 not in found:
            raise Ambiguous(f"no price for less than {min(found)}")
        if len(found) > 50:
            raise Ambiguous(f"{len(found)} quantities; 50 at most, from {days[0]}")
    return [Wanted(*days, tuple(sorted(found.items()))) for days, found in steps.items()]


def spans(wanted: Sequence[Wanted], today: datetime.date) -> list[Span]:
    """From today on, the price that begins last decides each day. Raises Ambiguous for two that begin together."""
    found = [(price.begin or today, price.end or _EVER, price) for price in wanted]
    found = [item for item in found if item[1] > today]
    edges = sorted({edge for begin, end, _ in found for edge in (max(begin, today), end)})
    built: list[Span] = []
    for begin, end in pairwise(edges):
        valid = [item for item in found if item[0] <= begin and item[1] >= end]
        if not valid:
            continue
        latest = max(item[0] for item in valid)
        chosen = {item[2].ladder for item in valid if item[0] == latest}
        if len(chosen) > 1:
            raise Ambiguous(f"two prices from {latest}")
        first = latest if begin == today else begin
        built.append(Span(first, end, chosen.pop()))
    return _merged(built)


def _merged(built: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in built:
        if merged and merged[-1].end == span.begin and merged[-1].ladder == span.ladder:
            merged[-1] = replace(merged[-1], end=span.end)
        else:
            merged.append(span)
    return merged


def follow(timeline: Timeline, wanted: Sequence[Wanted], today: datetime.date, list_no: int, no: int) -> bool:
    """Whether anything changed. Planned prices that are no longer said are superseded, never lost; where
    nothing is said of today, the price of today stays up to the first that is. A first price may begin in the
    past; where there are prices, the past is known. Raises Ambiguous."""
    said = spans(wanted, today)
    if not said:
        return False
    start = max(said[0].begin, today)
    if _clipped(said, start) == _clipped(_stored_spans(timeline), start):
        return False
    for price in [price for price in timeline.current if price.valid_from > today]:
        timeline.current.remove(price)
        timeline.superseded.add(price.id)
    now = next((price for price in timeline.current if price.covers(today)), None)
    if now is not None:
        said = _meet(timeline, now, said, today)
    floor = today if timeline.current or timeline.superseded else datetime.date.min
    for span in said:
        begin = max(span.begin, floor)
        end = None if span.end == _EVER else span.end
        timeline.current.append(Stored(new_id(), list_no, no, begin, end, end, span.ladder, fresh=True))
    return True


def _meet(timeline: Timeline, now: Stored, said: list[Span], today: datetime.date) -> list[Span]:
    """The price of today ends where another begins, or goes on; what then remains to be added."""
    first = said[0]
    if first.begin <= today and first.ladder == now.ladder:
        end = now.valid_to or _EVER
        if first.end < end:
            _shorten(timeline, now, first.end)
        rest = [Span(end, first.end, first.ladder)] if first.end > end else []
        return rest + said[1:]
    if first.begin > today:
        if now.valid_to is None or now.valid_to > first.begin:
            _shorten(timeline, now, first.begin)
        return said
    if now.valid_from == today:
        timeline.current.remove(now)
        timeline.superseded.add(now.id)
    else:
        _shorten(timeline, now, today)
        if not now.fresh:
            timeline.copies.append(replace(now, id=new_id(), copy_of=now.id))
    return [replace(first, begin=today), *said[1:]]


def _shorten(timeline: Timeline, price: Stored, end: datetime.date) -> None:
    shorter = replace(price, valid_to=end)
    timeline.current[timeline.current.index(price)] = shorter
    if not price.fresh:
        timeline.shortened[price.id] = shorter


def _stored_spans(timeline: Timeline) -> list[Span]:
    ordered = sorted(timeline.current, key=lambda price: price.valid_from)
    return _merged(Span(price.valid_from, price.valid_to or _EVER, price.ladder) for price in ordered)


def _clipped(found: Iterable[Span], start: datetime.date) -> list[Span]:
    return [replace(span, begin=max(span.begin, start)) for span in found if span.end > start]
