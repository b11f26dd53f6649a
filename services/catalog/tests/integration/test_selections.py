"""Selections in the database: what a list holds, two who set entries at once, and how much is asked for a page."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from catalog.pricing.quote import Customer, Quoter
from catalog.selections import queries, rows, use_cases
from catalog.selections.domain import NewEntry, Reader, SelectionNotFound
from chassis.db import Sessions
from chassis.errors import EtagMismatch

from .. import factories as a
from ..unit.test_selections import READERS, STAFF, TODAY, VISIBILITY, content

LONG_AGO = datetime.date(2020, 1, 1)


async def create(sessions: Sessions, *variants: a.AVariant, **fields: Any) -> queries.SelectionView:
    entries = [NewEntry(variant.id, "", "") for variant in variants]
    async with sessions.begin() as session:
        return await use_cases.create_selection(session, content(**fields), entries)


async def entries_of(sessions: Sessions, selection_id: UUID) -> list[queries.EntryView]:
    async with sessions() as session:
        return await queries.list_entries(session, selection_id, 0, 3000)


@contextmanager
def counted(engine: AsyncEngine) -> Iterator[list[str]]:
    """The statements that went through SQLAlchemy meanwhile."""
    sent: list[str] = []

    def remember(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        sent.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", remember)
    try:
        yield sent
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", remember)


@pytest.mark.spec("C-30")
async def test_a_list_holds_what_the_rule_says(sessions: Sessions) -> None:
    """The statement and the pure rule agree, for every case of the table and every reader."""
    made = {}
    for name, (selection, _) in VISIBILITY.items():
        async with sessions.begin() as session:
            made[(await use_cases.create_selection(session, selection, [])).id] = name
    for who, reader in READERS.items():
        async with sessions() as session:
            listed = await queries.list_selections(session, reader, TODAY, None, 200)
        wanted = {name for name, (_, seen_by) in VISIBILITY.items() if who in seen_by.split()}
        assert {made[view.id] for view in listed} == wanted, who
        for selection_id, name in made.items():
            async with sessions() as session:
                try:
                    await queries.get_selection(session, selection_id, reader, TODAY)
                    seen = True
                except SelectionNotFound:
                    seen = False
            assert seen is (name in wanted), (who, name)
    async with sessions() as session:
        listed = await queries.list_selections(session, STAFF, TODAY, None, 200)
    assert [view.id for view in listed] == sorted(made, reverse=True)


async def all_wait(session: AsyncSession, count: int) -> None:
    """Until so many transactions of this database wait for a lock."""
    waiting = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    while await session.scalar(waiting) < count:
        await session.execute(sa.text("SELECT pg_stat_clear_snapshot()"))
        await asyncio.sleep(0.01)


@pytest.mark.spec("C-30")
async def test_of_those_who_set_entries_with_the_same_etag_all_but_one_are_told(sessions: Sessions) -> None:
    variants = [await a.a_variant(sessions, price=None) for _ in range(3)]
    made = await create(sessions, variants[0])

    async def replace(number: int) -> int | None:
        wanted = [variants[(number + step) % 3] for step in range(3)]
        async with sessions.begin() as session:
            try:
                entries = [NewEntry(variant.id, "", "") for variant in wanted]
                await use_cases.set_entries(session, made.id, entries, f'"{made.version}"')
            except EtagMismatch:
                return None
        return number

    async with sessions.begin() as holder:  # they all have begun before the first can end
        await holder.execute(sa.text("SELECT 1 FROM selections WHERE id = :id FOR UPDATE"), {"id": made.id})
        racing = [asyncio.ensure_future(replace(number)) for number in range(3)]
        await all_wait(holder, 3)
    outcomes = await asyncio.gather(*racing)
    (winner,) = [number for number in outcomes if number is not None]
    kept = [entry.variant_id for entry in await entries_of(sessions, made.id)]
    assert kept == [variants[(winner + step) % 3].id for step in range(3)]
    async with sessions() as session:
        view = await queries.get_selection(session, made.id, STAFF, TODAY)
        facts = await session.scalar(
            sa.text("SELECT count(*) FROM outbox WHERE subject = 'commis.catalog.v1.selection_changed'")
        )
    assert (view.version, view.entry_count, facts) == (made.version + 1, 3, 2)


@pytest.mark.spec("C-30")
async def test_without_etags_the_last_set_is_there_as_a_whole(sessions: Sessions) -> None:
    variants = [await a.a_variant(sessions, price=None) for _ in range(4)]
    made = await create(sessions)

    async def replace(wanted: list[a.AVariant]) -> None:
        async with sessions.begin() as session:
            entries = [NewEntry(None, variant.sku, "YOUTH_FICTION") for variant in wanted]
            await use_cases.set_entries(session, made.id, entries, "")

    sets = [variants[:3], variants[::-1], variants[1:2], variants[2:] + variants[:1]]
    await asyncio.gather(*(replace(wanted) for wanted in sets * 3))
    kept = await entries_of(sessions, made.id)
    assert [entry.variant_id for entry in kept] in [[variant.id for variant in wanted] for wanted in sets]
    assert [entry.position for entry in kept] == list(range(1, len(kept) + 1))
    async with sessions() as session:
        view = await queries.get_selection(session, made.id, STAFF, TODAY)
    assert (view.version, view.entry_count) == (made.version + 12, len(kept))


@pytest.mark.spec("C-30")
async def test_two_thousand_entries(sessions: Sessions) -> None:
    product = await a.a_variant(sessions, price=None)
    async with sessions.begin() as session:
        await session.execute(
            sa.text(
                "INSERT INTO variants (id, product_id, position, sku, code, options, stock_policy)"
                " SELECT gen_random_uuid(), :product, n, 'N-' || n, 'N' || n, '[]', 'STOCKED'"
                " FROM generate_series(1, 2000) n"
            ),
            {"product": product.product_id},
        )
    made = await create(sessions)
    wanted = [f"N-{number}" for number in range(2000, 0, -1)]
    async with sessions.begin() as session:
        entries = [NewEntry(None, sku, "") for sku in wanted]
        assert (await use_cases.set_entries(session, made.id, entries, "")).entry_count == 2000
    async with sessions() as session:
        known = await session.execute(sa.text("SELECT id, sku FROM variants"))
        skus = {row.id: row.sku for row in known}
    assert [skus[entry.variant_id] for entry in await entries_of(sessions, made.id)] == wanted


@pytest.mark.spec("C-30", "C-31")
async def test_what_a_page_asks_of_the_database(sessions: Sessions, engine: AsyncEngine) -> None:
    """A customer's list is one statement; a page of rows does not ask more for more rows."""
    customer = Customer(UUID(int=7), ("LIBRARY",), region_code="BE", business=True)
    reader = Reader(False, customer.account_id, frozenset(customer.groups))
    for number in range(20):
        await create(sessions, begin="2020-01-01", groups=("LIBRARY", f"G{number}"))
    with counted(engine) as sent:
        async with sessions() as session:
            assert len(await queries.list_selections(session, reader, TODAY, None, 500)) == 20
    assert len(sent) == 1
    variants = [await a.a_variant(sessions, stock=3) for _ in range(8)]
    quoter = Quoter(a.BRUSSELS, "BE")
    asked = []
    for size in (2, 8):
        made = await create(sessions, *variants[:size], to_all=True)
        with counted(engine) as sent:
            async with sessions() as session:
                entries = await queries.list_entries(session, made.id, 0, 50)
                page = await rows.rows_of(session, quoter, customer, made, entries, "")
        assert [row.HasField("price") for row in page] == [True] * size
        asked.append(len(sent))
    assert asked[0] == asked[1]


