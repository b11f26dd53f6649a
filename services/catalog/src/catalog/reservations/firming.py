"""What the facts of an order do to its hold: placed makes it firm, cancelled gives it back, a shipment lets go what
left with it.

Many events are applied together: all holds are locked first, then all stock levels, then each event changes the
picture in memory, and the result is written by a few statements.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.reservations import backorders, levels, shipping, store
from catalog.reservations.domain import LAST_ATTEMPT, Reservation, Wanted
from catalog.reservations.shipping import Departure
from catalog.reservations.store import Hold


@dataclass(frozen=True, slots=True)
class OrderFact:
    """`kind`: PLACED, AMENDED (see `amending`), CANCELLED, LEFT (with a shipment) or SHIPPED (all at once).
    `quantities` of a placed order, by variant; `lines` of a shipment: quantity by line; `wanted`: all lines of an
    amended order; `time` it happened."""

    kind: str
    order_id: UUID
    attempt_id: UUID | None = None
    quantities: dict[UUID, int] = field(default_factory=dict)
    time: datetime.datetime | None = None
    lines: dict[str, int] = field(default_factory=dict)
    wanted: tuple[Wanted, ...] = ()


class HoldMissing(Exception):
    """An order was placed whose hold is not there: somebody must look at it."""


@dataclass(slots=True)
class _Picture:
    holds: dict[UUID, Hold]
    lines: dict[UUID, list[Reservation]]
    changed: dict[UUID, Hold] = field(default_factory=dict)
    given_back: list[UUID] = field(default_factory=list)
    leaving: list[Departure] = field(default_factory=list)
    placed: dict[UUID, datetime.datetime | None] = field(default_factory=dict)

    def set(self, hold: Hold) -> None:
        self.holds[hold.order_id] = self.changed[hold.order_id] = hold

    def queueing(self) -> dict[UUID, datetime.datetime | None]:
        """The orders that were placed, and stay so, of which something may wait."""
        return {
            order_id: time
            for order_id, time in self.placed.items()
            if self.holds[order_id].state == "FIRM" and self.holds[order_id].waits
        }

    def lines_for(self, order_ids: Iterable[UUID]) -> list[Reservation]:
        return [line for order_id in order_ids for line in self.lines.get(order_id, [])]


async def apply(session: AsyncSession, facts: Sequence[OrderFact]) -> None:
    """Raises HoldMissing for an order that was placed without a hold of the same lines."""
    order_ids = sorted({fact.order_id for fact in facts})
    await bury_cancelled(session, facts)
    picture = _Picture(await store.lock_holds(session, order_ids), {})
    firm_only = all(
        fact.kind == "PLACED" and _is_plain(picture.holds.get(fact.order_id), fact) for fact in facts
    )
    if not firm_only or any(hold.waits for hold in picture.holds.values()):
        picture.lines = await store.lines_of(session, order_ids)
    for fact in facts:
        _apply(picture, fact)
    await _settle(session, picture)
    await store.set_states(session, list(picture.changed.values()))


async def bury_cancelled(session: AsyncSession, facts: Sequence[OrderFact]) -> None:
    """Held by nobody, and by nobody later: a cancelled order can never be placed again. Makes rows of holds, so before
    anything of levels is locked."""
    await store.bury_all(session, sorted({fact.order_id for fact in facts if fact.kind == "CANCELLED"}))


async def _settle(session: AsyncSession, picture: _Picture) -> None:
    """Moves what the facts changed. Who is placed queues before anything is given back, and is filled last: then all
    that is free is known."""
    queueing = picture.queueing()
    shipping_orders = {departure.order_id for departure in picture.leaving}
    if not (picture.given_back or shipping_orders or queueing):
        return
    touched = picture.lines_for((*picture.given_back, *shipping_orders, *queueing))
    await levels.lock_levels(session, [line.variant_id for line in touched])
    places = await backorders.place(session, queueing)
    await levels.give_back(session, picture.given_back, picture.lines_for(picture.given_back))
    waits = any(picture.holds[order_id].waits for order_id in shipping_orders)
    shipped = await shipping.ship(session, picture.leaving, picture.lines, waits=waits)
    for order_id in shipped:
        picture.set(picture.holds[order_id].with_state("SHIPPED"))
    await backorders.fill(session, places)
    await backorders.tell_opened(
        session, {order_id: picture.holds[order_id].attempt_id for order_id in queueing}
    )
    await store.drop_lines(session, [*picture.given_back, *shipped])


def _is_plain(hold: Hold | None, fact: OrderFact) -> bool:
    return (
        hold is not None and hold.state in ("HELD", "FIRM", "SHIPPED") and hold.attempt_id == fact.attempt_id
    )


def _apply(picture: _Picture, fact: OrderFact) -> None:
    hold = picture.holds.get(fact.order_id)
    match fact.kind:
        case "PLACED":
            _place(picture, hold, fact)
        case "CANCELLED" if hold is not None and hold.state != "SHIPPED":
            if hold.state in ("HELD", "FIRM"):
                picture.given_back.append(fact.order_id)
            picture.set(hold.with_state("RELEASED", LAST_ATTEMPT))
        case "LEFT" if hold is not None and hold.state in ("HELD", "FIRM"):
            picture.leaving.append(Departure(fact.order_id, fact.lines))
        case "SHIPPED" if hold is not None and hold.state in ("HELD", "FIRM"):
            picture.leaving.append(Departure(fact.order_id))
            picture.set(hold.with_state("SHIPPED"))


def _place(picture: _Picture, hold: Hold | None, fact: OrderFact) -> None:
    if hold is not None and hold.state in ("FIRM", "SHIPPED"):
        return
    if hold is not None and hold.released_attempt_id == LAST_ATTEMPT:
        return  # cancelled in the meantime
    if (
        hold is not None
        and hold.state == "HELD"
        and (
            hold.attempt_id == fact.attempt_id or _same(picture.lines.get(fact.order_id, []), fact.quantities)
        )
    ):
        picture.set(hold.with_state("FIRM"))
        picture.placed[fact.order_id] = fact.time
        return
    raise HoldMissing(f"order {fact.order_id} was placed by attempt {fact.attempt_id}, which holds nothing")


def _same(lines: Sequence[Reservation], quantities: dict[UUID, int]) -> bool:
    total: dict[UUID, int] = {}
    for line in lines:
        total[line.variant_id] = total.get(line.variant_id, 0) + line.quantity
    return total == quantities
