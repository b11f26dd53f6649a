"""What the facts of an order do to its hold: placed makes it firm, cancelled gives it back, shipped lets it go.

Many events are applied together: all holds are locked first, then all stock levels, then each event changes the
picture in memory, and the result is written by a few statements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.reservations import levels, store
from catalog.reservations.domain import LAST_ATTEMPT, Reservation
from catalog.reservations.store import Hold
from chassis.ids import new_id

# More may leave than was counted; then the count was wrong, and a correction before the shipment says so.
_ON_HAND = sql.statement("""
    SELECT variant_id, warehouse_id, on_hand FROM stock_levels
    WHERE variant_id = ANY(CAST(:variants AS uuid[])) ORDER BY variant_id, warehouse_id FOR UPDATE
""")
_LEAVE = sql.statement("""
    UPDATE stock_levels s SET reserved = s.reserved - g.quantity, on_hand = s.on_hand - g.quantity + g.missing
    FROM unnest(CAST(:variants AS uuid[]), CAST(:warehouses AS uuid[]), CAST(:quantities AS integer[]),
        CAST(:missing AS integer[])) AS g(variant_id, warehouse_id, quantity, missing)
    WHERE s.variant_id = g.variant_id AND s.warehouse_id = g.warehouse_id
""")
_MOVE = sql.statement("""
    INSERT INTO stock_movements (id, variant_id, warehouse_id, kind, quantity, reason, order_id)
    VALUES (:id, :variant_id, :warehouse_id, :kind, :quantity, :reason, :order_id)
""")


@dataclass(frozen=True, slots=True)
class OrderFact:
    """`kind`: PLACED, CANCELLED or SHIPPED; `quantities` of a placed order, by variant."""

    kind: str
    order_id: UUID
    attempt_id: UUID | None = None
    quantities: dict[UUID, int] = field(default_factory=dict)


class HoldMissing(Exception):
    """An order was placed whose hold is not there: somebody must look at it."""


@dataclass(slots=True)
class _Picture:
    holds: dict[UUID, Hold]
    lines: dict[UUID, list[Reservation]]
    changed: dict[UUID, Hold] = field(default_factory=dict)
    given_back: list[UUID] = field(default_factory=list)
    shipped: list[UUID] = field(default_factory=list)

    def set(self, hold: Hold) -> None:
        self.holds[hold.order_id] = self.changed[hold.order_id] = hold


async def apply(session: AsyncSession, facts: Sequence[OrderFact]) -> None:
    """Raises HoldMissing for an order that was placed without a hold of the same lines."""
    order_ids = sorted({fact.order_id for fact in facts})
    # Held by nobody, and by nobody later: a cancelled order can never be placed again.
    await store.bury_all(session, sorted({fact.order_id for fact in facts if fact.kind == "CANCELLED"}))
    picture = _Picture(await store.lock_holds(session, order_ids), {})
    firm_only = all(
        fact.kind == "PLACED" and _is_plain(picture.holds.get(fact.order_id), fact) for fact in facts
    )
    if not firm_only:
        picture.lines = await store.lines_of(session, order_ids)
    for fact in facts:
        _apply(picture, fact)
    if picture.given_back or picture.shipped:
        leaving = [line for order_id in picture.shipped for line in picture.lines.get(order_id, [])]
        back = [line for order_id in picture.given_back for line in picture.lines.get(order_id, [])]
        await levels.lock_levels(session, [line.variant_id for line in (*leaving, *back)])
        await levels.give_back(session, back)
        await _ship(session, picture)
        await store.drop_lines(session, [*picture.given_back, *picture.shipped])
    await store.set_states(session, list(picture.changed.values()))


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
        case "SHIPPED" if hold is not None and hold.state in ("HELD", "FIRM"):
            picture.shipped.append(fact.order_id)
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
        return
    raise HoldMissing(f"order {fact.order_id} was placed by attempt {fact.attempt_id}, which holds nothing")


def _same(lines: Sequence[Reservation], quantities: dict[UUID, int]) -> bool:
    total: dict[UUID, int] = {}
    for line in lines:
        total[line.variant_id] = total.get(line.variant_id, 0) + line.quantity
    return total == quantities


async def _ship(session: AsyncSession, picture: _Picture) -> None:
    taken: list[tuple[UUID, UUID, UUID, int]] = [
        (line.variant_id, warehouse_id, order_id, quantity)
        for order_id in picture.shipped
        for line in picture.lines.get(order_id, [])
        for warehouse_id, quantity in line.takes
    ]
    if not taken:
        return
    rows = await sql.rows(session, _ON_HAND, {"variants": sorted({variant for variant, *_ in taken})})
    on_hand = {(row.variant_id, row.warehouse_id): row.on_hand for row in rows}
    leaving: dict[tuple[UUID, UUID], list[int]] = {}
    movements: list[dict[str, object]] = []
    for variant_id, warehouse_id, order_id, quantity in taken:
        place = (variant_id, warehouse_id)
        missing = max(0, quantity - on_hand[place])
        on_hand[place] += missing - quantity
        sums = leaving.setdefault(place, [0, 0])
        sums[0] += quantity
        sums[1] += missing
        if missing:
            movements.append(
                _movement(place, "CORRECTION", missing, order_id, "Shipped more than was counted")
            )
        movements.append(_movement(place, "SHIPMENT", -quantity, order_id, ""))
    columns = {
        "variants": [variant_id for variant_id, _ in leaving],
        "warehouses": [warehouse_id for _, warehouse_id in leaving],
        "quantities": [quantity for quantity, _ in leaving.values()],
        "missing": [missing for _, missing in leaving.values()],
    }
    await sql.run(session, _LEAVE, columns)
    await sql.run(session, _MOVE, movements)


def _movement(
    place: tuple[UUID, UUID], kind: str, quantity: int, order_id: UUID, reason: str
) -> dict[str, object]:
    return {
        "id": new_id(),
        "variant_id": place[0],
        "warehouse_id": place[1],
        "kind": kind,
        "quantity": quantity,
        "reason": reason,
        "order_id": order_id,
    }
