"""What an amended order keeps of what it had and of what was held beyond, line by line. No I/O.

Of a variant that is needed less, pieces that are still missing are given up first, those asked for last before others;
then pieces that are there, of the warehouse that came last. What stays goes to the lines in their order; as ever, of
several lines the last ones miss. A piece keeps its place in the queue; a line that waits for pieces of two times queues
by the later one, so that nobody who asks for more overtakes others with it.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from catalog.reservations.domain import Reservation, Take, Wanted, distribute, summed

Place = tuple[UUID, UUID]  # variant and warehouse
_Portion = tuple[datetime.datetime, int]


class Waiting(NamedTuple):
    """Pieces of a line that are missing in a warehouse, since when."""

    line_id: str
    variant_id: UUID
    warehouse_id: UUID
    missing: int
    since: datetime.datetime


class Freed(NamedTuple):
    """Of a level: `missing` of the `quantity` were not there."""

    quantity: int
    missing: int


class Amended(NamedTuple):
    reservations: list[Reservation]
    waiting: list[Waiting]
    freed: dict[Place, Freed]


class Short(Exception):
    """More is needed of a variant than is held."""


def amended(wanted: Sequence[Wanted], held: Sequence[Reservation], waiting: Sequence[Waiting]) -> Amended:
    """`held` and `waiting` are those of the order first, then what was held beyond. Raises Short."""
    needed = summed(wanted)
    takes: dict[UUID, list[Take]] = {}
    missing: dict[Place, list[_Portion]] = {}
    freed: dict[Place, Freed] = {}
    for variant_id in dict.fromkeys((*needed, *(line.variant_id for line in held))):
        own = [line for line in held if line.variant_id == variant_id]
        surplus = sum(line.quantity for line in own) - needed.get(variant_id, 0)
        if surplus < 0:
            raise Short(f"{-surplus} more of variant {variant_id}")
        pool = _pool(own)
        for warehouse_id in pool:
            missing[variant_id, warehouse_id] = _portions(waiting, variant_id, warehouse_id)
        _give_up(variant_id, pool, missing, surplus, freed)
        takes[variant_id] = [
            Take(variant_id, place, quantity) for place, quantity in pool.items() if quantity
        ]
    reservations = distribute(wanted, takes)
    return Amended(reservations, _waiting(reservations, missing), freed)


def _pool(lines: Sequence[Reservation]) -> dict[UUID, int]:
    """By warehouse, in the order of taking."""
    pool: dict[UUID, int] = {}
    for line in lines:
        for warehouse_id, quantity in line.takes:
            pool[warehouse_id] = pool.get(warehouse_id, 0) + quantity
    return pool


def _portions(waiting: Sequence[Waiting], variant_id: UUID, warehouse_id: UUID) -> list[_Portion]:
    """The oldest first."""
    return sorted(
        (row.since, row.missing)
        for row in waiting
        if (row.variant_id, row.warehouse_id) == (variant_id, warehouse_id) and row.missing
    )


def _give_up(
    variant_id: UUID,
    pool: dict[UUID, int],
    missing: dict[Place, list[_Portion]],
    surplus: int,
    freed: dict[Place, Freed],
) -> None:
    for warehouse_id in reversed(pool):
        place = (variant_id, warehouse_id)
        lacking = min(surplus, sum(quantity for _, quantity in missing[place]))
        if lacking:
            missing[place] = _without(missing[place], lacking)
            pool[warehouse_id] -= lacking
            surplus -= lacking
            freed[place] = Freed(lacking, lacking)
    for warehouse_id in reversed(pool):
        place = (variant_id, warehouse_id)
        there = min(surplus, pool[warehouse_id])
        if there:
            pool[warehouse_id] -= there
            surplus -= there
            before = freed.get(place, Freed(0, 0))
            freed[place] = Freed(before.quantity + there, before.missing)


def _without(portions: Sequence[_Portion], quantity: int) -> list[_Portion]:
    """Less the newest."""
    left = []
    for since, amount in reversed(portions):
        less = min(amount, quantity)
        quantity -= less
        if amount > less:
            left.append((since, amount - less))
    return left[::-1]


def _waiting(
    reservations: Sequence[Reservation], missing: Mapping[Place, Sequence[_Portion]]
) -> list[Waiting]:
    left = {place: list(portions) for place, portions in missing.items()}
    rows = []
    for line in reversed(reservations):
        for warehouse_id, quantity in line.takes:
            newest = left.get((line.variant_id, warehouse_id), [])
            lacking, since = 0, datetime.datetime.min.replace(tzinfo=datetime.UTC)
            while newest and lacking < quantity:
                time, amount = newest.pop()
                part = min(amount, quantity - lacking)
                lacking, since = lacking + part, max(since, time)
                if amount > part:
                    newest.append((time, amount - part))
            if lacking:
                rows.append(Waiting(line.line_id, line.variant_id, warehouse_id, lacking, since))
    return rows
