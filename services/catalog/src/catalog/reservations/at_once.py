"""A whole reservation in one statement: the hold, its lines and the taking.

For the usual case: a new order, every variant taken from one warehouse. Popular stock rows are locked for this
one statement and the commit only; where something must wait, for what `backorders` notes as well.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from uuid import UUID

from catalog import direct
from catalog.direct import Connection
from catalog.reservations import backorders
from catalog.reservations.domain import MAX_OWED, Take, Wanted, distribute

# `wanted` waits for `hold` by its join: the hold is locked first, as everywhere, and an order that has one already
# takes nothing here. Levels are locked in order; the condition of the update sees their newest state.
_RESERVE = f"""
    WITH hold AS (
        INSERT INTO stock_holds (order_id, attempt_id, state, content_hash, answer, expire_time, waits)
        VALUES ($1, $2, 'HELD', $3, $4, $5, true = ANY($13::boolean[])) ON CONFLICT (order_id) DO NOTHING RETURNING 1
    ), line AS (
        INSERT INTO stock_reservations (order_id, line_id, variant_id, quantity, warehouse_ids, taken)
        SELECT $1, line_id, variant_id, quantity, CASE WHEN place IS NULL THEN '{{}}' ELSE ARRAY[place] END,
            CASE WHEN place IS NULL THEN '{{}}' ELSE ARRAY[quantity] END
        FROM unnest($6::text[], $7::uuid[], $8::integer[], $9::uuid[]) AS l(line_id, variant_id, quantity, place),
            (SELECT count(*) AS made FROM hold) h
        WHERE h.made = 1
    ), wanted AS (
        SELECT w.* FROM unnest($10::uuid[], $11::uuid[], $12::integer[], $13::boolean[])
            AS w(variant_id, warehouse_id, quantity, backordered), (SELECT count(*) AS made FROM hold) h
        WHERE h.made = 1
    ), locked AS MATERIALIZED (
        SELECT s.variant_id, s.warehouse_id FROM stock_levels s JOIN wanted w USING (variant_id, warehouse_id)
        ORDER BY s.variant_id, s.warehouse_id FOR UPDATE OF s
    ), taken AS (
        UPDATE stock_levels s SET reserved = s.reserved + w.quantity,
            waiting = s.waiting + least(w.quantity, greatest(0, s.reserved + w.quantity - s.on_hand))
        FROM locked l JOIN wanted w USING (variant_id, warehouse_id)
        WHERE s.variant_id = l.variant_id AND s.warehouse_id = l.warehouse_id
            AND s.on_hand - s.reserved >= w.quantity - CASE WHEN w.backordered THEN {MAX_OWED} ELSE 0 END
        RETURNING s.variant_id, s.on_hand - s.reserved AS available
    ), stale AS (
        INSERT INTO search_stale (variant_id) SELECT variant_id FROM taken WHERE available <= 0
    )
    SELECT (SELECT count(*) FROM hold) AS made, (SELECT count(*) FROM taken) AS taken
"""  # noqa: S608


async def reserve(
    connection: Connection,
    order_id: UUID,
    attempt_id: UUID,
    content: tuple[bytes, bytes, datetime.datetime],
    wanted: Sequence[Wanted],
    takes: Mapping[UUID, Sequence[Take]],
) -> bool:
    """`content` is hash, answer and expiry. False when the order has a row, or stock is no longer as it was read:
    then the transaction must be rolled back."""
    found = [take for taken in takes.values() for take in taken]
    places = {take.variant_id: take.warehouse_id for take in found}
    ((made, taken),) = await direct.fetch(
        connection,
        _RESERVE,
        order_id,
        attempt_id,
        *content,
        [line.line_id for line in wanted],
        [line.variant_id for line in wanted],
        [line.quantity for line in wanted],
        [places.get(line.variant_id) for line in wanted],
        [take.variant_id for take in found],
        [take.warehouse_id for take in found],
        [take.quantity for take in found],
        [take.backordered for take in found],
    )
    if made != 1 or taken != len(found):
        return False
    await backorders.wait(connection, order_id, distribute(wanted, takes), found)
    return True
