"""What the search index learns later than the change: stock that crossed zero, and prices of the day."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable, Sequence
from contextlib import suppress

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from chassis import db
from chassis.db import Sessions

BATCH = 500

_ANY_STALE = "SELECT 1 FROM search_stale ORDER BY position LIMIT 1"
_TAKE_STALE = sql.statement("""
    DELETE FROM search_stale WHERE position IN
        (SELECT position FROM search_stale ORDER BY position LIMIT :batch FOR UPDATE SKIP LOCKED)
    RETURNING variant_id
""")
_SET_STOCK = sql.statement("""
    WITH changed AS (
        SELECT p.product_id, EXISTS (
            SELECT 1 FROM variants v JOIN stock_levels s ON s.variant_id = v.id
            WHERE v.product_id = p.product_id AND NOT v.discontinued AND s.on_hand > s.reserved) AS in_stock
        FROM (SELECT DISTINCT product_id FROM variants WHERE id = ANY(CAST(:variants AS uuid[]))) p
    ), locked AS MATERIALIZED (
        SELECT d.product_id, c.in_stock FROM search_documents d JOIN changed c USING (product_id)
        WHERE d.in_stock <> c.in_stock ORDER BY d.product_id FOR UPDATE OF d
    )
    UPDATE search_documents d SET in_stock = l.in_stock FROM locked l WHERE d.product_id = l.product_id
""")
# The cheapest variant of a product in each list on a day; rows whose product lost its price disappear.
_SET_PRICES = sql.statement("""
    WITH wanted AS (
        SELECT DISTINCT v.product_id FROM variants v WHERE v.no = ANY(CAST(:variants AS bigint[]))
    ), cheapest AS (
        SELECT p.list_no, v.product_id, min(p.unit_prices[1]) AS amount
        FROM wanted w JOIN variants v ON v.product_id = w.product_id AND NOT v.discontinued
        JOIN prices p ON p.variant_no = v.no AND p.supersede_time IS NULL AND p.valid_from <= :day
            AND (p.valid_to IS NULL OR p.valid_to > :day)
        GROUP BY p.list_no, v.product_id
    ), gone AS (
        DELETE FROM search_prices s USING wanted w WHERE s.product_id = w.product_id
            AND NOT EXISTS (SELECT 1 FROM cheapest c WHERE c.list_no = s.list_no AND c.product_id = s.product_id)
    )
    INSERT INTO search_prices (list_no, product_id, amount)
    SELECT list_no, product_id, amount FROM cheapest ORDER BY product_id, list_no
    ON CONFLICT (list_no, product_id) DO UPDATE SET amount = excluded.amount
        WHERE search_prices.amount <> excluded.amount
""")
# Prices set in advance that begin, and prices that end; whoever sets a price for today refreshes it himself.
_TURNING = sql.statement("""
    SELECT variant_no, id FROM prices WHERE supersede_time IS NULL
        AND (valid_from BETWEEN :since AND :day AND create_time < valid_from OR valid_to BETWEEN :since AND :day)
        AND (CAST(:after AS uuid) IS NULL OR id > :after) ORDER BY id LIMIT :batch
""")
_MISSED = datetime.timedelta(days=7)  # how long the service may have been away


async def refresh_prices(session: AsyncSession, variant_numbers: Sequence[int], day: datetime.date) -> None:
    if variant_numbers:
        await sql.run(session, _SET_PRICES, {"variants": sorted(set(variant_numbers)), "day": day})


async def refresh_stock(sessions: Sessions) -> int:
    """Bring one batch of products up to date; the number of stock changes looked at."""
    async with db.driver(
        sessions.kw["bind"]
    ) as connection:  # asked all the time, and hardly ever is there any
        if await connection.fetchval(_ANY_STALE) is None:
            return 0
    async with sessions.begin() as session:
        rows = await sql.rows(session, _TAKE_STALE, {"batch": BATCH})
        if rows:
            await sql.run(session, _SET_STOCK, {"variants": list({row.variant_id for row in rows})})
    return len(rows)


async def turn_day(sessions: Sessions, day: datetime.date) -> None:
    """Prices whose validity began or ended on this day, or the week before, now sort by what holds on it."""
    after = None
    while True:
        async with sessions.begin() as session:
            parameters = {"since": day - _MISSED, "day": day, "after": after, "batch": BATCH}
            rows = await sql.rows(session, _TURNING, parameters)
            await refresh_prices(session, [row.variant_no for row in rows], day)
        if len(rows) < BATCH:
            return
        after = rows[-1].id


class SearchUpkeep:
    """Background task; safe to run in every replica. `today` is the business day."""

    def __init__(
        self, sessions: Sessions, today: Callable[[], datetime.date], every_seconds: float = 0.2
    ) -> None:
        self._sessions = sessions
        self._today = today
        self._every = every_seconds
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        turned: datetime.date | None = None
        while not self._stopping.is_set():
            if turned != (day := self._today()):
                await turn_day(self._sessions, day)
                turned = day
            while await refresh_stock(self._sessions) == BATCH:
                pass
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._every)

    async def stop(self) -> None:
        self._stopping.set()
