"""What left for a customer, with each shipment or all at once: it leaves the stock, and the ledger says so.

Of a line the pieces that are there leave first. What it still waited for leaves as well when orders says so: from what
is free, and where that is not enough more was there than was counted; a correction before the shipment says so. Pieces
of other orders stay theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.reservations import backorders, store
from catalog.reservations.backorders import Part
from catalog.reservations.domain import Reservation
from chassis.ids import new_id

Place = tuple[UUID, UUID]  # variant and warehouse

_FREE = sql.statement("""
    SELECT variant_id, warehouse_id, on_hand - reserved + waiting AS free FROM stock_levels
    WHERE variant_id = ANY(CAST(:variants AS uuid[])) ORDER BY variant_id, warehouse_id FOR UPDATE
""")
_LEAVE = sql.statement("""
    UPDATE stock_levels s SET reserved = s.reserved - g.quantity, waiting = s.waiting - g.missing,
        on_hand = s.on_hand - g.quantity + g.found
    FROM unnest(CAST(:variants AS uuid[]), CAST(:warehouses AS uuid[]), CAST(:quantities AS integer[]),
        CAST(:missing AS integer[]), CAST(:found AS integer[]))
        AS g(variant_id, warehouse_id, quantity, missing, found)
    WHERE s.variant_id = g.variant_id AND s.warehouse_id = g.warehouse_id
""")
_MOVE = sql.statement("""
    INSERT INTO stock_movements (id, variant_id, warehouse_id, kind, quantity, reason, order_id)
    VALUES (:id, :variant_id, :warehouse_id, :kind, :quantity, :reason, :order_id)
""")


@dataclass(frozen=True, slots=True)
class Departure:
    """`quantities` by line; None: everything that the order still has."""

    order_id: UUID
    quantities: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """Pieces of one line from one warehouse, of which it had still missed `missed`."""

    variant_id: UUID
    part: Part
    quantity: int
    missed: int


class Holding:
    """What an order still has, as it leaves piece by piece. No I/O."""

    def __init__(self, order_id: UUID, lines: Iterable[Reservation]) -> None:
        self.order_id = order_id
        self._lines = {line.line_id: line for line in lines}

    def leave(self, quantities: Mapping[str, int] | None, missing: dict[Part, int]) -> list[Gone]:
        """Takes it out, also of `missing`. Never more than is held."""
        found = []
        for line in list(self._lines.values()):
            wanted = (
                line.quantity if quantities is None else min(quantities.get(line.line_id, 0), line.quantity)
            )
            if wanted:
                found += self._leave(line, wanted, missing)
        return found

    def _leave(self, line: Reservation, wanted: int, missing: dict[Part, int]) -> list[Gone]:
        parts = [Part(self.order_id, line.line_id, warehouse_id) for warehouse_id, _ in line.takes]
        there = [
            max(0, taken - missing.get(part, 0)) for part, (_, taken) in zip(parts, line.takes, strict=True)
        ]
        left, given = wanted, [0] * len(parts)
        for limits in (there, [taken for _, taken in line.takes]):
            for index, limit in enumerate(limits):
                more = min(left, limit - given[index])
                given[index] += more
                left -= more
        gone = []
        for part, quantity, stood in zip(parts, given, there, strict=True):
            if quantity:
                missed = max(0, quantity - stood)
                if missed:
                    missing[part] -= missed
                gone.append(Gone(line.variant_id, part, quantity, missed))
        takes = tuple(
            (warehouse_id, taken - quantity)
            for (warehouse_id, taken), quantity in zip(line.takes, given, strict=True)
            if taken > quantity
        )
        self._lines[line.line_id] = Reservation(line.line_id, line.variant_id, line.quantity - wanted, takes)
        return gone

    def lines(self) -> list[Reservation]:
        """With the lines of which nothing is left."""
        return list(self._lines.values())

    @property
    def empty(self) -> bool:
        return not any(line.quantity for line in self._lines.values())


@dataclass(slots=True)
class _Leaving:
    """From one level; `found` is what was not counted before."""

    quantity: int = 0
    missing: int = 0
    found: int = 0


@dataclass(slots=True)
class _Ledger:
    """`free`: pieces that belong to nobody, by level."""

    free: dict[Place, int]
    leaving: dict[Place, _Leaving] = field(default_factory=dict)
    movements: list[dict[str, object]] = field(default_factory=list)

    def book(self, gone: Gone) -> None:
        place = (gone.variant_id, gone.part.warehouse_id)
        found = max(0, gone.missed - self.free[place])
        self.free[place] -= gone.missed - found
        sums = self.leaving.setdefault(place, _Leaving())
        sums.quantity += gone.quantity
        sums.missing += gone.missed
        sums.found += found
        if found:
            self._move(place, "CORRECTION", found, gone.part.order_id, "Shipped more than was counted")
        self._move(place, "SHIPMENT", -gone.quantity, gone.part.order_id, "")

    def _move(self, place: Place, kind: str, quantity: int, order_id: UUID, reason: str) -> None:
        self.movements.append(
            {
                "id": new_id(),
                "variant_id": place[0],
                "warehouse_id": place[1],
                "kind": kind,
                "quantity": quantity,
                "reason": reason,
                "order_id": order_id,
            }
        )


async def ship(
    session: AsyncSession,
    departures: Sequence[Departure],
    lines: Mapping[UUID, Sequence[Reservation]],
    *,
    waits: bool,
) -> list[UUID]:
    """The orders that have nothing left. `lines` of these orders, whose levels must be locked; `waits`: some of them
    may have waited."""
    orders = {departure.order_id for departure in departures}
    if not orders:
        return []
    holdings = {order_id: Holding(order_id, lines.get(order_id, ())) for order_id in orders}
    missing = await backorders.missing(session, orders) if waits else {}
    variants = {line.variant_id for order_id in orders for line in lines.get(order_id, ())}
    rows = await sql.rows(session, _FREE, {"variants": sorted(variants)})
    ledger = _Ledger({(row.variant_id, row.warehouse_id): row.free for row in rows})
    late: dict[Part, int] = {}
    for departure in departures:
        for gone in holdings[departure.order_id].leave(departure.quantities, missing):
            ledger.book(gone)
            if gone.missed:
                late[gone.part] = missing[gone.part]
    await _write(session, ledger)
    done = [order_id for order_id, holding in holdings.items() if holding.empty]
    await backorders.set_missing(
        session, {part: rest for part, rest in late.items() if part.order_id not in done}
    )
    left = {order_id: holding.lines() for order_id, holding in holdings.items() if not holding.empty}
    await store.set_lines(session, left)
    if waits:
        await backorders.end(session, done)
    return done


async def _write(session: AsyncSession, ledger: _Ledger) -> None:
    if not ledger.leaving:
        return
    columns = {
        "variants": [variant_id for variant_id, _ in ledger.leaving],
        "warehouses": [warehouse_id for _, warehouse_id in ledger.leaving],
        "quantities": [sums.quantity for sums in ledger.leaving.values()],
        "missing": [sums.missing for sums in ledger.leaving.values()],
        "found": [sums.found for sums in ledger.leaving.values()],
    }
    await sql.run(session, _LEAVE, columns)
    await sql.run(session, _MOVE, ledger.movements)
