"""Many writers of the same prices at once: never an overlap, never a deadlock, nothing lost."""

from __future__ import annotations

import asyncio
import datetime
import random
from decimal import Decimal

import pytest
import sqlalchemy as sa

from catalog.pricing.history import NewPrice, PriceOverlap
from catalog.pricing.prices import PriceBook, lock_lists
from chassis.db import Sessions

from .. import factories as a

TODAY = datetime.date(2026, 11, 21)


@pytest.mark.spec("C-11", "C-15")
async def test_writers_at_once_never_overlap(sessions: Sessions) -> None:
    variants = [await a.a_variant(sessions, price=None) for _ in range(4)]
    lists = [await a.a_list(sessions, code) for code in ("A", "B")]
    chance = random.Random(3)

    async def write(number: int) -> int:
        prices = []
        for _ in range(3):
            begin = datetime.date(2026, 1, 1) + datetime.timedelta(days=chance.randrange(600))
            end = None if chance.random() < 0.3 else begin + datetime.timedelta(days=chance.randint(1, 90))
            prices.append((chance.choice(lists), chance.choice(variants), begin, end, Decimal(number)))
        async with sessions.begin() as session:
            locked = await lock_lists(session, [price[0] for price in prices])
            keys = [(locked[list_id].no, variant.no) for list_id, variant, *_ in prices]
            book = await PriceBook.read(session, keys, TODAY)
            for list_id, variant, begin, end, amount in prices:
                try:
                    book.set(NewPrice(locked[list_id].no, variant.no, begin, end, ((1, amount),)))
                except PriceOverlap:
                    continue
            await book.write(session)
        return 1

    assert sum(await asyncio.gather(*(write(number) for number in range(60)))) == 60
    async with sessions() as session:
        overlaps = await session.scalar(
            sa.text("""
            SELECT count(*) FROM prices x JOIN prices y ON x.list_no = y.list_no AND x.variant_no = y.variant_no
                AND x.id < y.id AND daterange(x.valid_from, x.valid_to) && daterange(y.valid_from, y.valid_to)
            WHERE x.supersede_time IS NULL AND y.supersede_time IS NULL
        """)
        )
        kept = await session.scalar(sa.text("SELECT count(*) FROM prices WHERE supersede_time IS NULL"))
    assert overlaps == 0
    assert kept is not None
    assert kept > 8


@pytest.mark.spec("C-11")
async def test_writers_past_the_locks_are_stopped_by_the_database(sessions: Sessions) -> None:
    chair = await a.a_variant(sessions, price=None)
    net = await a.a_list(sessions, "NET")

    async def insert(month: int) -> bool:
        try:
            await a.a_price(sessions, chair, net, [(1, "1")], datetime.date(2026, month, 1))
        except sa.exc.DBAPIError:  # an overlap, or the deadlock of two inserts that found each other
            return False
        return True

    assert sum(await asyncio.gather(*(insert(month) for month in range(1, 11)))) == 1
