"""How a new price meets the ones that are there. No I/O; prices are never lost, only ended or marked as history.

A price that is replaced ends where the new one begins. When the new one has an end within it, it goes on after
that. When both begin on the same day, the new one is a correction: the old one is kept as superseded. A price
that begins later within the new one is not touched: that is an overlap, and refused.

What changes on days that have already begun is also kept as it was known until then, as a superseded copy: a
quote as of an instant before the change answers with that.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from uuid import UUID

from chassis.errors import FailedPrecondition
from chassis.ids import new_id

Ladder = tuple[tuple[int, Decimal], ...]


class PriceOverlap(FailedPrecondition):
    reason = "PRICE_OVERLAP"

    def __init__(self, begins: datetime.date, found: datetime.date) -> None:
        message = f"The price from {begins} would overlap the one that begins on {found}; end it there."
        super().__init__(message, valid_from=begins, begins=found)


@dataclass(frozen=True, slots=True)
class NewPrice:
    list_no: int
    variant_no: int
    valid_from: datetime.date
    valid_to: datetime.date | None
    ladder: Ladder


@dataclass(frozen=True, slots=True)
class Stored:
    """A price as it is, or will be, in the database; `fresh` when this change makes it."""

    id: UUID
    list_no: int
    variant_no: int
    valid_from: datetime.date
    valid_to: datetime.date | None
    set_valid_to: datetime.date | None
    ladder: Ladder
    create_time: datetime.datetime | None = None
    fresh: bool = False
    copy_of: UUID | None = None

    def covers(self, day: datetime.date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(slots=True)
class Timeline:
    """The current prices of one variant in one list, and what is to be written."""

    current: list[Stored]
    shortened: dict[UUID, Stored] = field(default_factory=dict)
    superseded: set[UUID] = field(default_factory=set)
    copies: list[Stored] = field(default_factory=list)

    def set(self, new: NewPrice, today: datetime.date) -> tuple[Stored, bool]:
        """The stored price and whether anything changed. Raises PriceOverlap."""
        same = next((price for price in self.current if _says_the_same(price, new)), None)
        if same is not None:
            return same, False
        overlapping = [price for price in self.current if _overlap(price, new)]
        for price in overlapping:
            if price.valid_from > new.valid_from or (price.fresh and price.valid_from == new.valid_from):
                raise PriceOverlap(new.valid_from, price.valid_from)
        for price in overlapping:  # at most one: current prices do not overlap
            self._make_room(price, new, today)
        stored = Stored(
            id=new_id(),
            list_no=new.list_no,
            variant_no=new.variant_no,
            valid_from=new.valid_from,
            valid_to=new.valid_to,
            set_valid_to=new.valid_to,
            ladder=new.ladder,
            fresh=True,
        )
        self.current.append(stored)
        return stored, True

    def _make_room(self, price: Stored, new: NewPrice, today: datetime.date) -> None:
        self.current.remove(price)
        if price.valid_from == new.valid_from:
            self.superseded.add(price.id)
        else:
            shorter = replace(price, valid_to=new.valid_from)
            self.current.append(shorter)
            if not price.fresh:
                self.shortened[price.id] = shorter
                if new.valid_from <= today:
                    self.copies.append(replace(price, id=new_id(), copy_of=price.id))
        if new.valid_to is not None and (price.valid_to is None or price.valid_to > new.valid_to):
            rest = replace(price, id=new_id(), valid_from=new.valid_to, create_time=None, fresh=True)
            self.current.append(rest)

    @property
    def added(self) -> Iterable[Stored]:
        return (price for price in self.current if price.fresh)


def _overlap(price: Stored, new: NewPrice) -> bool:
    begins_before = new.valid_to is None or price.valid_from < new.valid_to
    ends_after = price.valid_to is None or price.valid_to > new.valid_from
    return begins_before and ends_after


def _says_the_same(price: Stored, new: NewPrice) -> bool:
    """Set exactly so before, or already valid for all of the new range to the same end."""
    if price.ladder != new.ladder:
        return False
    if price.valid_from == new.valid_from and price.set_valid_to == new.valid_to:
        return True
    return price.covers(new.valid_from) and price.valid_to == new.valid_to