@pytest.mark.spec("C-30")
async def test_lists_use_indexes(sessions: Sessions) -> None:
    """Among many that are over, those of the day are found without reading the others."""
    async with sessions.begin() as session:
        await session.execute(
            sa.text(
                "INSERT INTO selections (id, valid_from, valid_to, visible_to_all, groups, account_ids)"
                " SELECT gen_random_uuid(), CAST(:day AS date) + n, CAST(:day AS date) + n + 3, n % 2 = 0,"
                " ARRAY['G' || n % 50], ARRAY[gen_random_uuid()] FROM generate_series(1, 20000) n"
            ),
            {"day": LONG_AGO},
        )
        await session.execute(sa.text("ANALYZE selections"))
    given = {"today": TODAY, "groups": ["G7"], "accounts": [UUID(int=3)], "after": None, "size": 51}
    plans = {
        "_VISIBLE": given,
        "_ALL": {"after": None, "size": 51},
        "_BY_ID": {"id": UUID(int=3)},
        "_ENTRIES": {"id": UUID(int=3), "after": 0, "size": 51},
    }
    for name, parameters in plans.items():
        statement = getattr(queries, name)
        async with sessions() as session:
            await session.execute(sa.text("SET LOCAL enable_seqscan = off"))
            found = await session.execute(sa.text(f"EXPLAIN {statement.text}"), parameters)
            plan = "\n".join(found.scalars())
        assert "Seq Scan" not in plan, (name, plan)
        if name == "_VISIBLE":
            assert "ix_selections_validity" in plan, plan
