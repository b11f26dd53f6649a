"""Back-orders: order lines that were accepted beyond what is there, and how goods that arrive fill them.

A part of a line that a warehouse could not give at once has a row in `stock_backorders`: how many pieces it is still
`missing`. `stock_levels.waiting` is their sum for a variant in a warehouse, so of its `on_hand` pieces
`reserved - waiting` belong to somebody and the rest is free. Both change only while the row of the level is locked.

- A taking gets what is available and misses the rest; of several lines of an order the last ones miss.
- A line queues from the moment its order is placed. Before that nobody is filled: who is placed first comes first,
  whoever reserved first. Pieces that a line has got stay with it.
- Whatever makes pieces free (receipt, return, correction or count upwards, transfer in, import, release of another
  order), and the placing itself, ends with `fill`: so no piece is free while a placed line waits for it, and the
  rows in the queue are all that an order placed later must wait behind. Order: time of placing, order id, line id.
- `backorder_filled` is written to the outbox of the same transaction, once per line, warehouse and filling; and
  `backorder_opened` for what a line still waits for when its order is placed.
- Nothing but a shipment takes pieces that are reserved, so nobody is ever filled backwards.

Only variants that may be back-ordered cost anything here: a hold knows that it `waits`, a level what waits for it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from commis.catalog.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from catalog import direct, sql
from catalog.attribution import attribution
from catalog.direct import Connection
from catalog.pricing.wire import date_to_proto
from catalog.reservations.domain import Reservation, Take
from catalog.reservations.pooling import Waiting
from chassis import outbox

SUBJECT = "commis.catalog.v1.backorder_filled"
OPENED = "commis.catalog.v1.backorder_opened"

# The level is locked and has the taking already: what is beyond the pieces there, of this very taking.
_BEYOND = """
    SELECT variant_id, warehouse_id, least(w.quantity, greatest(0, s.reserved - s.on_hand)) AS missing
    FROM stock_levels s JOIN unnest($1::uuid[], $2::uuid[], $3::integer[]) AS w(variant_id, warehouse_id, quantity)
        USING (variant_id, warehouse_id)
"""
_WAIT = """
    INSERT INTO stock_backorders (order_id, line_id, variant_id, warehouse_id, missing)
    SELECT $1, line_id, variant_id, warehouse_id, missing
    FROM unnest($2::text[], $3::uuid[], $4::uuid[], $5::integer[]) AS n(line_id, variant_id, warehouse_id, missing)
"""
_PLACE = sql.statement("""
    UPDATE stock_backorders b SET place_time = coalesce(p.place_time, now())
    FROM unnest(CAST(:ids AS uuid[]), CAST(:times AS timestamptz[])) AS p(order_id, place_time)
    WHERE b.order_id = p.order_id RETURNING b.variant_id, b.warehouse_id
""")
# Each row of the queue misses a piece at least, so no more rows than free pieces can be filled.
_FILL = sql.statement("""
    WITH level AS (
        SELECT s.variant_id, s.warehouse_id, s.on_hand - s.reserved + s.waiting AS free FROM stock_levels s
        JOIN unnest(CAST(:variants AS uuid[]), CAST(:warehouses AS uuid[])) AS p(variant_id, warehouse_id)
            USING (variant_id, warehouse_id)
        WHERE s.waiting > 0 AND s.on_hand - s.reserved + s.waiting > 0
    ), queue AS (
        SELECT q.order_id, q.line_id, q.warehouse_id, least(q.missing, l.free - q.before) AS got
        FROM level l CROSS JOIN LATERAL (
            SELECT b.*, sum(b.missing) OVER (ORDER BY b.place_time, b.order_id, b.line_id) - b.missing AS before
            FROM (
                SELECT * FROM stock_backorders w
                WHERE w.variant_id = l.variant_id AND w.warehouse_id = l.warehouse_id
                    AND w.missing > 0 AND w.place_time IS NOT NULL
                ORDER BY w.place_time, w.order_id, w.line_id LIMIT l.free
            ) b
        ) q WHERE q.before < l.free
    ), filled AS (
        UPDATE stock_backorders b SET missing = b.missing - q.got FROM queue q
        WHERE b.order_id = q.order_id AND b.line_id = q.line_id AND b.warehouse_id = q.warehouse_id
        RETURNING b.order_id, b.line_id, b.variant_id, b.warehouse_id, q.got, b.missing, b.place_time
    ), level_filled AS (
        UPDATE stock_levels s SET waiting = s.waiting - f.got
        FROM (SELECT variant_id, warehouse_id, sum(got) AS got FROM filled GROUP BY 1, 2) f
        WHERE s.variant_id = f.variant_id AND s.warehouse_id = f.warehouse_id
    )
    SELECT f.order_id, f.line_id, f.variant_id, f.warehouse_id, f.got, f.missing, s.expected_date
    FROM filled f JOIN stock_levels s USING (variant_id, warehouse_id)
    ORDER BY f.variant_id, f.warehouse_id, f.place_time, f.order_id, f.line_id
""")
_OPEN = sql.statement("""
    SELECT b.order_id, b.line_id, b.variant_id, b.warehouse_id, b.missing, s.expected_date
    FROM stock_backorders b JOIN stock_levels s USING (variant_id, warehouse_id)
    WHERE b.order_id = ANY(CAST(:ids AS uuid[])) AND b.missing > 0 ORDER BY b.order_id, b.line_id, b.warehouse_id
""")
_MISSING = sql.statement("""
    SELECT order_id, line_id, warehouse_id, missing FROM stock_backorders WHERE order_id = ANY(CAST(:ids AS uuid[]))
""")
_SET_MISSING = sql.statement("""
    UPDATE stock_backorders SET missing = :missing
    WHERE order_id = :order_id AND line_id = :line_id AND warehouse_id = :warehouse_id
""")
_END = sql.statement("DELETE FROM stock_backorders WHERE order_id = ANY(CAST(:ids AS uuid[]))")


class Part(NamedTuple):
    """What a line takes from one warehouse."""

    order_id: UUID
    line_id: str
    warehouse_id: UUID


async def wait(
    connection: Connection, order_id: UUID, reservations: Sequence[Reservation], takes: Iterable[Take]
) -> None:
    """Right after the taking, in its transaction: remembers which lines miss what. A statement or two, and none when
    nothing may be back-ordered."""
    asked = [take for take in takes if take.backordered]
    if not asked:
        return
    rows = await direct.fetch(
        connection,
        _BEYOND,
        [take.variant_id for take in asked],
        [take.warehouse_id for take in asked],
        [take.quantity for take in asked],
    )
    left = {(row["variant_id"], row["warehouse_id"]): int(row["missing"]) for row in rows}
    parts: list[tuple[str, UUID, UUID, int]] = []
    for line in reversed(reservations):
        for warehouse_id, quantity in line.takes:
            missing = min(quantity, left.get((line.variant_id, warehouse_id), 0))
            if missing:
                left[line.variant_id, warehouse_id] -= missing
                parts.append((line.line_id, line.variant_id, warehouse_id, missing))
    if parts:
        await direct.fetch(connection, _WAIT, order_id, *map(list, zip(*parts, strict=True)))


async def place(
    session: AsyncSession, orders: Mapping[UUID, datetime.datetime | None]
) -> list[tuple[UUID, UUID]]:
    """The lines of these orders queue from now on, with the time of placing (None: now). The variants and warehouses
    to `fill`. Their levels must be locked."""
    if not orders:
        return []
    rows = await sql.rows(session, _PLACE, {"ids": list(orders), "times": list(orders.values())})
    return [(row.variant_id, row.warehouse_id) for row in rows]


async def fill(session: AsyncSession, places: Iterable[tuple[UUID, UUID]]) -> None:
    """Gives what is free of these variants and warehouses to who waits. Their levels must be locked."""
    wanted = sorted(set(places))
    if not wanted:
        return
    columns = {"variants": [variant for variant, _ in wanted], "warehouses": [place for _, place in wanted]}
    for row in await sql.rows(session, _FILL, columns):
        said = attribution(row.order_id)
        said.account_id = ""  # who gave something back has nothing to do with the account that gets it
        event = events_pb2.BackorderFilled(
            attribution=said,
            order_id=str(row.order_id),
            line_id=row.line_id,
            variant_id=str(row.variant_id),
            warehouse_id=str(row.warehouse_id),
            quantity=row.got,
            missing_quantity=row.missing,
            expected_date=date_to_proto(row.expected_date),
        )
        outbox.add(session, event, subject=SUBJECT, aggregate_id=str(row.order_id))


async def tell_opened(session: AsyncSession, attempts: Mapping[UUID, UUID]) -> None:
    """What the orders that were just placed, each with its attempt, still wait for after filling."""
    if not attempts:
        return
    for row in await sql.rows(session, _OPEN, {"ids": list(attempts)}):
        said = attribution(row.order_id)
        event = events_pb2.BackorderOpened(
            attribution=said,
            order_id=str(row.order_id),
            line_id=row.line_id,
            variant_id=str(row.variant_id),
            warehouse_id=str(row.warehouse_id),
            missing_quantity=row.missing,
            expected_date=date_to_proto(row.expected_date),
            attempt_id=str(attempts[row.order_id]),
        )
        outbox.add(session, event, subject=OPENED, aggregate_id=str(row.order_id))


async def tell_amended(
    session: AsyncSession, order_id: UUID, attempt_id: UUID, before: Iterable[Waiting]
) -> None:
    """What an amended order waits for, and that the parts which waited `before` wait no more where they do not."""
    await tell_opened(session, {order_id: attempt_id})
    left = {part for part, lacking in (await missing(session, [order_id])).items() if lacking}
    for row in before:
        if Part(order_id, row.line_id, row.warehouse_id) not in left:
            event = events_pb2.BackorderOpened(
                attribution=attribution(order_id),
                order_id=str(order_id),
                line_id=row.line_id,
                variant_id=str(row.variant_id),
                warehouse_id=str(row.warehouse_id),
                attempt_id=str(attempt_id),
            )
            outbox.add(session, event, subject=OPENED, aggregate_id=str(order_id))


async def missing(session: AsyncSession, order_ids: Iterable[UUID]) -> dict[Part, int]:
    """What each part of these orders still misses. Their levels must be locked."""
    rows = await sql.rows(session, _MISSING, {"ids": list(order_ids)})
    return {Part(row.order_id, row.line_id, row.warehouse_id): row.missing for row in rows}


async def set_missing(session: AsyncSession, parts: Mapping[Part, int]) -> None:
    """The caller takes the difference off the levels, which must be locked."""
    if parts:
        await sql.run(
            session, _SET_MISSING, [part._asdict() | {"missing": left} for part, left in parts.items()]
        )


async def end(session: AsyncSession, order_ids: Sequence[UUID]) -> None:
    """These orders wait no more."""
    if order_ids:
        await sql.run(session, _END, {"ids": list(order_ids)})
